# What was pulled, from the audit log. The log itself is turned on by whoever owns the project's IAM policy, or here
# where that is asked for.

locals {
  records_pulls = var.record_pulls && local.cleans
  pull_projects = local.records_pulls ? local.registry_projects : toset([])
}

# Replaces what the project's policy says of this service, exemptions among it, and nothing that is said above the
# project or of all services.
resource "google_project_iam_audit_config" "registry" {
  for_each = length(var.registry_audit_logs) > 0 ? local.registry_projects : toset([])
  project  = each.value
  service  = "artifactregistry.googleapis.com"

  dynamic "audit_log_config" {
    for_each = toset(var.registry_audit_logs)
    content {
      log_type = audit_log_config.value
    }
  }
}

resource "google_pubsub_topic" "audit_log" {
  # checkov:skip=CKV_GCP_83:Encrypted with kms_key where one is given; else with Google's keys.
  count        = local.records_pulls ? 1 : 0
  project      = var.project_id
  name         = "${var.name}-audit-log"
  kms_key_name = var.kms_key
  labels       = var.labels

  depends_on = [google_kms_crypto_key_iam_member.agent, google_project_service.this]
}

resource "google_logging_project_sink" "pulls" {
  for_each               = local.pull_projects
  project                = each.value
  name                   = "${var.name}-pulls"
  description            = "gcr-warden: reads of manifests, for the last pull of an image; and writes, for who made them."
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.audit_log[0].id}"
  unique_writer_identity = true

  filter = <<-EOT
    log_id("cloudaudit.googleapis.com/data_access")
    protoPayload.serviceName="artifactregistry.googleapis.com"
    protoPayload.methodName=("Docker-GetManifest" OR "Docker-HeadManifest" OR "Docker-PutManifest" OR "Docker-DeleteManifest" OR "Docker-DeleteTag")
  EOT
}

resource "google_pubsub_topic_iam_member" "sink" {
  for_each = local.pull_projects
  project  = var.project_id
  topic    = google_pubsub_topic.audit_log[0].id
  role     = "roles/pubsub.publisher"
  member   = google_logging_project_sink.pulls[each.value].writer_identity
}

# Without a dead-letter policy: what can't be written down for a while has to wait here. What can't be read is
# published to the dead-letter topic by the function.
resource "google_pubsub_subscription" "audit_log" {
  count                = local.records_pulls ? 1 : 0
  project              = var.project_id
  name                 = "${var.name}-audit-log"
  topic                = google_pubsub_topic.audit_log[0].id
  labels               = var.labels
  ack_deadline_seconds = 120
  # As long as the function may stand still before pulls count as not recorded.
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_subscription_iam_member" "audit_log" {
  count        = local.records_pulls ? 1 : 0
  project      = var.project_id
  subscription = google_pubsub_subscription.audit_log[0].id
  role         = "roles/pubsub.subscriber"
  member       = google_service_account.function["record-audit-logs"].member
}

# Pulls from a repository that everybody may read are not logged; clean has to know which those are.
resource "google_project_iam_custom_role" "policy_reader" {
  for_each    = local.pull_projects
  project     = each.value
  role_id     = "${local.role_prefix}_policy_reader"
  title       = "gcr-warden: reads who may pull"
  permissions = ["artifactregistry.repositories.getIamPolicy", "resourcemanager.projects.getIamPolicy"]
}

resource "google_project_iam_member" "policy_reader" {
  for_each = local.pull_projects
  project  = each.value
  role     = google_project_iam_custom_role.policy_reader[each.value].id
  member   = google_service_account.function["clean"].member
}
