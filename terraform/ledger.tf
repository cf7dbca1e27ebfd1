resource "google_firestore_database" "ledger" {
  project                 = var.project_id
  name                    = var.database.name
  location_id             = local.database_location
  type                    = "FIRESTORE_NATIVE"
  delete_protection_state = var.database.delete_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  # Otherwise a destroy only forgets it; with protection on, it is refused.
  deletion_policy = "DELETE"

  dynamic "cmek_config" {
    for_each = local.kms_keys
    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent, google_project_service.this]
}

locals {
  database_location = coalesce(var.database.location, var.region)

  # Collections whose documents expire; docs/ledger.md says which and when.
  expiring_collections = toset([
    "deeds", "events", "manifests", "observations", "pushes", "reservations", "runs", "samples", "ticks",
  ])
}

resource "google_firestore_field" "expiry" {
  for_each   = local.expiring_collections
  project    = var.project_id
  database   = google_firestore_database.ledger.name
  collection = each.value
  field      = "expiresAt"

  ttl_config {}
  # Nothing is looked up by it, and an index over growing times is a hotspot.
  index_config {}
}

locals {
  # Fields that nothing asks for, most of them packed lists; docs/ledger.md says the same.
  unasked_fields = {
    blockages         = ["generation", "items", "name", "parts"]
    blockages-parts   = ["items"]
    decisions         = ["atMs", "generation", "items", "name", "parts", "planId", "policies", "runId"]
    decisions-parts   = ["items"]
    deeds             = ["deeds", "repository", "repositoryName"]
    events            = ["action", "digest", "messageId", "recordedAt", "repository", "tag"]
    findings          = ["atMs", "generation", "hasAccess", "items", "parts", "project"]
    findings-parts    = ["items"]
    holds             = ["hold"]
    intents           = ["intents", "settled", "settlements"]
    leases            = ["fencingToken", "holder", "mark", "repository"]
    listed-manifests  = ["manifests"]
    manifests         = ["manifests"]
    observations      = ["facts", "repository"]
    orders            = ["order"]
    planning          = ["policies"]
    policies          = ["generation", "items", "parts"]
    policies-parts    = ["items"]
    pulls             = ["prefix", "pulls", "repository"]
    pushes            = ["repository", "untilMs"]
    quarantines       = ["generation", "items", "name", "parts", "repository"]
    quarantines-parts = ["items"]
    reservations      = ["max", "reserved"]
    restorations      = ["restoration"]
    runs              = ["run"]
    samples           = ["days", "repository"]
    schedules         = ["lastMs", "policy"]
    ticks             = ["mark"]
    uses              = ["prefix", "repository", "uses"]
  }
}

resource "google_firestore_field" "unasked" {
  for_each = merge([
    for collection, fields in local.unasked_fields : {
      for field in fields : "${collection}.${field}" => { collection = collection, field = field }
    }
  ]...)
  project    = var.project_id
  database   = google_firestore_database.ledger.name
  collection = each.value.collection
  field      = each.value.field

  index_config {}
}

# What registries can't tell is nowhere else: without it nobody knows why an image is gone.
resource "google_firestore_backup_schedule" "ledger" {
  count     = var.database.backup_days > 0 ? 1 : 0
  project   = var.project_id
  database  = google_firestore_database.ledger.name
  retention = "${var.database.backup_days * 86400}s"

  daily_recurrence {}
}

# What Firestore asks for when documents are read and written, and nothing about indexes, backups or rules.

resource "google_project_iam_custom_role" "ledger_reader" {
  project     = var.project_id
  role_id     = "${local.role_prefix}_ledger_reader"
  title       = "gcr-warden: reads the ledger"
  permissions = local.ledger_reads
}

resource "google_project_iam_custom_role" "ledger_writer" {
  project     = var.project_id
  role_id     = "${local.role_prefix}_ledger_writer"
  title       = "gcr-warden: writes the ledger"
  permissions = concat(local.ledger_reads, local.ledger_writes)
}

locals {
  role_prefix = replace(var.name, "-", "_")

  ledger_reads = [
    "datastore.databases.get",
    "datastore.entities.get",
    "datastore.entities.list",
  ]
  ledger_writes = [
    "datastore.entities.allocateIds",
    "datastore.entities.create",
    "datastore.entities.delete",
    "datastore.entities.update",
  ]
  ledger_roles = {
    reader = google_project_iam_custom_role.ledger_reader.id
    writer = google_project_iam_custom_role.ledger_writer.id
  }

  # Who uses the ledger, by function or account.
  ledger_users = merge(
    { for name, function in local.functions : name => { role = function.ledger, member = google_service_account.function[name].member } },
    { for account in google_service_account.restore : "restore" => { role = "writer", member = account.member } },
  )
}

# The ledger, and no other database of the project.
resource "google_project_iam_member" "ledger" {
  for_each = local.ledger_users
  project  = var.project_id
  role     = local.ledger_roles[each.value.role]
  member   = each.value.member

  condition {
    title      = "the ledger of gcr-warden"
    expression = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.ledger.name}\""
  }
}
