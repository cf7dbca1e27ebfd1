# From what people write, HOST/PROJECT[/REPO], to what IAM and Pub/Sub ask for.

locals {
  gcr_locations = {
    "gcr.io"      = "us"
    "us.gcr.io"   = "us"
    "eu.gcr.io"   = "europe"
    "asia.gcr.io" = "asia"
  }

  target_parts = [
    for target in var.targets :
    # A first component with a dot is a domain, and the project has two components.
    regex("^(?P<host>[^/]+)/(?P<project>[^/]*[.][^/]*/[^/]+|[^/]+)(?:/(?P<repository>[^/]+))?", target)
  ]

  target_places = [
    for parts in local.target_parts : {
      project = replace(parts.project, "/", ":")
      location = lookup(
        local.gcr_locations, parts.host,
        trimsuffix(trimsuffix(trimprefix(parts.host, "docker."), ".rep.pkg.dev"), "-docker.pkg.dev"),
      )
      # On the gcr.io hosts the repository is named as the host; what follows the project is an image.
      repository = contains(keys(local.gcr_locations), parts.host) ? parts.host : parts.repository
    }
  ]

  registry_projects = toset([for place in local.target_places : place.project])

  # A target with a repository is granted there, one without in its project.
  repositories = {
    for place in distinct(local.target_places) :
    "${place.project}/${place.location}/${place.repository}" => place if place.repository != null
  }
  whole_projects = toset([for place in local.target_places : place.project if place.repository == null])

  audit_projects = toset(var.audit_projects == null ? local.registry_projects : var.audit_projects)
}

data "google_project" "this" {
  project_id = var.project_id
}

data "google_project" "registry" {
  for_each   = local.registry_projects
  project_id = each.value
}
