locals {
  # Without targets there is nothing to clean: then only the audit runs, and the report of what it found.
  cleans    = length(var.targets) > 0
  functions = { for name, function in local.all_functions : name => function if local.cleans || contains(["audit", "report"], name) }

  # One project is audited by the scheduler's own request.
  audits_by_work = length(local.audit_projects) > 1

  # Timeouts of what Pub/Sub calls stay below the acknowledgement deadline of the subscription.
  all_functions = {
    record-image-event = {
      timeout_seconds = 60
      memory          = "512Mi"
      concurrency     = 40
      max_instances   = 20
      ledger          = "writer"
      ingress         = "ALLOW_INTERNAL_ONLY"
      environment     = { GCR_WARDEN_DEAD_LETTER_TOPIC = lookup(local.topics, "gcr-dead-letter", "") }
    }
    record-audit-logs = {
      timeout_seconds = 300
      memory          = "512Mi"
      concurrency     = 1
      max_instances   = 1
      ledger          = "writer"
      ingress         = "ALLOW_INTERNAL_ONLY"
      environment = {
        GCR_WARDEN_AUDIT_LOG_SUBSCRIPTIONS = join(",", google_pubsub_subscription.audit_log[*].id)
        GCR_WARDEN_DEAD_LETTER_TOPIC       = lookup(local.topics, "gcr-dead-letter", "")
      }
    }
    dispatch = {
      timeout_seconds = 300
      memory          = "512Mi"
      concurrency     = 1
      max_instances   = 2
      ledger          = "writer"
      ingress         = "ALLOW_INTERNAL_ONLY"
      environment = {
        GCR_WARDEN_POLICIES            = local.policies_url
        GCR_WARDEN_REQUESTS_PER_MINUTE = local.requests_per_minute
        GCR_WARDEN_WORK_TOPIC          = lookup(local.topics, "work", "")
      }
    }
    clean = {
      timeout_seconds = 540
      memory          = "1Gi"
      concurrency     = 1
      max_instances   = 20
      ledger          = "writer"
      ingress         = "ALLOW_INTERNAL_ONLY"
      environment = {
        GCR_WARDEN_CROSS_CHECK         = tostring(var.cross_check)
        GCR_WARDEN_DEAD_LETTER_TOPIC   = lookup(local.topics, "work-dead-letter", "")
        GCR_WARDEN_DELETES_PER_MINUTE  = local.deletes_per_minute
        GCR_WARDEN_IN_USE              = join("\n", var.in_use)
        GCR_WARDEN_NOTIFICATION_TOPIC  = local.topics["notifications"]
        GCR_WARDEN_POLICIES            = local.policies_url
        GCR_WARDEN_READ_PUSHED         = tostring(var.read_pushed)
        GCR_WARDEN_REQUESTS_PER_MINUTE = local.requests_per_minute
        GCR_WARDEN_WORK_TOPIC          = lookup(local.topics, "work", "")
      }
    }
    audit = {
      # One project after the other by one request, or each by a message of its own. Several at once share an
      # instance, which is the only one: it keeps to a half of what IAM may be asked.
      timeout_seconds = local.audits_by_work ? 540 : 1740
      memory          = local.audits_by_work ? "1Gi" : "512Mi"
      concurrency     = local.audits_by_work ? 4 : 1
      max_instances   = 1
      ledger          = "writer"
      ingress         = "ALLOW_INTERNAL_ONLY"
      environment = merge(
        {
          GCR_WARDEN_NOTIFICATION_TOPIC = local.topics["notifications"]
          GCR_WARDEN_POLICIES           = local.policies_url
        },
        local.audits_by_work ? {
          GCR_WARDEN_DEAD_LETTER_TOPIC = local.topics["work-dead-letter"]
          GCR_WARDEN_WORK_TOPIC        = local.topics["work"]
        } : {},
      )
    }
    report = {
      timeout_seconds = 60
      memory          = "512Mi"
      concurrency     = 20
      max_instances   = 2
      ledger          = "reader"
      ingress         = var.report.ingress
      environment     = {}
    }
  }

  environment = {
    GCR_WARDEN_AUDIT_PROJECTS = join(",", sort(local.audit_projects))
    GCR_WARDEN_LEDGER         = "firestore:${var.project_id}/${google_firestore_database.ledger.name}"
    GCR_WARDEN_LOG            = var.log_level
    GCR_WARDEN_OWN_ACCOUNTS   = join(",", sort([for account in google_service_account.function : account.email]))
    GCR_WARDEN_TARGETS        = join(",", var.targets)
  }

  # Of each instance: half of what Artifact Registry allows a project and region in a minute (60,000 requests and
  # 18,000 deletes), over 22 instances of clean and dispatch, and 20 of clean.
  requests_per_minute = tostring(floor(60000 / 2 / 22))
  deletes_per_minute  = tostring(floor(18000 / 2 / 20))

  direct_egress = {
    ALL_TRAFFIC         = "VPC_EGRESS_ALL_TRAFFIC"
    PRIVATE_RANGES_ONLY = "VPC_EGRESS_PRIVATE_RANGES_ONLY"
  }

  policies_url     = "gs://${google_storage_bucket.policies.name}/${local.policy_prefix}"
  functions_folder = coalesce(var.functions_folder, "${path.module}/../dist/functions")
}

