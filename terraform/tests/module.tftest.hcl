# Run by `terraform init && terraform test`: the provider is mocked, nothing is contacted or made.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  functions_folder = "./tests/fixtures/functions"
  policies_folder  = "./tests/fixtures/policies"
  policy_revision  = "0123456789abcdef0123456789abcdef01234567"
  project_id       = "warden-project"
  region           = "europe-west1"
  targets          = ["europe-docker.pkg.dev/shop-project/services"]
}

run "can_not_delete_by_default" {
  assert {
    condition     = length(google_project_iam_custom_role.deleter) == 0
    error_message = "A role that may delete was made."
  }
  assert {
    condition     = length(google_artifact_registry_repository_iam_member.deleter) + length(google_project_iam_member.deleter) == 0
    error_message = "A role that may delete was granted."
  }
  assert {
    condition     = toset([for member in google_artifact_registry_repository_iam_member.reader : member.role]) == toset(["roles/artifactregistry.reader"])
    error_message = "The registry is not just read."
  }
  assert {
    condition     = keys(google_artifact_registry_repository_iam_member.reader) == ["clean shop-project/europe/services", "dispatch shop-project/europe/services"]
    error_message = "Others than clean and dispatch read the registry, or elsewhere."
  }
}

run "records_no_pulls_by_default" {
  assert {
    condition     = length(google_logging_project_sink.pulls) + length(google_pubsub_subscription.audit_log) + length(google_project_iam_member.policy_reader) == 0
    error_message = "Something of the audit log was made that nobody asked for."
  }
  assert {
    condition     = keys(google_cloud_scheduler_job.tick) == ["audit", "dispatch"]
    error_message = "The audit log is read on a schedule though there is none to read."
  }
}

run "leaves_the_audit_log_as_it_is_by_default" {
  variables {
    record_pulls = true
  }

  assert {
    condition     = length(google_project_iam_audit_config.registry) == 0
    error_message = "What a project logs would be replaced, unasked."
  }
}

run "turns_the_audit_log_on_where_asked_to" {
  variables {
    record_pulls        = true
    registry_audit_logs = ["DATA_WRITE", "DATA_READ"]
    targets             = ["europe-docker.pkg.dev/shop-project/services", "us-docker.pkg.dev/other-project"]
  }

  assert {
    condition     = keys(google_project_iam_audit_config.registry) == ["other-project", "shop-project"]
    error_message = "Each project with a registry needs its log."
  }
  assert {
    condition = alltrue([
      for config in google_project_iam_audit_config.registry :
      config.service == "artifactregistry.googleapis.com" && [for log in config.audit_log_config : log.log_type] == ["DATA_READ", "DATA_WRITE"]
    ])
    error_message = "Something else is logged."
  }
}

run "records_pulls_of_every_project_where_asked_to" {
  variables {
    record_pulls = true
    targets      = ["europe-docker.pkg.dev/shop-project/services", "us-docker.pkg.dev/other-project"]
  }

  assert {
    condition     = keys(google_logging_project_sink.pulls) == ["other-project", "shop-project"] && keys(google_pubsub_topic_iam_member.sink) == ["other-project", "shop-project"]
    error_message = "Each project needs a sink that may publish."
  }
  assert {
    condition     = keys(google_cloud_scheduler_job.tick) == ["audit", "dispatch", "record-audit-logs"]
    error_message = "Nobody reads the audit log."
  }
  assert {
    condition     = google_pubsub_subscription_iam_member.audit_log[0].member == google_service_account.function["record-audit-logs"].member
    error_message = "Another account than that of record-audit-logs reads the audit log."
  }
}

run "can_not_delete_while_every_policy_only_plans" {
  variables {
    allow_deletion = true
  }

  assert {
    condition     = length(google_project_iam_custom_role.deleter) == 0
    error_message = "A role that may delete was made, and no policy enforces."
  }
  assert {
    condition     = length(google_artifact_registry_repository_iam_member.deleter) + length(google_project_iam_member.deleter) == 0
    error_message = "A role that may delete was granted, and no policy enforces."
  }
}

