locals {
  # What `gcr-warden policy test` reads stays at home.
  policy_files = toset([
    for file in fileset(var.policies_folder, "**/*.{yaml,yml}") :
    file if !endswith(file, ".test.yaml") && !endswith(file, ".test.yml")
  ])

  # Every set of files has a folder of its own, and the functions are turned to it when it is complete. Files
  # replaced one by one would show, for a while, a delete rule of one set without a keep rule of the other.
  policy_set    = sha256(jsonencode({ for file in local.policy_files : file => filesha256("${var.policies_folder}/${file}") }))
  policy_prefix = "policies/${substr(local.policy_set, 0, 16)}"
}

resource "google_storage_bucket" "policies" {
  project                     = var.project_id
  name                        = "${replace(replace(var.project_id, ":", "-"), ".", "-")}-${var.name}-policies"
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # An earlier policy can be looked up when somebody asks why an image is gone.
  versioning {
    enabled = true
  }

  depends_on = [google_project_service.this]
}

resource "google_storage_bucket_object" "policy" {
  for_each     = local.policy_files
  bucket       = google_storage_bucket.policies.name
  name         = "${local.policy_prefix}/${each.value}"
  source       = "${var.policies_folder}/${each.value}"
  content_type = "application/yaml"
  metadata     = { git-revision = var.policy_revision }
  # The folder of an earlier set stays: a run that has begun reads it to its end, and it explains old deletions.
  deletion_policy = "ABANDON"
}
