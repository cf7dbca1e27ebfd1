output "database" {
  description = "The ledger, as the command line takes it: firestore:PROJECT/DATABASE."
  value       = local.environment.GCR_WARDEN_LEDGER
}

output "dead_letter_subscriptions" {
  description = "Subscriptions in which dead letters wait, by their topic's name."
  value       = { for topic, subscription in google_pubsub_subscription.dead_letters : topic => subscription.id }
}

output "function_uris" {
  description = "Addresses of the functions, by name."
  value       = { for name, function in google_cloudfunctions2_function.this : name => function.service_config[0].uri }
}

output "policies_url" {
  description = "Where the service reads its policies: gs://BUCKET/PREFIX."
  value       = local.policies_url
}

output "service_accounts" {
  description = "E-mail addresses of the functions' service accounts, by function."
  value       = { for name, account in google_service_account.function : name => account.email }
}

output "topics" {
  description = "The topics: gcr of each project by its id, work, the dead-letter topics, and findings, to which the audit writes what changed."
  value = {
    findings         = google_pubsub_topic.findings.id
    gcr              = local.gcr_topics
    gcr_dead_letter  = google_pubsub_topic.gcr_dead_letter.id
    work             = google_pubsub_topic.work.id
    work_dead_letter = google_pubsub_topic.work_dead_letter.id
  }
}