run "can_not_delete_where_policies_enforce_and_nobody_allowed_it" {
  variables {
    policies_folder = "./tests/fixtures/enforcing"
  }

  # Which policies that are is said, as a warning.
  expect_failures = [check.enforcing]

  assert {
    condition     = length(google_project_iam_custom_role.deleter) + length(google_artifact_registry_repository_iam_member.deleter) == 0
    error_message = "A role that may delete was made or granted."
  }
}

run "lets_clean_delete_only_where_a_policy_enforces" {
  variables {
    allow_deletion  = true
    policies_folder = "./tests/fixtures/enforcing"
    targets = [
      "asia-docker.pkg.dev/narrow-project",
      "asia-docker.pkg.dev/planned-project/services",
      "eu.gcr.io/old-project",
      "europe-docker.pkg.dev/shop-project/services",
      "europe-docker.pkg.dev/shop-project/tools",
      "gcr.io/example.com/scoped-project",
      "gcr.io/example.com/other-project",
      "us-docker.pkg.dev/shop-project/services/api",
      "us-docker.pkg.dev/whole-project",
      "us-west1-docker.pkg.dev/single-project/images",
      "us-west2-docker.pkg.dev/single-project/images",
    ]
  }

  assert {
    condition = keys(google_artifact_registry_repository_iam_member.deleter) == [
      "example.com:scoped-project/us/gcr.io",
      "narrow-project/asia/images",
      "old-project/europe/eu.gcr.io",
      "shop-project/europe/services",
      "shop-project/us/services",
      "single-project/us-west1/images",
    ]
    error_message = "It may delete elsewhere: ${join(" ", keys(google_artifact_registry_repository_iam_member.deleter))}"
  }
  assert {
    condition     = keys(google_project_iam_member.deleter) == ["whole-project"]
    error_message = "Only a target without a repository, of which a policy names none, may be granted in its project."
  }
  assert {
    condition     = keys(google_project_iam_custom_role.deleter) == ["example.com:scoped-project", "narrow-project", "old-project", "shop-project", "single-project", "whole-project"]
    error_message = "A project has the role in which nothing is deleted, or the other way round."
  }
}

run "lets_only_clean_delete_and_only_there" {
  variables {
    allow_deletion  = true
    policies_folder = "./tests/fixtures/everywhere"
    targets         = ["europe-docker.pkg.dev/shop-project/services", "gcr.io/old-project", "us-docker.pkg.dev/other-project"]
  }

  assert {
    condition     = alltrue([for role in google_project_iam_custom_role.deleter : role.permissions == toset(["artifactregistry.repositories.deleteArtifacts", "artifactregistry.tags.create"])])
    error_message = "The role holds other permissions than the one to delete and the one to put a tag back."
  }
  assert {
    condition     = keys(google_artifact_registry_repository_iam_member.deleter) == ["old-project/us/gcr.io", "shop-project/europe/services"]
    error_message = "A target with a repository has to be granted there and nowhere else."
  }
  assert {
    condition     = keys(google_project_iam_member.deleter) == ["other-project"]
    error_message = "Only a target without a repository may be granted in its project."
  }
  assert {
    condition = alltrue([
      for member in concat(values(google_artifact_registry_repository_iam_member.deleter), values(google_project_iam_member.deleter)) :
      member.member == google_service_account.function["clean"].member
    ])
    error_message = "Another account than that of clean may delete."
  }
}

run "makes_no_tags_where_lost_ones_are_only_told" {
  variables {
    allow_deletion  = true
    mend_lost_tags  = false
    policies_folder = "./tests/fixtures/everywhere"
  }

  assert {
    condition     = [for role in google_project_iam_custom_role.deleter : role.permissions] == [toset(["artifactregistry.repositories.deleteArtifacts"])]
    error_message = "The role holds other permissions than the one to delete."
  }
}

