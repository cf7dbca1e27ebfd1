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

# Where something may be deleted: where a policy in mode: enforce may select something. A pattern is read up to its
# first **, which stands for anything; component by component the rest is as the policies mean it. What policies
# exclude is not looked at, so that more is granted than has to be, and never less.

locals {
  enforcing_patterns = distinct(flatten([
    for document in local.policy_documents : [
      for pattern in try(flatten([document.content.repositories]), []) : {
        text     = tostring(pattern)
        has_rest = strcontains(pattern, "**")
        # The last of them is cut short where there is a rest.
        components = [
          for component in split("/", split("**", pattern)[0]) :
          "^${replace(replace(replace(component, ".", "[.]"), "*", "[^/]*"), "?", "[^/]")}"
        ]
      } if can(tostring(pattern)) && !startswith(pattern, "!")
    ] if document.kind == "policy" && try(document.content.mode, "plan") == "enforce"
  ]))

  # A target of a whole project is narrowed to one repository where a pattern names that.
  deletable_places = !var.allow_deletion ? [] : distinct(flatten([
    for index, target in var.targets : [
      for pattern in local.enforcing_patterns : merge(local.target_places[index], {
        repository = local.target_places[index].repository != null ? local.target_places[index].repository : try(
          regex("^/([a-z0-9._-]+)(?:/|$)", startswith(pattern.text, "${target}/") ? trimprefix(pattern.text, target) : "")[0],
          null,
        )
      })
      if(pattern.has_rest || length(pattern.components) >= length(split("/", target))) && alltrue([
        for depth, component in slice(pattern.components, 0, min(length(pattern.components), length(split("/", target)))) : can(regex(
          "${component}${pattern.has_rest && depth == length(pattern.components) - 1 ? "" : "$"}",
          split("/", target)[depth],
        ))
      ])
    ]
  ]))
  deletable_projects = toset([for place in local.deletable_places : place.project])
  deletable_repositories = {
    for place in local.deletable_places :
    "${place.project}/${place.location}/${place.repository}" => place if place.repository != null
  }
  deletable_whole_projects = toset([for place in local.deletable_places : place.project if place.repository == null])
}

# The only permission to delete in this module. The registry asks for it at each delete of a tag or a digest,
# besides the permissions to read that clean has already. And the one with which a tag is put back that was lost.
resource "google_project_iam_custom_role" "deleter" {
  for_each = local.deletable_projects
  project  = each.value
  role_id  = "${local.role_prefix}_deleter"
  title    = "gcr-warden: deletes images and tags"
  permissions = concat(
    ["artifactregistry.repositories.deleteArtifacts"],
    var.mend_lost_tags ? ["artifactregistry.tags.create"] : [],
  )
}

resource "google_artifact_registry_repository_iam_member" "deleter" {
  for_each   = local.deletable_repositories
  project    = each.value.project
  location   = each.value.location
  repository = each.value.repository
  role       = google_project_iam_custom_role.deleter[each.value.project].id
  member     = google_service_account.function["clean"].member
}

resource "google_project_iam_member" "deleter" {
  for_each = local.deletable_whole_projects
  project  = each.value
  role     = google_project_iam_custom_role.deleter[each.value].id
  member   = google_service_account.function["clean"].member
}
