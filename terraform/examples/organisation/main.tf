# One warden for the registries of several projects: it deletes in what it looks after, records pulls, asks what
# runs, and audits the projects with what is above them.

terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 8.0"
    }
  }
}

variable "functions_folder" {
  description = "Folder with the zips of the functions. null: dist/functions of the repository that the module lies in."
  type        = string
  default     = null
}

variable "organization" {
  description = "Number of the organisation."
  type        = string
}

variable "policy_revision" {
  description = "Git commit of the policies, for example from: terraform apply -var policy_revision=\"$(git rev-parse HEAD)\"."
  type        = string
}

variable "project_id" {
  description = "Project that runs the service. It holds no registry itself."
  type        = string
}

variable "projects" {
  description = "Projects with registries, by what they are for."
  type        = object({ legacy = string, shop = string, tools = string })
}

provider "google" {
  project = var.project_id
  region  = "europe-west1"
}

resource "google_monitoring_notification_channel" "platform" {
  display_name = "Platform team"
  type         = "email"
  labels       = { email_address = "platform@example.com" }
}

module "gcr_warden" {
  source = "../.."

  functions_folder = var.functions_folder
  policies_folder  = "${path.module}/policies"
  policy_revision  = var.policy_revision
  project_id       = var.project_id
  region           = "europe-west1"

  targets = [
    # All repositories of a location.
    "europe-docker.pkg.dev/${var.projects.shop}",
    # Some repositories, and nothing else of the project.
    "europe-west1-docker.pkg.dev/${var.projects.tools}/images",
    "us-docker.pkg.dev/${var.projects.tools}/images",
    # A host of Container Registry, which Artifact Registry serves.
    "eu.gcr.io/${var.projects.legacy}",
  ]

  # Lets policies in `mode: enforce` delete. Begin without it.
  allow_deletion = true

  in_use = [
    "gke:${var.projects.shop}",
    "run:${var.projects.tools}",
    "asset:organizations/${var.organization},max-age=2h",
  ]
  record_pulls = true

  audit_organization = var.organization
  audit_projects     = concat(values(var.projects), [var.project_id])

  alerts       = { channels = [google_monitoring_notification_channel.platform.id], deletions_per_day = 20000 }
  dead_letters = { readers = ["group:engineers@example.com"], replayers = ["group:platform@example.com"] }
  report       = { invokers = ["group:engineers@example.com"] }
  restore      = { members = ["group:sre@example.com"] }
}

output "gcr_warden" {
  description = "What the module made."
  value       = module.gcr_warden
}
