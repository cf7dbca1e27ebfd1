# What the functions log, counted; and who is told when. docs/operations.md has a section for each alert.

locals {
  # Counters, by what they count: the function that writes the entry, and which entry.
  log_metrics = {
    key_overdue = {
      function    = "audit"
      description = "Audits that found a service-account key older than it may be."
      filter      = "jsonPayload.message=\"audit finished\" AND jsonPayload.overdueKeys>0"
    }
    limit_refused = {
      function    = "clean"
      description = "Repositories left alone because more would go than a limit allows."
      filter      = "jsonPayload.message=\"repository cleaned\" AND jsonPayload.refusalCode=~\"^LIMIT_\""
    }
    listing_incomplete = {
      function    = "clean"
      description = "Repositories left alone because their listing could not be shown to be whole."
      filter      = "jsonPayload.message=\"repository cleaned\" AND jsonPayload.refusalCode=\"LISTING_INCOMPLETE\""
    }
    policy_broken = {
      function    = "dispatch"
      description = "Policies with an error, each time they are read."
      filter      = "jsonPayload.message=\"policy stopped\""
    }
    run_unfinished = {
      function    = "clean"
      description = "Runs that failed, or that were killed and could not be finished by the next."
      filter      = "jsonPayload.message=(\"run of a repository failed\" OR \"an interrupted run could not be closed yet\" OR \"an interrupted run has steps whose outcome is not known yet\")"
    }
  }

  # Alerts on these counters: more than none within a time as long as their entries are apart.
  log_alerts = {
    key_overdue        = { title = "a service-account key is overdue", within = "86400s", severity = "WARNING" }
    limit_refused      = { title = "a run would have gone over a limit", within = "3600s", severity = "WARNING" }
    listing_incomplete = { title = "a listing is incomplete", within = "3600s", severity = "WARNING" }
    policy_broken      = { title = "a policy has an error", within = "3600s", severity = "ERROR" }
    run_unfinished     = { title = "a run is unfinished", within = "3600s", severity = "ERROR" }
  }

  deployed_metrics = { for name, metric in local.log_metrics : name => metric if contains(keys(local.functions), metric.function) }

  runbook = "https://github.com/gcr-warden/gcr-warden/blob/main/docs/operations.md"

  # As PromQL writes the name of a metric of Cloud Logging.
  promql_prefix = "logging_googleapis_com:user_${local.role_prefix}"
}

resource "google_logging_metric" "counter" {
  for_each    = local.deployed_metrics
  project     = var.project_id
  name        = "${var.name}-${replace(each.key, "_", "-")}"
  description = each.value.description
  filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-${each.value.function}\" AND ${each.value.filter}"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_logging_metric" "deletions" {
  count           = local.cleans ? 1 : 0
  project         = var.project_id
  name            = "${var.name}-deletions"
  description     = "Tags and digests deleted, as the summary of each repository's run counts them."
  filter          = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-clean\" AND jsonPayload.message=\"repository cleaned\" AND jsonPayload.outcomes.deleted>0"
  value_extractor = "EXTRACT(jsonPayload.outcomes.deleted)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "1"
  }
}

resource "google_monitoring_alert_policy" "log" {
  for_each              = var.alerts.enabled ? local.deployed_metrics : {}
  project               = var.project_id
  display_name          = "${var.name}: ${local.log_alerts[each.key].title}"
  combiner              = "OR"
  severity              = local.log_alerts[each.key].severity
  notification_channels = var.alerts.channels
  user_labels           = var.labels

  conditions {
    display_name = local.log_alerts[each.key].title

    condition_threshold {
      filter          = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.counter[each.key].name}\" AND resource.type=\"cloud_run_revision\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = local.log_alerts[each.key].within
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = "${each.value.description} What to do: ${local.runbook}#${replace(each.key, "_", "-")}"
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "deletions" {
  count                 = var.alerts.enabled && local.cleans ? 1 : 0
  project               = var.project_id
  display_name          = "${var.name}: more is deleted than usual"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.alerts.channels
  user_labels           = var.labels

  conditions {
    display_name = "more than ${var.alerts.deletions_per_day} deletions in 24 hours"

    # A threshold can't be held against the sum of a distribution; PromQL can.
    condition_prometheus_query_language {
      query               = "sum(increase(${local.promql_prefix}_deletions_sum{monitored_resource=\"cloud_run_revision\"}[24h])) > ${var.alerts.deletions_per_day}"
      duration            = "0s"
      evaluation_interval = "300s"
    }
  }

  documentation {
    content   = "Tags and digests deleted in 24 hours, over all repositories. What to do: ${local.runbook}#deletions"
    mime_type = "text/markdown"
  }

  depends_on = [google_logging_metric.deletions]
}

resource "google_monitoring_alert_policy" "dead_letters" {
  count                 = var.alerts.enabled && length(local.own_topics) > 1 ? 1 : 0
  project               = var.project_id
  display_name          = "${var.name}: dead letters wait"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.alerts.channels
  user_labels           = var.labels

  conditions {
    display_name = "dead letters wait"

    condition_threshold {
      filter          = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=one_of(${join(",", [for subscription in google_pubsub_subscription.dead_letters : "\"${subscription.name}\""])})"
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_MAX"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = "Messages that could not be worked on wait to be looked at. What to do: ${local.runbook}#dead-letters"
    mime_type = "text/markdown"
  }
}

# Nothing fails where nothing runs: that the scheduler, or the function that it calls, is silent shows in no log.
resource "google_monitoring_alert_policy" "silent" {
  count                 = var.alerts.enabled ? 1 : 0
  project               = var.project_id
  display_name          = "${var.name}: nothing runs"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.alerts.channels
  user_labels           = var.labels

  conditions {
    display_name = "no successful call of ${local.pulse.function}"

    # A metric that nobody writes has no value at all, so that a threshold would never be passed.
    condition_prometheus_query_language {
      query               = "(sum(increase(run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\",service_name=\"${google_cloudfunctions2_function.this[local.pulse.function].name}\",response_code_class=\"2xx\"}[${local.pulse.window}])) or vector(0)) < 1"
      duration            = local.pulse.duration
      evaluation_interval = "300s"
    }
  }

  documentation {
    content   = "The scheduler has not called ${local.pulse.function} with success for ${local.pulse.silence}. What to do: ${local.runbook}#silent"
    mime_type = "text/markdown"
  }
}

locals {
  # What the scheduler calls most often, and the silence that is too long for it. Only a silence that lasts is told,
  # so that a service which was deployed just now, or is called once a day, is not.
  pulse = local.cleans ? {
    function = "dispatch", window = "1h", duration = "7200s", silence = "three hours"
    } : {
    function = "audit", window = "4h", duration = "82800s", silence = "27 hours"
  }
}
