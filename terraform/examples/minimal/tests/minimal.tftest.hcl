# Run by `terraform init && terraform test`: the provider is mocked, nothing is contacted or made.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  functions_folder = "../../tests/fixtures/functions"
  policy_revision  = "0123456789abcdef0123456789abcdef01234567"
  project_id       = "my-project"
}

run "deploys_what_cleans_and_can_delete_nothing" {
  assert {
    condition     = keys(output.gcr_warden.service_accounts) == ["audit", "clean", "dispatch", "record-audit-logs", "record-image-event", "report"]
    error_message = "A function is missing, or has no account."
  }
  assert {
    condition     = keys(output.gcr_warden.topics.gcr) == ["my-project"] && contains(keys(output.gcr_warden.topics), "work")
    error_message = "A topic is missing."
  }
  assert {
    condition     = output.gcr_warden.restore_account == null && output.gcr_warden.pull_secrets_account == null
    error_message = "An account was made that nobody asked for."
  }
}
