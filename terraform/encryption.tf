# A key of your own (CMEK). Google's agents use it, none of our accounts does.

locals {
  kms_keys = var.kms_key == null ? [] : [var.kms_key]
  kms_apis = var.kms_key == null ? [] : ["cloudkms.googleapis.com"]

  # Of each service that keeps something, the agent that encrypts it. The topic gcr is in the project of its registry.
  kms_agents = var.kms_key == null ? {} : merge(
    {
      artifact-registry = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
      firestore         = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-firestore.iam.gserviceaccount.com"
      functions         = "serviceAccount:service-${data.google_project.this.number}@gcf-admin-robot.iam.gserviceaccount.com"
      pubsub            = local.pubsub_agent
      run               = "serviceAccount:service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com"
      storage           = data.google_storage_project_service_account.this[0].member
    },
    {
      for project in local.registry_projects :
      "pubsub ${project}" => "serviceAccount:service-${data.google_project.registry[project].number}@gcp-sa-pubsub.iam.gserviceaccount.com"
      if var.create_gcr_topic && project != var.project_id
    },
  )
}

data "google_storage_project_service_account" "this" {
  count   = length(local.kms_keys)
  project = var.project_id
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each      = local.kms_agents
  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value

  depends_on = [google_project_service.this]
}
