# Accounts for what no function may do. Both are off by default, and people act as them without a key.

# Puts back what runs deleted. It can make tags that are not there and overturn none, and delete nothing.

locals {
  restore_on = length(var.restore.members) > 0
}

resource "google_service_account" "restore" {
  count        = local.restore_on ? 1 : 0
  project      = var.project_id
  account_id   = "${var.name}-restore"
  display_name = "gcr-warden: puts back what was deleted"
}

resource "google_service_account_iam_member" "restore" {
  for_each           = toset(local.restore_on ? var.restore.members : [])
  service_account_id = google_service_account.restore[0].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = each.value
}

resource "google_project_iam_custom_role" "restorer" {
  for_each    = local.restore_on ? local.registry_projects : toset([])
  project     = each.value
  role_id     = "${local.role_prefix}_restorer"
  title       = "gcr-warden: puts images and tags back"
  permissions = ["artifactregistry.repositories.uploadArtifacts", "artifactregistry.tags.create"]
}

resource "google_artifact_registry_repository_iam_member" "restorer" {
  for_each   = local.restore_on ? local.repositories : {}
  project    = each.value.project
  location   = each.value.location
  repository = each.value.repository
  role       = google_project_iam_custom_role.restorer[each.value.project].id
  member     = google_service_account.restore[0].member
}

resource "google_project_iam_member" "restorer" {
  for_each = local.restore_on ? local.whole_projects : toset([])
  project  = each.value
  role     = google_project_iam_custom_role.restorer[each.value].id
  member   = google_service_account.restore[0].member
}

# Reads pull secrets of clusters for `gcr-warden audit --pull-secrets gke:PROJECT`. Kubernetes can't limit the
# reading of secrets to a type, so this account can read all of them.

locals {
  pull_secret_projects = toset(length(var.pull_secrets.members) > 0 ? var.pull_secrets.projects : [])
}

resource "google_service_account" "pull_secrets" {
  count        = length(local.pull_secret_projects) > 0 ? 1 : 0
  project      = var.project_id
  account_id   = "${var.name}-secrets"
  display_name = "gcr-warden: reads pull secrets of clusters"
}

resource "google_service_account_iam_member" "pull_secrets" {
  for_each           = toset(length(local.pull_secret_projects) > 0 ? var.pull_secrets.members : [])
  service_account_id = google_service_account.pull_secrets[0].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = each.value
}

resource "google_project_iam_custom_role" "pull_secrets" {
  for_each = local.pull_secret_projects
  project  = each.value
  role_id  = "${local.role_prefix}_pull_secrets"
  title    = "gcr-warden: reads secrets of clusters and who names them"
  permissions = [
    # For control planes that are reached by their name.
    "container.clusters.connect",
    "container.clusters.list",
    "container.cronJobs.list",
    "container.daemonSets.list",
    "container.deployments.list",
    "container.namespaces.list",
    "container.pods.list",
    "container.secrets.list",
    "container.serviceAccounts.list",
    "container.statefulSets.list",
  ]
}

resource "google_project_iam_member" "pull_secrets" {
  for_each = local.pull_secret_projects
  project  = each.value
  role     = google_project_iam_custom_role.pull_secrets[each.value].id
  member   = google_service_account.pull_secrets[0].member
}
