import type { ProposedFile } from './pipeline.ts';

/** What the root of a deployment has to name. */
export interface TerraformRoot {
  readonly projectId: string;
  readonly region: string;
  readonly targets: readonly string[];
  /** In the form that the variable `in_use` takes. */
  readonly inUse: readonly string[];
  /** Where the module is, as Terraform names it. */
  readonly moduleSource: string;
}

/** A Terraform root that plans only: no account that it makes can delete anything. */
export function terraformRoot(root: TerraformRoot): ProposedFile {
  return {
    path: 'terraform/main.tf',
    text: `# gcr-warden, planning only. Inputs and outputs: the README of the module.
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
  description = "Folder with the zips that \\"npm run bundle\\" of gcr-warden makes."
  type        = string
}

variable "policy_revision" {
  description = "Git commit of the policies: -var policy_revision=\\"$(git rev-parse HEAD)\\"."
  type        = string
}

provider "google" {
  project = ${quoted(root.projectId)}
  region  = ${quoted(root.region)}
}

module "gcr_warden" {
  source = ${quoted(root.moduleSource)}

  functions_folder = var.functions_folder
  in_use           = ${list(root.inUse)}
  policies_folder  = "\${path.module}/../policies"
  policy_revision  = var.policy_revision
  project_id       = ${quoted(root.projectId)}
  region           = ${quoted(root.region)}
  targets          = ${list(root.targets)}
}

output "gcr_warden" {
  description = "What the module made."
  value       = module.gcr_warden
}
`,
  };
}

function list(values: readonly string[]): string {
  return `[${values.map(quoted).join(', ')}]`;
}

/** A text of HCL: JSON's escapes, and `${` and `%{` are none of its own. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('${', '$${').replaceAll('%{', '%%{');
}
