resource "google_firestore_database" "ledger" {
  project                 = var.project_id
  name                    = var.database.name
  location_id             = coalesce(var.database.location, var.region)
  type                    = "FIRESTORE_NATIVE"
  delete_protection_state = var.database.delete_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  # Otherwise a destroy only forgets it; with protection on, it is refused.
  deletion_policy = "DELETE"

  depends_on = [google_project_service.this]
}

locals {
  # Collections whose documents expire; docs/ledger.md says which and when.
  expiring_collections = toset(["events", "observations", "reservations", "runs", "samples", "ticks"])
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