run "reads_every_way_to_write_a_target" {
  variables {
    targets = [
      "asia.gcr.io/a-project",
      "docker.europe-west4.rep.pkg.dev/b-project/images",
      "eu.gcr.io/c-project/app",
      "gcr.io/example.com/d-project",
      "us-docker.pkg.dev/e-project/services/api",
      "us-east1-docker.pkg.dev/example.com/f-project/services",
      "us.gcr.io/c-project",
    ]
  }

  assert {
    condition = keys(local.repositories) == [
      "a-project/asia/asia.gcr.io",
      "b-project/europe-west4/images",
      "c-project/europe/eu.gcr.io",
      "c-project/us/us.gcr.io",
      "e-project/us/services",
      "example.com:d-project/us/gcr.io",
      "example.com:f-project/us-east1/services",
    ]
    error_message = "A target was read as another repository: ${join(" ", keys(local.repositories))}"
  }
  assert {
    condition     = length(local.whole_projects) == 0
    error_message = "A target with a repository was granted in its whole project."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["dispatch"].service_config[0].environment_variables["GCR_WARDEN_TARGETS"] == join(",", var.targets)
    error_message = "The functions are told other targets than those named."
  }
}

run "follows_the_topic_of_each_project" {
  variables {
    targets = ["europe-docker.pkg.dev/shop-project/services", "gcr.io/example.com/d-project"]
  }

  assert {
    condition     = [for topic in google_pubsub_topic.gcr : "${topic.project}/${topic.name}"] == ["example.com:d-project/gcr", "shop-project/gcr"]
    error_message = "Each project of a target needs its topic gcr."
  }
  assert {
    condition     = [for subscription in google_pubsub_subscription.events : subscription.name] == ["gcr-warden-events-example.com.d-project", "gcr-warden-events-shop-project"]
    error_message = "Each topic gcr needs a subscription."
  }
  assert {
    condition     = alltrue([for subscription in concat(values(google_pubsub_subscription.events), google_pubsub_subscription.work) : length(subscription.dead_letter_policy) == 1 && length(subscription.retry_policy) == 1 && length(subscription.push_config[0].oidc_token) == 1])
    error_message = "A push subscription has no dead-letter topic, no retry policy or no identity."
  }
  assert {
    condition     = length(google_pubsub_subscription_iam_member.dead_letter) == 4
    error_message = "Pub/Sub's agent can't take messages from each push subscription."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.artifact_registry["shop-project"].member == "serviceAccount:service-123456789012@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    error_message = "Artifact Registry may not publish."
  }
}

run "adopts_topics" {
  variables {
    create_gcr_topic = false
  }

  assert {
    condition     = length(google_pubsub_topic.gcr) == 0 && google_pubsub_subscription.events["shop-project"].topic == "projects/shop-project/topics/gcr"
    error_message = "The topic that is there has to be taken."
  }
}

run "gives_a_message_longer_than_its_function" {
  assert {
    condition     = google_pubsub_subscription.events["shop-project"].ack_deadline_seconds > google_cloudfunctions2_function.this["record-image-event"].service_config[0].timeout_seconds
    error_message = "An event would be delivered again while it is being recorded."
  }
  assert {
    condition     = google_pubsub_subscription.work[0].ack_deadline_seconds > google_cloudfunctions2_function.this["clean"].service_config[0].timeout_seconds && google_pubsub_subscription.work[0].ack_deadline_seconds <= 600
    error_message = "Work would be delivered again while it is being done, or the deadline is over Pub/Sub's limit."
  }
}

run "is_called_by_its_own_callers_only" {
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"])
    error_message = "A function can be reached from outside."
  }
  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.push) == ["clean", "record-image-event"] && keys(google_cloud_run_v2_service_iam_member.schedule) == ["audit", "dispatch"] && length(google_cloud_run_v2_service_iam_member.report) == 0
    error_message = "A function has a caller that it should not have."
  }
  assert {
    condition     = [for function in google_cloudfunctions2_function.this : function.build_config[0].entry_point] == keys(google_cloudfunctions2_function.this)
    error_message = "A function's entry point has another name."
  }
}

run "uploads_policies_with_their_revision" {
  assert {
    condition     = [for object in google_storage_bucket_object.policy : trimprefix(object.name, "${local.policy_prefix}/")] == ["team/release.yml", "untagged.yaml"]
    error_message = "Not all policy files, or others, are uploaded."
  }
  assert {
    condition     = alltrue([for object in google_storage_bucket_object.policy : object.metadata["git-revision"] == var.policy_revision])
    error_message = "A policy file doesn't say where it comes from."
  }
  assert {
    condition     = output.policies_url == "gs://warden-project-gcr-warden-policies/${local.policy_prefix}" && google_cloudfunctions2_function.this["clean"].service_config[0].environment_variables["GCR_WARDEN_POLICIES"] == output.policies_url
    error_message = "The functions read policies elsewhere."
  }
}

