# One account a function, one for each kind of caller, one that builds. None of them has a key.

resource "google_service_account" "function" {
  for_each     = local.functions
  project      = var.project_id
  account_id   = "${var.name}-${each.key}"
  display_name = "gcr-warden: function ${each.key}"
}

resource "google_service_account" "push" {
  project      = var.project_id
  account_id   = "${var.name}-push"
  display_name = "gcr-warden: Pub/Sub calls functions"
}

resource "google_service_account" "schedule" {
  project      = var.project_id
  account_id   = "${var.name}-schedule"
  display_name = "gcr-warden: Cloud Scheduler calls functions"
}

resource "google_service_account" "build" {
  project      = var.project_id
  account_id   = "${var.name}-build"
  display_name = "gcr-warden: builds the functions"
}

# Without it builds run as the default account, which in many projects is an Editor. It pushes into one
# repository of its own, so that it can't overwrite a tag of anybody's image.
resource "google_artifact_registry_repository_iam_member" "build" {
  project    = google_artifact_registry_repository.functions.project
  location   = google_artifact_registry_repository.functions.location
  repository = google_artifact_registry_repository.functions.repository_id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_project_iam_member" "build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

# Cloud Functions copies the sources into a bucket of its own before it builds them.
resource "google_project_iam_member" "build_sources" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title      = "sources of functions"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-\")"
  }
}

# The audit reads its exceptions there, and which repositories policies look after.
resource "google_storage_bucket_iam_member" "policies" {
  for_each = setintersection(["audit", "clean", "dispatch"], keys(local.functions))
  bucket   = google_storage_bucket.policies.name
  role     = "roles/storage.objectViewer"
  member   = google_service_account.function[each.value].member
}
