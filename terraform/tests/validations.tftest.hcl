# What each validation refuses.

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

run "refuses_a_host_that_only_looks_like_a_registry" {
  command = plan

  variables {
    targets = ["mirror.gcr.io/shop-project"]
  }

  expect_failures = [var.targets]
}

run "refuses_another_look_alike" {
  command = plan

  variables {
    targets = ["us-docker-pkg.dev/shop-project/services"]
  }

  expect_failures = [var.targets]
}

run "refuses_a_target_with_a_scheme" {
  command = plan

  variables {
    targets = ["https://gcr.io/shop-project"]
  }

  expect_failures = [var.targets]
}

run "refuses_a_host_alone" {
  command = plan

  variables {
    targets = ["gcr.io"]
  }

  expect_failures = [var.targets]
}

run "refuses_a_domain_without_its_project" {
  command = plan

  variables {
    targets = ["gcr.io/example.com"]
  }

  expect_failures = [var.targets]
}

run "refuses_a_target_named_twice" {
  command = plan

  variables {
    targets = ["gcr.io/shop-project", "gcr.io/shop-project"]
  }

  expect_failures = [var.targets]
}

run "refuses_to_do_nothing" {
  command = plan

  variables {
    targets = []
  }

  expect_failures = [var.targets]
}

run "refuses_an_empty_folder_of_policies" {
  command = plan

  variables {
    policies_folder = "./tests/fixtures/functions"
  }

  expect_failures = [var.policies_folder]
}

run "refuses_a_branch_for_a_commit" {
  command = plan

  variables {
    policy_revision = "main"
  }

  expect_failures = [var.policy_revision]
}

run "refuses_a_zone_for_a_region" {
  command = plan

  variables {
    region = "europe-west1-b"
  }

  expect_failures = [var.region]
}

run "refuses_a_project_number" {
  command = plan

  variables {
    project_id = "123456789012"
  }

  expect_failures = [var.project_id]
}

run "refuses_a_name_that_is_too_long" {
  command = plan

  variables {
    name = "gcr-warden-production"
  }

  expect_failures = [var.name]
}

run "refuses_the_default_database" {
  command = plan

  variables {
    database = { name = "(default)" }
  }

  expect_failures = [var.database]
}

run "refuses_a_bucket_for_an_object" {
  command = plan

  variables {
    in_use = ["gke:shop-project", "gs://cluster-facts"]
  }

  expect_failures = [var.in_use]
}

run "refuses_everybody_as_reader_of_reports" {
  command = plan

  variables {
    report = { invokers = ["allUsers"] }
  }

  expect_failures = [var.report]
}

run "refuses_an_unknown_ingress" {
  command = plan

  variables {
    report = { ingress = "ALL" }
  }

  expect_failures = [var.report]
}

run "refuses_a_schedule_in_words" {
  command = plan

  variables {
    schedule = { dispatch = "every 5 minutes" }
  }

  expect_failures = [var.schedule]
}

run "refuses_an_audited_project_that_is_none" {
  command = plan

  variables {
    audit_projects = ["My Project"]
  }

  expect_failures = [var.audit_projects]
}

run "says_how_to_make_zips_that_are_missing" {
  command = plan

  variables {
    functions_folder = "./tests/fixtures/policies"
  }

  expect_failures = [google_storage_bucket_object.source]
}

run "refuses_deletion_without_targets" {
  command = plan

  variables {
    allow_deletion = true
    audit_projects = ["shop-project"]
    targets        = []
  }

  expect_failures = [var.targets]
}

run "refuses_a_log_that_does_not_exist" {
  command = plan
  variables {
    registry_audit_logs = ["DATA"]
  }
  expect_failures = [var.registry_audit_logs]
}

run "refuses_a_log_of_no_registry" {
  command = plan
  variables {
    audit_projects      = ["shop-project"]
    registry_audit_logs = ["DATA_READ"]
    targets             = []
  }
  expect_failures = [var.registry_audit_logs]
}

