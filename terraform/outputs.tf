output "dashboard" {
  description = "The dashboard, projects/NUMBER/dashboards/ID; null where alerts.dashboard is false."
  value       = one(google_monitoring_dashboard.this[*].id)
}

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

output "pull_secrets_account" {
  description = "E-mail address of the account that reads pull secrets of clusters; null without pull_secrets."
  value       = one(google_service_account.pull_secrets[*].email)
}

output "restore_account" {
  description = "E-mail address of the account that restores; null without restore.members."
  value       = one(google_service_account.restore[*].email)
}

output "service_accounts" {
  description = "E-mail addresses of the functions' service accounts, by function."
  value       = { for name, account in google_service_account.function : name => account.email }
}

output "topics" {
  description = "The topics by name: notifications, on which each run and each change of a finding is told, work, and the dead-letter topics; gcr of each project by its id."
  value       = merge(local.topics, { gcr = local.gcr_topics })
}