resource "google_storage_bucket" "sources" {
  # checkov:skip=CKV_GCP_62:Who reads the zips of a public program is of no interest; the audit log can tell all the same.
  # checkov:skip=CKV_GCP_78:The zips can be made again from the repository, and each has its hash in its name.
  project                     = var.project_id
  name                        = "${replace(replace(var.project_id, ":", "-"), ".", "-")}-${var.name}-sources"
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # The zips can be made again from the repository.
  force_destroy = true

  dynamic "encryption" {
    for_each = local.kms_keys
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent, google_project_service.this]
}

resource "google_storage_bucket_object" "source" {
  for_each = local.functions
  bucket   = google_storage_bucket.sources.name
  # A new name for new content makes the function be built again, and only then.
  name   = "${each.key}-${filesha256("${local.functions_folder}/${each.key}.zip")}.zip"
  source = "${local.functions_folder}/${each.key}.zip"

  lifecycle {
    precondition {
      condition     = fileexists("${local.functions_folder}/${each.key}.zip")
      error_message = "${local.functions_folder}/${each.key}.zip is missing: run \"npm ci && npm run bundle\" in the repository of gcr-warden, or name the folder of the zips as functions_folder."
    }
  }
}

resource "google_artifact_registry_repository" "functions" {
  # checkov:skip=CKV_GCP_84:Encrypted with kms_key where one is given; else with Google's keys.
  project       = var.project_id
  location      = var.region
  repository_id = "${var.name}-functions"
  description   = "Images of the functions of gcr-warden, made by their builds."
  format        = "DOCKER"
  kms_key_name  = var.kms_key
  labels        = var.labels

  depends_on = [google_kms_crypto_key_iam_member.agent, google_project_service.this]
}

resource "google_cloudfunctions2_function" "this" {
  # checkov:skip=CKV_GCP_124:Internal for all but report, and for report too unless report.ingress asks for more; IAM is asked in any case.
  for_each     = local.functions
  project      = var.project_id
  location     = var.region
  name         = "${var.name}-${each.key}"
  description  = "gcr-warden: ${each.key}"
  kms_key_name = var.kms_key
  labels       = var.labels

  build_config {
    runtime           = "nodejs24"
    entry_point       = each.key
    service_account   = google_service_account.build.id
    docker_repository = google_artifact_registry_repository.functions.id

    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.source[each.key].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.function[each.key].email
    ingress_settings                 = each.value.ingress
    timeout_seconds                  = each.value.timeout_seconds
    available_memory                 = each.value.memory
    available_cpu                    = "1"
    max_instance_count               = each.value.max_instances
    max_instance_request_concurrency = each.value.concurrency
    all_traffic_on_latest_revision   = true
    environment_variables            = merge(local.environment, each.value.environment)
    vpc_connector                    = var.vpc.connector
    vpc_connector_egress_settings    = var.vpc.connector == null ? null : var.vpc.egress
    direct_vpc_egress                = var.vpc.network == null ? null : local.direct_egress[var.vpc.egress]

    dynamic "direct_vpc_network_interface" {
      for_each = var.vpc.network == null ? [] : [var.vpc]
      content {
        network    = direct_vpc_network_interface.value.network
        subnetwork = direct_vpc_network_interface.value.subnetwork
      }
    }
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.build,
    google_project_iam_member.build_logs,
    google_project_iam_member.build_sources,
    google_project_service.this,
    google_storage_bucket_object.policy,
  ]
}

# A function of the second generation is a Cloud Run service of the same name.
resource "google_cloud_run_v2_service_iam_member" "push" {
  for_each = setintersection(concat(["clean", "record-image-event"], local.audits_by_work ? ["audit"] : []), keys(local.functions))
  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.this[each.value].name
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}

resource "google_cloud_run_v2_service_iam_member" "schedule" {
  for_each = toset(keys(local.ticks))
  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.this[each.value].name
  role     = "roles/run.invoker"
  member   = google_service_account.schedule.member
}

resource "google_cloud_run_v2_service_iam_member" "report" {
  for_each = toset(var.report.invokers)
  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.this["report"].name
  role     = "roles/run.invoker"
  member   = each.value
}
