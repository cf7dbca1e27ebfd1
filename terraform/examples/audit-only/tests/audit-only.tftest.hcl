# Run by `terraform init && terraform test`: the provider is mocked, nothing is contacted or made.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  functions_folder = "../../tests/fixtures/functions"
  policy_revision  = "0123456789abcdef0123456789abcdef01234567"
  project_id       = "security-project"
  projects         = ["shop-project", "tools-project"]
}

run "deploys_the_audit_and_its_report" {
  assert {
    condition     = keys(output.gcr_warden.service_accounts) == ["audit", "report"]
    error_message = "Something was deployed that cleans, or the audit was not."
  }
  assert {
    condition     = keys(output.gcr_warden.topics) == ["gcr", "notifications", "work", "work-dead-letter"] && length(output.gcr_warden.topics.gcr) == 0
    error_message = "A topic was made that nobody needs."
  }
  assert {
    condition     = keys(output.gcr_warden.dead_letter_subscriptions) == ["work-dead-letter"]
    error_message = "What a project could not be audited for is lost, or there is a subscription that nobody needs."
  }
}