run "puts_another_set_of_policies_into_another_folder" {
  variables {
    policies_folder = "./tests/fixtures/policies/team"
  }

  assert {
    condition     = output.policies_url != run.uploads_policies_with_their_revision.policies_url
    error_message = "The files of two sets of policies would be mixed while they are replaced."
  }
}

run "keeps_the_folder_for_a_commit_that_changes_no_policy" {
  variables {
    policy_revision = "fedcba98-dirty"
  }

  assert {
    condition     = output.policies_url == run.uploads_policies_with_their_revision.policies_url
    error_message = "The functions would be deployed again for nothing."
  }
}

run "takes_files_that_were_checked_as_they_are" {
  variables {
    policy_record = "./tests/fixtures/records/policies.json"
  }

  assert {
    condition     = length(local.unchecked_files) == 0
    error_message = "A file that was checked is refused."
  }
}

run "protects_the_ledger" {
  assert {
    condition     = google_firestore_database.ledger.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.ledger.location_id == "europe-west1"
    error_message = "The ledger can be destroyed, or lies elsewhere."
  }
  assert {
    condition     = alltrue([for member in google_project_iam_member.ledger : member.condition[0].expression == "resource.name == \"projects/warden-project/databases/gcr-warden\""])
    error_message = "An account may use other databases of the project."
  }
}

run "tells_what_the_audit_finds" {
  assert {
    condition     = google_cloudfunctions2_function.this["audit"].service_config[0].environment_variables["GCR_WARDEN_NOTIFICATION_TOPIC"] == output.topics.notifications
    error_message = "audit isn't told where to write."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.function["audit notifications"].member == google_service_account.function["audit"].member && google_pubsub_topic_iam_member.function["audit notifications"].topic == output.topics.notifications
    error_message = "audit may not write what it found."
  }
}

run "audits_alone_without_targets" {
  variables {
    audit_projects = ["shop-project"]
    targets        = []
  }

  assert {
    condition     = keys(google_cloudfunctions2_function.this) == ["audit", "report"] && keys(google_cloud_scheduler_job.tick) == ["audit"]
    error_message = "Functions were made that nobody calls, or the audit is not called."
  }
  assert {
    condition     = keys(google_pubsub_topic.own) == ["notifications"] && length(google_pubsub_topic.gcr) + length(google_pubsub_subscription.events) + length(google_pubsub_subscription.work) == 0
    error_message = "A topic or a subscription was made that nobody needs."
  }
  assert {
    condition     = length(google_artifact_registry_repository_iam_member.reader) + length(google_project_iam_member.reader) == 0
    error_message = "A registry can be read."
  }
  assert {
    condition     = keys(google_monitoring_alert_policy.log) == ["key_overdue"] && length(google_monitoring_alert_policy.deletions) + length(google_monitoring_alert_policy.dead_letters) == 0
    error_message = "There are alerts on functions that are not there."
  }
}

run "hands_projects_over_to_the_audit_one_by_one" {
  variables {
    audit_projects = ["shop-project", "tools-project"]
    targets        = []
  }

  assert {
    condition     = keys(google_pubsub_topic.own) == ["notifications", "work", "work-dead-letter"] && length(google_pubsub_subscription.work) == 0
    error_message = "There is no topic for the audit's work, or one that nobody needs."
  }
  assert {
    condition     = google_pubsub_subscription.audits[0].filter == "attributes:audit" && length(google_pubsub_subscription.audits[0].dead_letter_policy) == 1 && length(google_pubsub_subscription.audits[0].push_config[0].oidc_token) == 1
    error_message = "The audit's work is not pushed, or not only that."
  }
  assert {
    condition     = google_pubsub_subscription.audits[0].ack_deadline_seconds > google_cloudfunctions2_function.this["audit"].service_config[0].timeout_seconds && google_pubsub_subscription.audits[0].ack_deadline_seconds <= 600
    error_message = "A project would be audited again while it is being audited, or the deadline is over Pub/Sub's limit."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["audit"].service_config[0].environment_variables["GCR_WARDEN_WORK_TOPIC"] == output.topics.work && google_cloudfunctions2_function.this["audit"].service_config[0].max_instance_count == 1
    error_message = "The audit is not told where to hand its projects over, or asks for more than its share."
  }
  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.push) == ["audit"] && google_pubsub_topic_iam_member.function["audit work"].member == google_service_account.function["audit"].member
    error_message = "The audit may not be called, or may not hand over."
  }
  assert {
    condition     = keys(google_pubsub_subscription_iam_member.dead_letter) == ["audits"] && length(google_monitoring_alert_policy.dead_letters) == 1
    error_message = "What the audit can't work on is lost, or nobody is told."
  }
}

