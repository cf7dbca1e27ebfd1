# Who says what runs, and what clean has to be allowed for it. Each role only reads.

locals {
  in_use_places = toset([for source in local.cleans ? var.in_use : [] : split(",", source)[0]])

  # Asked in the project that the functions run in; Cloud Run's is on in any case.
  in_use_apis = toset([
    for kind, api in {
      asset     = "cloudasset.googleapis.com"
      compute   = "compute.googleapis.com"
      functions = "cloudfunctions.googleapis.com"
      gke       = "container.googleapis.com"
    } : api if anytrue([for place in local.in_use_places : startswith(place, "${kind}:")])
  ])

  in_use_buckets = toset([for place in local.in_use_places : split("/", place)[2] if startswith(place, "gs://")])

  in_use_viewers = {
    gke       = "roles/container.viewer"
    run       = "roles/run.viewer"
    compute   = "roles/compute.viewer"
    functions = "roles/cloudfunctions.viewer"
  }

  # A project's id may have a colon itself: example.com:my-project.
  in_use_projects = {
    for place in local.in_use_places : place => {
      project = regex("^[a-z]+:(.+)$", place)[0]
      role    = local.in_use_viewers[split(":", place)[0]]
    } if contains(keys(local.in_use_viewers), split(":", place)[0])
  }

  in_use_assets = {
    for kind in ["organizations", "folders", "projects"] : kind => toset([
      for place in local.in_use_places : trimprefix(place, "asset:${kind}/") if startswith(place, "asset:${kind}/")
    ])
  }
}

resource "google_storage_bucket_iam_member" "in_use" {
  for_each = local.in_use_buckets
  bucket   = each.value
  role     = "roles/storage.objectViewer"
  member   = google_service_account.function["clean"].member
}

resource "google_project_iam_member" "in_use" {
  for_each = local.in_use_projects
  project  = each.value.project
  role     = each.value.role
  member   = google_service_account.function["clean"].member
}

resource "google_organization_iam_member" "in_use" {
  for_each = local.in_use_assets["organizations"]
  org_id   = each.value
  role     = "roles/cloudasset.viewer"
  member   = google_service_account.function["clean"].member
}

resource "google_folder_iam_member" "in_use" {
  for_each = local.in_use_assets["folders"]
  folder   = "folders/${each.value}"
  role     = "roles/cloudasset.viewer"
  member   = google_service_account.function["clean"].member
}

resource "google_project_iam_member" "in_use_assets" {
  for_each = local.in_use_assets["projects"]
  project  = each.value
  role     = "roles/cloudasset.viewer"
  member   = google_service_account.function["clean"].member
}
