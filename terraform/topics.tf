locals {
  # Artifact Registry publishes to this name and no other.
  gcr_topics = {
    for project in local.registry_projects :
    project => var.create_gcr_topic ? google_pubsub_topic.gcr[project].id : "projects/${project}/topics/gcr"
  }

  # Those of the service itself. On notifications is one message for each run, and for each finding that is new, came
  # back or was mended: docs/notifications.md.
  own_topics = merge(
    { notifications = "${var.name}-notifications" },
    local.cleans ? { gcr-dead-letter = "gcr-dead-letter" } : {},
    local.cleans || local.audits_by_work ? { for name in ["work", "work-dead-letter"] : name => name } : {},
  )
  topics = { for name, topic in google_pubsub_topic.own : name => topic.id }

  # Those that a push subscription gives up to.
  dead_letter_topics = { for name, topic in local.topics : name => topic if endswith(name, "-dead-letter") }

  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  # 14 days, so that a dead letter outlives a holiday.
  dead_letter_retention = "1209600s"
}

resource "google_pubsub_topic" "own" {
  # checkov:skip=CKV_GCP_83:Encrypted with kms_key where one is given; else with Google's keys.
  for_each     = local.own_topics
  project      = var.project_id
  name         = each.value
  kms_key_name = var.kms_key
  labels       = var.labels

  depends_on = [google_kms_crypto_key_iam_member.agent, google_project_service.this]
}

# What registries tell

resource "google_pubsub_topic" "gcr" {
  # checkov:skip=CKV_GCP_83:Encrypted with kms_key where one is given; else with Google's keys.
  for_each     = var.create_gcr_topic ? local.registry_projects : toset([])
  project      = each.value
  name         = "gcr"
  kms_key_name = var.kms_key
  labels       = var.labels

  depends_on = [google_kms_crypto_key_iam_member.agent, google_project_service.this]
}

resource "google_pubsub_topic_iam_member" "artifact_registry" {
  for_each = local.registry_projects
  project  = each.value
  topic    = local.gcr_topics[each.value]
  role     = "roles/pubsub.publisher"
  member   = "serviceAccount:service-${data.google_project.registry[each.value].number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
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
    dead_letter_topic     = local.topics["gcr-dead-letter"]
    max_delivery_attempts = 20
  }

  # Never: a registry may be quiet for longer than the default of 31 days.
  expiration_policy {
    ttl = ""
  }

  depends_on = [google_cloud_run_v2_service_iam_member.push, google_service_account_iam_member.push_token]
}

# Work for one repository

resource "google_pubsub_subscription" "work" {
  count                      = local.cleans ? 1 : 0
  project                    = var.project_id
  name                       = "${var.name}-work"
  topic                      = local.topics["work"]
  filter                     = "NOT attributes:audit"
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
    dead_letter_topic     = local.topics["work-dead-letter"]
    max_delivery_attempts = 10
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_cloud_run_v2_service_iam_member.push, google_service_account_iam_member.push_token]
}

# Work for the audit of one project

resource "google_pubsub_subscription" "audits" {
  count                      = local.audits_by_work ? 1 : 0
  project                    = var.project_id
  name                       = "${var.name}-audits"
  topic                      = local.topics["work"]
  filter                     = "attributes:audit"
  labels                     = var.labels
  ack_deadline_seconds       = local.functions["audit"].timeout_seconds + 60
  message_retention_duration = "86400s"

  push_config {
    push_endpoint = google_cloudfunctions2_function.this["audit"].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.this["audit"].service_config[0].uri
    }
  }

  # What finds no place in the one instance comes again: with these waits 20 attempts take some two hours.
  retry_policy {
    minimum_backoff = "30s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = local.topics["work-dead-letter"]
    max_delivery_attempts = 20
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_cloud_run_v2_service_iam_member.push, google_service_account_iam_member.push_token]
}

# Dead letters wait here for somebody to look at them; a topic without a subscription would drop them.
resource "google_pubsub_subscription" "dead_letters" {
  for_each                   = local.dead_letter_topics
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

resource "google_pubsub_subscription_iam_member" "dead_letter_reader" {
  for_each = {
    for pair in setproduct(keys(local.dead_letter_topics), distinct(concat(var.dead_letters.readers, var.dead_letters.replayers))) :
    "${pair[0]} ${pair[1]}" => { topic = pair[0], member = pair[1] }
  }
  project      = var.project_id
  subscription = google_pubsub_subscription.dead_letters[each.value.topic].id
  role         = "roles/pubsub.subscriber"
  member       = each.value.member
}

# A message is put back on the topic that it came from, which the command asks the subscription in between.

locals {
  replayed_topics = merge(
    { for project, topic in local.gcr_topics : "gcr ${project}" => { topic = topic, project = project } },
    contains(keys(local.topics), "work") ? { work = { topic = local.topics["work"], project = var.project_id } } : {},
  )
  push_subscriptions = merge(
    { for project, subscription in google_pubsub_subscription.events : "events ${project}" => subscription.id },
    { for subscription in google_pubsub_subscription.work : "work" => subscription.id },
    { for subscription in google_pubsub_subscription.audits : "audits" => subscription.id },
  )
}

resource "google_pubsub_topic_iam_member" "dead_letter_replayer" {
  for_each = {
    for pair in setproduct(keys(local.replayed_topics), var.dead_letters.replayers) :
    "${pair[0]} ${pair[1]}" => { place = local.replayed_topics[pair[0]], member = pair[1] }
  }
  project = each.value.place.project
  topic   = each.value.place.topic
  role    = "roles/pubsub.publisher"
  member  = each.value.member
}

resource "google_pubsub_subscription_iam_member" "dead_letter_replayer" {
  for_each = {
    for pair in setproduct(keys(local.push_subscriptions), var.dead_letters.replayers) :
    "${pair[0]} ${pair[1]}" => { subscription = local.push_subscriptions[pair[0]], member = pair[1] }
  }
  project      = var.project_id
  subscription = each.value.subscription
  role         = "roles/pubsub.viewer"
  member       = each.value.member
}

# Who may publish

resource "google_pubsub_topic_iam_member" "function" {
  for_each = merge([
    for function, topics in local.publishers : {
      for topic in topics : "${function} ${topic}" => { function = function, topic = local.topics[topic] }
    } if contains(keys(local.functions), function)
  ]...)
  project = var.project_id
  topic   = each.value.topic
  role    = "roles/pubsub.publisher"
  member  = google_service_account.function[each.value.function].member
}

locals {
  publishers = {
    audit              = concat(["notifications"], local.audits_by_work ? ["work", "work-dead-letter"] : [])
    clean              = ["notifications", "work", "work-dead-letter"]
    dispatch           = ["work"]
    record-audit-logs  = ["gcr-dead-letter"]
    record-image-event = ["gcr-dead-letter"]
  }
}

# What Pub/Sub's own agent needs to move a message to a dead-letter topic and to sign its calls.

resource "google_pubsub_topic_iam_member" "dead_letter" {
  for_each = local.dead_letter_topics
  project  = var.project_id
  topic    = each.value
  role     = "roles/pubsub.publisher"
  member   = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letter" {
  for_each     = local.push_subscriptions
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
