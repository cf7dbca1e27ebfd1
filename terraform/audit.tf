# The audit reads who may do what, and no content.

resource "google_project_iam_custom_role" "auditor" {
  for_each = local.audit_projects
  project  = each.value
  role_id  = "${replace(var.name, "-", "_")}_auditor"
  title    = "gcr-warden: reads keys and permissions"
  permissions = [
    "artifactregistry.locations.list",
    "artifactregistry.projectsettings.get",
    "artifactregistry.repositories.getIamPolicy",
    "artifactregistry.repositories.list",
    "container.clusters.list",
    "iam.roles.get",
    "iam.serviceAccountKeys.list",
    "iam.serviceAccounts.getIamPolicy",
    "iam.serviceAccounts.list",
    "monitoring.timeSeries.list",
    "pubsub.topics.getIamPolicy",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "storage.buckets.list",
  ]
}

resource "google_project_iam_member" "auditor" {
  for_each = local.audit_projects
  project  = each.value
  role     = google_project_iam_custom_role.auditor[each.value].id
  member   = google_service_account.function["audit"].member
}

# When each key was last used.
resource "google_project_iam_member" "activity" {
  for_each = local.audit_projects
  project  = each.value
  role     = "roles/policyanalyzer.activityAnalysisViewer"
  member   = google_service_account.function["audit"].member
}
