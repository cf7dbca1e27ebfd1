# The audit reads who may do what, and no content.

resource "google_project_iam_custom_role" "auditor" {
  for_each = local.audit_projects
  project  = each.value
  role_id  = "${local.role_prefix}_auditor"
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

# What is above the projects: grants of folders and of the organisation, and what its constraints come to.

locals {
  audit_organizations = toset(var.audit_organization == null ? [] : [var.audit_organization])
}

resource "google_organization_iam_custom_role" "auditor" {
  for_each = local.audit_organizations
  org_id   = each.value
  role_id  = "${local.role_prefix}_auditor"
  title    = "gcr-warden: reads permissions of folders and of the organisation"
  permissions = [
    "iam.roles.get",
    "resourcemanager.folders.getIamPolicy",
    "resourcemanager.organizations.get",
    "resourcemanager.organizations.getIamPolicy",
  ]
}

resource "google_organization_iam_member" "auditor" {
  for_each = local.audit_organizations
  org_id   = each.value
  role     = google_organization_iam_custom_role.auditor[each.value].id
  member   = google_service_account.function["audit"].member
}

# Google's own role: the reference of the API and IAM's index name its permission differently, and a custom role
# with a name that is none can't be made.
resource "google_organization_iam_member" "constraints" {
  for_each = local.audit_organizations
  org_id   = each.value
  role     = "roles/orgpolicy.policyViewer"
  member   = google_service_account.function["audit"].member
}
