# Run by `terraform init && terraform test`: the provider is mocked, nothing is contacted or made.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  functions_folder = "../../tests/fixtures/functions"
  organization     = "987654321098"
  policy_revision  = "0123456789abcdef0123456789abcdef01234567"
  project_id       = "warden-project"
  projects         = { legacy = "legacy-project", shop = "shop-project", tools = "tools-project" }
}

# The mocked provider makes ids of eight letters; the module wants one as Google makes it.
override_resource {
  target = google_monitoring_notification_channel.platform
  values = { id = "projects/warden-project/notificationChannels/123" }
}

run "follows_the_topics_of_all_projects" {
  assert {
    condition     = keys(output.gcr_warden.topics.gcr) == ["legacy-project", "shop-project", "tools-project"]
    error_message = "The pushes of a project are not followed."
  }
  assert {
    condition     = output.gcr_warden.restore_account != null && output.gcr_warden.pull_secrets_account == null
    error_message = "The account that restores is missing, or one that reads secrets is there."
  }
}
