locals {
  # Artifact Registry publishes to this name and no other.
  gcr_topics = {
    for project in local.registry_projects :
    project => var.create_gcr_topic ? google_pubsub_topic.gcr[project].id : "projects/${project}/topics/gcr"
  }

  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  # 14 days, so that a dead letter outlives a holiday.
  dead_letter_retention = "1209600s"
}

# What registries tell

resource "google_pubsub_topic" "gcr" {
  for_each = var.create_gcr_topic ? local.registry_projects : toset([])
  project  = each.value
  name     = "gcr"
  labels   = var.labels

  depends_on = [google_project_service.this]
}

resource "google_pubsub_topic_iam_member" "artifact_registry" {
  for_each = local.registry_projects
  project  = each.value
  topic    = local.gcr_topics[each.value]
  role     = "roles/pubsub.publisher"
  member   = "serviceAccount:service-${data.google_project.registry[each.value].number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
}

resource "google_pubsub_topic" "gcr_dead_letter" {
  project = var.project_id
  name    = "gcr-dead-letter"
  labels  = var.labels

  depends_on = [google_project_service.this]
}

# Our own push subscriptions: those that Eventarc makes can't have a dead-letter topic.
resource "google_pubsub_subscription" "events" {
  for_each                   = local.registry_projects
  project                    = var.project_id
  name                       = "${var.name}-events-${replace(each.value, ":", ".")}"
  topic                      = local.gcr_topics[each.value]
  labels                     = var.labels
  ack_deadline_seconds       = local.functions["record-image-event"].timeout_seconds + 30
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = google_cloudfunctions2_function.this["record-image-event"].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.this["record-image-event"].service_config[0].uri
    }
  }

  # With these waits 20 attempts take some two hours.
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.gcr_dead_letter.id
    max_delivery_attempts = 20
  }

  # Never: a registry may be quiet for longer than the default of 31 days.
  expiration_policy {
    ttl = ""
  }

  depends_on = [google_cloud_run_v2_service_iam_member.push, google_service_account_iam_member.push_token]
}

# Work for one repository

resource "google_pubsub_topic" "work" {
  project = var.project_id
  name    = "work"
  labels  = var.labels

  depends_on = [google_project_service.this]
}

resource "google_pubsub_topic" "work_dead_letter" {
  project = var.project_id
  name    = "work-dead-letter"
  labels  = var.labels

  depends_on = [google_project_service.this]
}

resource "google_pubsub_subscription" "work" {
  project                    = var.project_id
  name                       = "${var.name}-work"
  topic                      = google_pubsub_topic.work.id
  labels                     = var.labels
  ack_deadline_seconds       = local.functions["clean"].timeout_seconds + 60
  message_retention_duration = "86400s"

  push_config {
    push_endpoint = google_cloudfunctions2_function.this["clean"].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.this["clean"].service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "30s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.work_dead_letter.id
    max_delivery_attempts = 10
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_cloud_run_v2_service_iam_member.push, google_service_account_iam_member.push_token]
}

# Dead letters wait here for somebody to look at them; a topic without a subscription would drop them.
resource "google_pubsub_subscription" "dead_letters" {
  for_each = {
    gcr-dead-letter  = google_pubsub_topic.gcr_dead_letter.id
    work-dead-letter = google_pubsub_topic.work_dead_letter.id
  }
  project                    = var.project_id
  name                       = "${var.name}-${each.key}"
  topic                      = each.value
  labels                     = var.labels
  ack_deadline_seconds       = 60
  message_retention_duration = local.dead_letter_retention

  expiration_policy {
    ttl = ""
  }
}

# Who may publish

resource "google_pubsub_topic_iam_member" "function" {
  for_each = {
    "record-image-event gcr-dead-letter" = google_pubsub_topic.gcr_dead_letter.id
    "record-audit-logs gcr-dead-letter"  = google_pubsub_topic.gcr_dead_letter.id
    "dispatch work"                      = google_pubsub_topic.work.id
    "clean work"                         = google_pubsub_topic.work.id
    "clean work-dead-letter"             = google_pubsub_topic.work_dead_letter.id
    "audit findings"                     = google_pubsub_topic.findings.id
  }
  project = var.project_id
  topic   = each.value
  role    = "roles/pubsub.publisher"
  member  = google_service_account.function[split(" ", each.key)[0]].member
}

# What Pub/Sub's own agent needs to move a message to a dead-letter topic and to sign its calls.

resource "google_pubsub_topic_iam_member" "dead_letter" {
  for_each = {
    gcr-dead-letter  = google_pubsub_topic.gcr_dead_letter.id
    work-dead-letter = google_pubsub_topic.work_dead_letter.id
  }
  project = var.project_id
  topic   = each.value
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letter" {
  for_each = merge(
    { for project, subscription in google_pubsub_subscription.events : "events ${project}" => subscription.id },
    { work = google_pubsub_subscription.work.id },
  )
  project      = var.project_id
  subscription = each.value
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_service_account_iam_member" "push_token" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent

  depends_on = [google_project_service.this]
}

# What the audit tells: one message for each finding that is new, came back or was mended

resource "google_pubsub_topic" "findings" {
  project = var.project_id
  name    = "${var.name}-findings"
  labels  = var.labels

  depends_on = [google_project_service.this]
}
