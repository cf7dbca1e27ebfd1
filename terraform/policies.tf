locals {
  # What `gcr-warden policy test` reads stays at home.
  policy_files = toset([
    for file in fileset(var.policies_folder, "**/*.{yaml,yml}") :
    file if !endswith(file, ".test.yaml") && !endswith(file, ".test.yml")
  ])

  # Every set of files has a folder of its own, and the functions are turned to it when it is complete. Files
  # replaced one by one would show, for a while, a delete rule of one set without a keep rule of the other.
  policy_set    = sha256(jsonencode({ for file in local.policy_files : file => filesha256("${var.policies_folder}/${file}") }))
  policy_prefix = "policies/${substr(local.policy_set, 0, 16)}"
}

# What Terraform can see of a policy, so that a broken file ends the plan and the files of before stay in force:
# whether it is YAML, and whether its keys and its mode are those of the schema. `gcr-warden policy check` sees all.

locals {
  policy_schema   = jsondecode(file("${path.module}/../policies/schema.json"))
  defaults_schema = jsondecode(file("${path.module}/../policies/defaults-schema.json"))
  rule_schemas    = { keep = local.policy_schema["$defs"].keepRule, delete = local.policy_schema["$defs"].deleteRule }

  # A file may hold several documents, and yamldecode takes one: a line that begins with --- parts them.
  policy_documents = flatten([
    for file in local.policy_files : [
      for text in split("\u001e", replace(file("${var.policies_folder}/${file}"), "/(?m)^---([ \t\r]|$)/", "\u001e$1")) : {
        file = file
        kind = endswith(trimsuffix(trimsuffix(file, ".yaml"), ".yml"), "_exceptions") ? "exceptions" : (
          endswith(trimsuffix(trimsuffix(file, ".yaml"), ".yml"), "_defaults") ? "defaults" : "policy"
        )
        is_yaml = can(yamldecode(text))
        # A number where a document can't be read, which has no keys.
        content = try(yamldecode(text), 0)
      } if length(regexall("(?m)^[ \t]*[^# \t\r\n]", text)) > 0
    ]
  ])

  policy_problems = concat(
    [for document in local.policy_documents : "${document.file} is no YAML." if !document.is_yaml],
    [
      for document in local.policy_documents : "${document.file} is no policy: it has no keys."
      if document.is_yaml && document.kind == "policy" && !can(keys(document.content))
    ],
    flatten([
      for document in local.policy_documents : [
        for key in try(keys(document.content), []) : "${document.file}: there is no key \"${key}\" in a policy."
        if !contains(keys(local.policy_schema.properties), key)
      ] if document.kind == "policy"
    ]),
    flatten([
      for document in local.policy_documents : [
        for key in try(keys(document.content), []) : "${document.file}: there is no key \"${key}\" in defaults."
        if !contains(keys(local.defaults_schema.properties), key)
      ] if document.kind == "defaults"
    ]),
    flatten([
      for document in local.policy_documents : [
        for key in local.policy_schema.required : "${document.file}: \"${key}\" is missing."
        if !contains(keys(document.content), key)
      ] if document.kind == "policy" && can(keys(document.content))
    ]),
    [
      for document in local.policy_documents : "${document.file}: apiVersion has to be ${local.policy_schema.properties.apiVersion.const}."
      if try(document.content.apiVersion, local.policy_schema.properties.apiVersion.const) != local.policy_schema.properties.apiVersion.const
    ],
    [
      for document in local.policy_documents : "${document.file}: mode has to be ${join(" or ", local.policy_schema.properties.mode.enum)}."
      if document.kind == "policy" && !contains(local.policy_schema.properties.mode.enum, try(tostring(document.content.mode), "plan"))
    ],
    flatten([
      for document in local.policy_documents : [
        for list, schema in local.rule_schemas : [
          for rule in try(document.content[list], []) : [
            for name, conditions in try({ for name, conditions in rule : name => conditions }, {}) : [
              for key in try(keys(conditions), []) : "${document.file}: there is no condition \"${key}\" in a ${list} rule (${name})."
              if !contains(keys(schema.properties), key)
            ]
          ]
        ]
      ] if document.kind == "policy"
    ]),
    [
      for name, files in { for document in local.policy_documents : try(tostring(document.content.policy), "") => document.file... if document.kind == "policy" } :
      "${join(" and ", files)} name the same policy \"${name}\"." if length(files) > 1 && name != ""
    ],
  )
}

locals {
  policy_hashes = { for file in local.policy_files : file => "sha256:${filesha256("${var.policies_folder}/${file}")}" }
  # Files that were not checked as they are, where a record says which were.
  unchecked_files = var.policy_record == null ? [] : [
    for file, hash in local.policy_hashes : file
    if try(jsondecode(file(var.policy_record)).files[file], "") != hash
  ]
}

locals {
  enforcing_policies = [
    for document in local.policy_documents : tostring(document.content.policy)
    if document.kind == "policy" && try(document.content.mode, "plan") == "enforce" && can(tostring(document.content.policy))
  ]
}

# A warning and no refusal: whoever begins with planning may have policies that are ready.
check "enforcing" {
  assert {
    condition     = var.allow_deletion || length(local.enforcing_policies) == 0
    error_message = "In mode: enforce, and without effect while allow_deletion is false: ${join(", ", local.enforcing_policies)}."
  }
}

resource "google_storage_bucket" "policies" {
  # checkov:skip=CKV_GCP_62:Changes come from git and stand in the audit log; reads are those of the functions.
  project                     = var.project_id
  name                        = "${replace(replace(var.project_id, ":", "-"), ".", "-")}-${var.name}-policies"
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # An earlier policy can be looked up when somebody asks why an image is gone.
  versioning {
    enabled = true
  }

  dynamic "encryption" {
    for_each = local.kms_keys
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent, google_project_service.this]
}

resource "google_storage_bucket_object" "policy" {
  for_each     = local.policy_files
  bucket       = google_storage_bucket.policies.name
  name         = "${local.policy_prefix}/${each.value}"
  source       = "${var.policies_folder}/${each.value}"
  content_type = "application/yaml"
  metadata     = { git-revision = var.policy_revision }
  # The folder of an earlier set stays: a run that has begun reads it to its end, and it explains old deletions.
  deletion_policy = "ABANDON"

  lifecycle {
    precondition {
      condition     = length(local.policy_problems) == 0
      error_message = "The policies are broken, and those that are deployed stay: ${join(" ", local.policy_problems)} \"gcr-warden policy check\" shows line and column, and what Terraform can't see."
    }

    precondition {
      condition     = length(local.unchecked_files) == 0
      error_message = "Not checked as they are: ${join(", ", local.unchecked_files)}. Run \"gcr-warden policy check --record ${coalesce(var.policy_record, "FILE")} ${var.policies_folder}\" and plan again; what is deployed stays."
    }
  }
}
