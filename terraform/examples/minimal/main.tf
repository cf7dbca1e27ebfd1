# One project, one repository, planning only.

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

variable "policy_revision" {
  description = "Git commit of the policies, for example from: terraform apply -var policy_revision=\"$(git rev-parse HEAD)\"."
  type        = string
}

variable "project_id" {
  description = "Project that holds the repository and runs the service."
  type        = string
}

provider "google" {
  project = var.project_id
  region  = "europe-west1"
}

module "gcr_warden" {
  source = "../.."

  functions_folder = var.functions_folder
  policies_folder  = "${path.module}/policies"
  policy_revision  = var.policy_revision
  project_id       = var.project_id
  region           = "europe-west1"
  targets          = ["europe-docker.pkg.dev/${var.project_id}/services"]
}

output "gcr_warden" {
  description = "What the module made."
  value       = module.gcr_warden
}