run "keeps_work_on_repositories_and_audits_apart" {
  variables {
    audit_projects = ["shop-project", "tools-project"]
  }

  assert {
    condition     = google_pubsub_subscription.work[0].filter == "NOT attributes:audit" && google_pubsub_subscription.audits[0].topic == google_pubsub_subscription.work[0].topic
    error_message = "Work goes to a function that can't do it."
  }
}

run "reads_above_the_projects_only_where_asked_to" {
  assert {
    condition     = length(google_organization_iam_custom_role.auditor) + length(google_organization_iam_member.auditor) + length(google_organization_iam_member.constraints) == 0
    error_message = "The audit may read the organisation though nobody asked."
  }
}

run "reads_the_organisation_where_asked_to" {
  variables {
    audit_organization = "987654321098"
  }

  assert {
    condition     = google_organization_iam_member.auditor["987654321098"].member == google_service_account.function["audit"].member
    error_message = "The audit can't read the organisation."
  }
  assert {
    condition     = alltrue([for permission in google_organization_iam_custom_role.auditor["987654321098"].permissions : can(regex("[.]get(IamPolicy)?$", permission))])
    error_message = "More is granted than reading."
  }
}

run "has_no_account_beside_those_of_the_functions_by_default" {
  assert {
    condition     = length(google_service_account.restore) + length(google_service_account.pull_secrets) == 0
    error_message = "An account that restores or reads secrets was made unasked."
  }
}

run "restores_with_an_account_of_its_own" {
  variables {
    restore = { members = ["group:sre@example.com"] }
    targets = ["europe-docker.pkg.dev/shop-project/services", "us-docker.pkg.dev/other-project"]
  }

  assert {
    condition     = alltrue([for role in google_project_iam_custom_role.restorer : role.permissions == toset(["artifactregistry.repositories.uploadArtifacts", "artifactregistry.tags.create"])])
    error_message = "The account that restores may do more than put back."
  }
  assert {
    condition     = keys(google_artifact_registry_repository_iam_member.restorer) == ["shop-project/europe/services"] && keys(google_project_iam_member.restorer) == ["other-project"]
    error_message = "The account that restores may write elsewhere, or not where it has to."
  }
  assert {
    condition     = google_service_account_iam_member.restore["group:sre@example.com"].role == "roles/iam.serviceAccountTokenCreator"
    error_message = "Nobody may act as the account that restores."
  }
  assert {
    condition     = contains(keys(google_project_iam_member.ledger), "restore") && contains(keys(google_artifact_registry_repository_iam_member.reader), "restore shop-project/europe/services")
    error_message = "The account that restores can't read the registry or write the ledger."
  }
  assert {
    condition     = alltrue([for account in google_service_account.function : account.member != google_service_account.restore[0].member])
    error_message = "A function runs as the account that restores."
  }
}

run "reads_secrets_of_clusters_with_an_account_of_its_own" {
  variables {
    pull_secrets = { members = ["group:security@example.com"], projects = ["shop-project"] }
  }

  assert {
    condition     = keys(google_project_iam_member.pull_secrets) == ["shop-project"] && google_project_iam_member.pull_secrets["shop-project"].member == google_service_account.pull_secrets[0].member
    error_message = "Secrets are read with another account, or elsewhere."
  }
  assert {
    condition     = alltrue([for permission in google_project_iam_custom_role.pull_secrets["shop-project"].permissions : can(regex("[.](list|connect)$", permission))])
    error_message = "The account may change something."
  }
}