run "refuses_a_restorer_without_targets" {
  command = plan

  variables {
    audit_projects = ["shop-project"]
    restore        = { members = ["group:sre@example.com"] }
    targets        = []
  }

  expect_failures = [var.restore]
}

run "refuses_a_channel_by_its_name" {
  command = plan

  variables {
    alerts = { channels = ["Platform team"] }
  }

  expect_failures = [var.alerts]
}

run "refuses_a_limit_of_no_deletions" {
  command = plan

  variables {
    alerts = { deletions_per_day = 0 }
  }

  expect_failures = [var.alerts]
}

run "refuses_an_organisation_by_its_domain" {
  command = plan

  variables {
    audit_organization = "example.com"
  }

  expect_failures = [var.audit_organization]
}

run "refuses_backups_that_firestore_does_not_keep" {
  command = plan

  variables {
    database = { backup_days = 99 }
  }

  expect_failures = [var.database]
}

run "refuses_everybody_as_reader_of_dead_letters" {
  command = plan

  variables {
    dead_letters = { readers = ["allUsers"] }
  }

  expect_failures = [var.dead_letters]
}

run "refuses_a_version_of_a_key" {
  command = plan

  variables {
    kms_key = "projects/keys/locations/europe-west1/keyRings/ring/cryptoKeys/warden/cryptoKeyVersions/1"
  }

  expect_failures = [var.kms_key]
}

run "refuses_a_key_in_another_region" {
  command = plan

  variables {
    kms_key = "projects/keys/locations/us-east1/keyRings/ring/cryptoKeys/warden"
  }

  expect_failures = [var.kms_key]
}

run "refuses_a_key_away_from_the_database" {
  command = plan

  variables {
    database = { location = "eur3" }
    kms_key  = "projects/keys/locations/europe-west1/keyRings/ring/cryptoKeys/warden"
  }

  expect_failures = [var.kms_key]
}

run "refuses_secrets_that_nobody_may_read" {
  command = plan

  variables {
    pull_secrets = { projects = ["shop-project"] }
  }

  expect_failures = [var.pull_secrets]
}

run "refuses_secrets_for_everybody" {
  command = plan

  variables {
    pull_secrets = { members = ["allAuthenticatedUsers"], projects = ["shop-project"] }
  }

  expect_failures = [var.pull_secrets]
}

run "refuses_everybody_as_restorer" {
  command = plan

  variables {
    restore = { members = ["allUsers"] }
  }

  expect_failures = [var.restore]
}

run "refuses_two_ways_to_the_network" {
  command = plan

  variables {
    vpc = { connector = "projects/p/locations/l/connectors/c", network = "n" }
  }

  expect_failures = [var.vpc]
}

run "refuses_a_subnetwork_alone" {
  command = plan

  variables {
    vpc = { subnetwork = "s" }
  }

  expect_failures = [var.vpc]
}

run "refuses_an_unknown_egress" {
  command = plan

  variables {
    vpc = { egress = "SOME" }
  }

  expect_failures = [var.vpc]
}

run "refuses_to_log_less_than_alerts_count" {
  command = plan

  variables {
    log_level = "error"
  }

  expect_failures = [var.log_level]
}

run "refuses_a_record_that_is_none" {
  command = plan

  variables {
    policy_record = "./tests/fixtures/policies/untagged.yaml"
  }

  expect_failures = [var.policy_record]
}

run "refuses_files_that_were_changed_since_they_were_checked" {
  command = plan

  variables {
    policy_record = "./tests/fixtures/records/other.json"
  }

  expect_failures = [google_storage_bucket_object.policy]
}

run "warns_of_policies_that_enforce_and_may_not" {
  command = plan

  variables {
    policies_folder = "./examples/organisation/policies"
  }

  expect_failures = [check.enforcing]
}

# What is said of each of them is tested in test/terraform.
run "refuses_broken_policies" {
  command = plan

  variables {
    policies_folder = "./tests/fixtures/broken"
  }

  expect_failures = [google_storage_bucket_object.policy]
}
