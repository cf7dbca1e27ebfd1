# One page: what runs did, what was refused, what waits, what it costs. docs/operations.md says how to read it.

locals {
  own_services = "service_name=~\"${var.name}-(${join("|", keys(local.functions))})\""

  # Title and PromQL, from left to right.
  charts = concat(
    local.cleans ? [
      { title = "Deletions", queries = ["sum(increase(${local.promql_prefix}_deletions_sum{monitored_resource=\"cloud_run_revision\"}[1h]))"] },
      { title = "Repositories cleaned or refused", queries = ["sum by (service_name) (increase(run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\",service_name=\"${var.name}-clean\"}[1h]))"] },
      { title = "Left alone: listing incomplete", queries = ["sum(increase(${local.promql_prefix}_listing_incomplete{monitored_resource=\"cloud_run_revision\"}[1h]))"] },
      { title = "Left alone: over a limit", queries = ["sum(increase(${local.promql_prefix}_limit_refused{monitored_resource=\"cloud_run_revision\"}[1h]))"] },
      { title = "Runs unfinished", queries = ["sum(increase(${local.promql_prefix}_run_unfinished{monitored_resource=\"cloud_run_revision\"}[1h]))"] },
      { title = "Work that waits: age of the oldest message, s", queries = ["max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{monitored_resource=\"pubsub_subscription\",subscription_id=~\"${var.name}-(work|events-.*)\"})"] },
      { title = "Dead letters", queries = ["sum by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{monitored_resource=\"pubsub_subscription\",subscription_id=~\"${var.name}-.*dead-letter\"})"] },
      { title = "Policies with an error", queries = ["sum(increase(${local.promql_prefix}_policy_broken{monitored_resource=\"cloud_run_revision\"}[1h]))"] },
    ] : [],
    [
      { title = "Audits with an overdue key", queries = ["sum(increase(${local.promql_prefix}_key_overdue{monitored_resource=\"cloud_run_revision\"}[1d]))"] },
      { title = "Answers of functions that failed (5xx)", queries = ["sum by (service_name) (increase(run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\",${local.own_services},response_code_class=\"5xx\"}[1h]))"] },
      { title = "Time of functions, 95th percentile, ms", queries = ["histogram_quantile(0.95, sum by (service_name, le) (rate(run_googleapis_com:request_latencies_bucket{monitored_resource=\"cloud_run_revision\",${local.own_services}}[1h])))"] },
      { title = "Ledger: documents read and written", queries = ["sum(increase(firestore_googleapis_com:document_read_ops_count{database_id=\"${var.database.name}\"}[1h]))", "sum(increase(firestore_googleapis_com:document_write_ops_count{database_id=\"${var.database.name}\"}[1h]))"] },
    ],
  )

  chart_width  = 24
  chart_height = 16
}

resource "google_monitoring_dashboard" "this" {
  count   = var.alerts.dashboard ? 1 : 0
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "gcr-warden (${var.name})"
    mosaicLayout = {
      columns = 48
      tiles = [
        for index, chart in local.charts : {
          xPos   = (index % 2) * local.chart_width
          yPos   = floor(index / 2) * local.chart_height
          width  = local.chart_width
          height = local.chart_height
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [
                for query in chart.queries : { plotType = "LINE", timeSeriesQuery = { prometheusQuery = query } }
              ]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_logging_metric.counter, google_logging_metric.deletions]
}