run "encrypts_everything_with_a_key_of_your_own" {
  variables {
    kms_key = "projects/keys/locations/europe-west1/keyRings/ring/cryptoKeys/warden"
  }

  assert {
    condition = alltrue(concat(
      [for topic in concat(values(google_pubsub_topic.own), values(google_pubsub_topic.gcr)) : topic.kms_key_name == var.kms_key],
      [for function in google_cloudfunctions2_function.this : function.kms_key_name == var.kms_key],
      [for bucket in [google_storage_bucket.policies, google_storage_bucket.sources] : bucket.encryption[0].default_kms_key_name == var.kms_key],
      [google_firestore_database.ledger.cmek_config[0].kms_key_name == var.kms_key],
      [google_artifact_registry_repository.functions.kms_key_name == var.kms_key],
    ))
    error_message = "Something is encrypted with another key."
  }
  assert {
    condition     = keys(google_kms_crypto_key_iam_member.agent) == ["artifact-registry", "firestore", "functions", "pubsub", "pubsub shop-project", "run", "storage"]
    error_message = "An agent can't use the key."
  }
  assert {
    condition     = contains(keys(google_project_service.this), "cloudkms.googleapis.com")
    error_message = "The API of the key is not on."
  }
}

run "reaches_the_network_through_a_connector" {
  variables {
    vpc = { connector = "projects/p/locations/europe-west1/connectors/c", egress = "ALL_TRAFFIC" }
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].vpc_connector == var.vpc.connector && function.service_config[0].vpc_connector_egress_settings == "ALL_TRAFFIC"])
    error_message = "A function goes another way."
  }
}

run "reaches_the_network_directly" {
  variables {
    vpc = { network = "shared", subnetwork = "functions" }
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].direct_vpc_network_interface[0].subnetwork == "functions" && function.service_config[0].direct_vpc_egress == "VPC_EGRESS_PRIVATE_RANGES_ONLY"])
    error_message = "A function goes another way."
  }
}

run "alerts_whoever_is_named" {
  variables {
    alerts       = { channels = ["projects/warden-project/notificationChannels/1"], deletions_per_day = 50 }
    dead_letters = { readers = ["group:engineers@example.com"], replayers = ["group:platform@example.com"] }
  }

  assert {
    condition = alltrue([
      for policy in concat(values(google_monitoring_alert_policy.log), google_monitoring_alert_policy.deletions, google_monitoring_alert_policy.dead_letters, google_monitoring_alert_policy.silent) :
      policy.notification_channels == tolist(["projects/warden-project/notificationChannels/1"])
    ])
    error_message = "An alert reaches nobody."
  }
  assert {
    condition     = endswith(google_monitoring_alert_policy.deletions[0].conditions[0].condition_prometheus_query_language[0].query, "> 50")
    error_message = "The limit is another."
  }
  assert {
    condition     = keys(google_pubsub_subscription_iam_member.dead_letter_reader) == ["gcr-dead-letter group:engineers@example.com", "gcr-dead-letter group:platform@example.com", "work-dead-letter group:engineers@example.com", "work-dead-letter group:platform@example.com"]
    error_message = "Dead letters can't be read."
  }
  assert {
    condition     = keys(google_pubsub_topic_iam_member.dead_letter_replayer) == ["gcr shop-project group:platform@example.com", "work group:platform@example.com"] && keys(google_pubsub_subscription_iam_member.dead_letter_replayer) == ["events shop-project group:platform@example.com", "work group:platform@example.com"]
    error_message = "Dead letters can't be put back, or by others."
  }
  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.this[0].dashboard_json).mosaicLayout.tiles) == 12
    error_message = "The dashboard has other charts."
  }
}

run "makes_no_alerts_and_no_dashboard_where_they_are_off" {
  variables {
    alerts = { dashboard = false, enabled = false }
  }

  assert {
    condition     = length(google_monitoring_alert_policy.log) + length(google_monitoring_alert_policy.deletions) + length(google_monitoring_alert_policy.dead_letters) + length(google_monitoring_alert_policy.silent) + length(google_monitoring_dashboard.this) == 0
    error_message = "An alert or the dashboard was made all the same."
  }
}

