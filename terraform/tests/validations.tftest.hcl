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

run "refuses_no_target" {
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
