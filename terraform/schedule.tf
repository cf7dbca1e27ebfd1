locals {
  ticks = merge(
    { audit = { cron = var.schedule.audit, description = "Audits keys and permissions." } },
    local.cleans ? {
      dispatch = { cron = var.schedule.dispatch, description = "Looks for policies that are due." }
    } : {},
    local.records_pulls ? {
      record-audit-logs = { cron = var.schedule.record_audit_logs, description = "Reads what was pulled." }
    } : {},
  )
}

resource "google_cloud_scheduler_job" "tick" {
  for_each    = local.ticks
  project     = var.project_id
  region      = var.region
  name        = "${var.name}-${each.key}"
  description = "gcr-warden: ${each.value.description}"
  schedule    = each.value.cron
  time_zone   = var.schedule.time_zone
  # A little longer than the function may take.
  attempt_deadline = "${local.functions[each.key].timeout_seconds + 30}s"

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.this[each.key].service_config[0].uri
    headers     = { Content-Type = "application/json" }
    body        = base64encode("{}")

    oidc_token {
      service_account_email = google_service_account.schedule.email
      audience              = google_cloudfunctions2_function.this[each.key].service_config[0].uri
    }
  }

  # A tick that is missed is caught up by the next one.
  retry_config {
    retry_count = 1
  }

  depends_on = [google_cloud_run_v2_service_iam_member.schedule]
}