run "backs_the_ledger_up" {
  assert {
    condition     = google_firestore_backup_schedule.ledger[0].retention == "604800s"
    error_message = "The ledger is not backed up, or for another time."
  }
}

run "tells_of_runs_on_the_same_topic" {
  assert {
    condition     = google_cloudfunctions2_function.this["clean"].service_config[0].environment_variables["GCR_WARDEN_NOTIFICATION_TOPIC"] == output.topics.notifications && google_pubsub_topic_iam_member.function["clean notifications"].topic == output.topics.notifications
    error_message = "clean isn't told where to write, or may not."
  }
}

run "compares_listings_where_it_is_told" {
  variables {
    cross_check = true
  }

  assert {
    condition     = google_cloudfunctions2_function.this["clean"].service_config[0].environment_variables["GCR_WARDEN_CROSS_CHECK"] == "true"
    error_message = "clean compares no listing with the API."
  }
}

run "reads_what_is_in_use_where_it_is_told" {
  variables {
    in_use = [
      "gs://cluster-facts/in-use/pods.json,max-age=6h",
      "gke:shop-project",
      "run:example.com:web-project",
      "functions:shop-project",
      "asset:folders/301,max-age=2h",
    ]
  }

  assert {
    condition     = keys(google_storage_bucket_iam_member.in_use) == ["cluster-facts"]
    error_message = "clean can't read the bucket."
  }
  assert {
    condition     = google_project_iam_member.in_use["gke:shop-project"].role == "roles/container.viewer" && google_project_iam_member.in_use["gke:shop-project"].project == "shop-project"
    error_message = "clean can't read the clusters."
  }
  assert {
    condition     = google_project_iam_member.in_use["run:example.com:web-project"].project == "example.com:web-project"
    error_message = "clean can't read Cloud Run of a domain's project."
  }
  assert {
    condition     = google_project_iam_member.in_use["functions:shop-project"].role == "roles/cloudfunctions.viewer"
    error_message = "clean can't read which functions there are."
  }
  assert {
    condition     = google_folder_iam_member.in_use["301"].role == "roles/cloudasset.viewer" && length(google_organization_iam_member.in_use) == 0
    error_message = "clean can't read the folder's assets, or may read more."
  }
  assert {
    condition     = split("\n", google_cloudfunctions2_function.this["clean"].service_config[0].environment_variables["GCR_WARDEN_IN_USE"]) == tolist(["gs://cluster-facts/in-use/pods.json,max-age=6h", "gke:shop-project", "run:example.com:web-project", "functions:shop-project", "asset:folders/301,max-age=2h"])
    error_message = "clean isn't told where to read, one source a line."
  }
  assert {
    condition     = contains(keys(google_project_service.this), "container.googleapis.com") && !contains(keys(google_project_service.this), "compute.googleapis.com")
    error_message = "The APIs of the sources are not on, or others are."
  }
}

run "audits_the_projects_named" {
  variables {
    audit_projects = ["b-project", "a-project"]
  }

  assert {
    condition     = keys(google_project_iam_member.auditor) == ["a-project", "b-project"] && google_cloudfunctions2_function.this["audit"].service_config[0].environment_variables["GCR_WARDEN_AUDIT_PROJECTS"] == "a-project,b-project"
    error_message = "Other projects are audited than those named."
  }
}

run "leaves_half_of_the_quota_to_others" {
  assert {
    condition = alltrue([
      sum([for name in ["clean", "dispatch"] : google_cloudfunctions2_function.this[name].service_config[0].max_instance_count * tonumber(google_cloudfunctions2_function.this[name].service_config[0].environment_variables["GCR_WARDEN_REQUESTS_PER_MINUTE"])]) <= 30000,
      google_cloudfunctions2_function.this["clean"].service_config[0].max_instance_count * tonumber(google_cloudfunctions2_function.this["clean"].service_config[0].environment_variables["GCR_WARDEN_DELETES_PER_MINUTE"]) <= 9000,
    ])
    error_message = "All instances together may ask for more than half of the quota."
  }
}
