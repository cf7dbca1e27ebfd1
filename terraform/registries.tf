# What the service may do to the registries that it looks after: read them, and delete only if asked to.

# Google's own role for readers: which of its permissions a registry asks for when a list is read is told nowhere,
# so that a narrower one can't be shown to suffice. None of them changes anything.

locals {
  registry_readers = merge(
    { for name in ["clean", "dispatch"] : name => google_service_account.function[name].member if local.cleans },
    { for account in google_service_account.restore : "restore" => account.member },
  )
}

resource "google_artifact_registry_repository_iam_member" "reader" {
  for_each = {
    for pair in setproduct(keys(local.registry_readers), keys(local.repositories)) :
    "${pair[0]} ${pair[1]}" => { reader = pair[0], place = local.repositories[pair[1]] }
  }
  project    = each.value.place.project
  location   = each.value.place.location
  repository = each.value.place.repository
  role       = "roles/artifactregistry.reader"
  member     = local.registry_readers[each.value.reader]
}

resource "google_project_iam_member" "reader" {
  for_each = {
    for pair in setproduct(keys(local.registry_readers), local.whole_projects) :
    "${pair[0]} ${pair[1]}" => { reader = pair[0], project = pair[1] }
  }
  project = each.value.project
  role    = "roles/artifactregistry.reader"
  member  = local.registry_readers[each.value.reader]
}

# The only permission to delete in this module. The registry asks for it at each delete of a tag or a digest,
# besides the permissions to read that clean has already. And the one with which a tag is put back that was lost.
resource "google_project_iam_custom_role" "deleter" {
  for_each = var.allow_deletion ? local.registry_projects : toset([])
  project  = each.value
  role_id  = "${local.role_prefix}_deleter"
  title    = "gcr-warden: deletes images and tags"
  permissions = concat(
    ["artifactregistry.repositories.deleteArtifacts"],
    var.mend_lost_tags ? ["artifactregistry.tags.create"] : [],
  )
}

resource "google_artifact_registry_repository_iam_member" "deleter" {
  for_each   = var.allow_deletion ? local.repositories : {}
  project    = each.value.project
  location   = each.value.location
  repository = each.value.repository
  role       = google_project_iam_custom_role.deleter[each.value.project].id
  member     = google_service_account.function["clean"].member
}

resource "google_project_iam_member" "deleter" {
  for_each = var.allow_deletion ? local.whole_projects : toset([])
  project  = each.value
  role     = google_project_iam_custom_role.deleter[each.value].id
  member   = google_service_account.function["clean"].member
}
