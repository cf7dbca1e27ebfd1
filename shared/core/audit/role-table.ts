/*
 * What Google's predefined roles hold of the permissions that a check asks for. Written by
 * `npm run update-roles`; do not edit. A role that is not here is read from IAM.
 */

/** Where the table is from, and of which day. */
export const ROLE_TABLE_SOURCE = 'iann0036/iam-dataset gcp/roles, snapshot 2026-08-22';

/** Permissions by role, parted by blanks. */
export const ROLE_TABLE: Readonly<Record<string, string>> = {
  'roles/aiedgeportal.serviceAgent': 'storage.objects.get storage.objects.create storage.objects.delete',
  'roles/aiplatform.agentSandboxServiceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete artifactregistry.repositories.downloadArtifacts',
  'roles/aiplatform.batchPredictionServiceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/aiplatform.customCodeServiceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete artifactregistry.repositories.downloadArtifacts iam.serviceAccounts.getAccessToken iam.serviceAccounts.signBlob iam.serviceAccounts.signJwt iam.serviceAccounts.implicitDelegation',
  'roles/aiplatform.extensionCustomCodeServiceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy',
  'roles/aiplatform.extensionServiceAgent': 'storage.objects.get iam.serviceAccounts.getAccessToken',
  'roles/aiplatform.modelMonitoringServiceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/aiplatform.ragServiceAgent': 'storage.objects.get storage.objects.list',
  'roles/aiplatform.reasoningEngineServiceAgent': 'storage.objects.get storage.objects.list',
  'roles/aiplatform.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken',
  'roles/aiplatform.tuningServiceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/appengine.appAdmin':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts',
  'roles/appengine.deployer':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts',
  'roles/appengine.serviceAgent':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts iam.serviceAccounts.getAccessToken iam.serviceAccounts.signBlob',
  'roles/appengineflex.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.buckets.setIamPolicy artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken iam.serviceAccounts.signBlob iam.serviceAccounts.signJwt resourcemanager.projects.setIamPolicy',
  'roles/apphub.appManagementViewer': 'storage.objects.get storage.objects.list',
  'roles/artifactregistry.admin':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.repositories.delete artifactregistry.packages.delete artifactregistry.versions.delete artifactregistry.repositories.setIamPolicy',
  'roles/artifactregistry.containerRegistryMigrationAdmin':
    'storage.objects.get storage.objects.list artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.setIamPolicy',
  'roles/artifactregistry.createOnPushRepoAdmin':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.packages.delete artifactregistry.versions.delete',
  'roles/artifactregistry.createOnPushWriter':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts',
  'roles/artifactregistry.editor':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.repositories.delete artifactregistry.packages.delete artifactregistry.versions.delete',
  'roles/artifactregistry.reader': 'artifactregistry.repositories.downloadArtifacts',
  'roles/artifactregistry.repoAdmin':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.packages.delete artifactregistry.versions.delete',
  'roles/artifactregistry.serviceAgent':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.versions.delete',
  'roles/artifactregistry.viewer': 'artifactregistry.repositories.downloadArtifacts',
  'roles/artifactregistry.writer':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts',
  'roles/assuredoss.admin': 'artifactregistry.repositories.downloadArtifacts iam.serviceAccountKeys.create',
  'roles/assuredoss.projectAdmin': 'artifactregistry.repositories.downloadArtifacts',
  'roles/assuredoss.reader': 'artifactregistry.repositories.downloadArtifacts',
  'roles/assuredoss.user': 'artifactregistry.repositories.downloadArtifacts',
  'roles/auditmanager.serviceAgent': '',
  'roles/automl.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/automlrecommendations.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/backupdr.cloudStorageOperator':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/bigquerymigration.orchestrator': 'storage.objects.list',
  'roles/bigquerymigration.worker': 'storage.objects.get storage.objects.list storage.objects.create',
  'roles/binaryauthorization.serviceAgent':
    'storage.objects.list artifactregistry.repositories.downloadArtifacts',
  'roles/ces.serviceAgent': 'storage.objects.get storage.objects.create storage.objects.delete',
  'roles/chronicle.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.buckets.setIamPolicy',
  'roles/cloudasset.serviceAgent': 'storage.objects.get storage.objects.create storage.objects.delete',
  'roles/cloudbuild.builds.builder':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts',
  'roles/cloudbuild.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts iam.serviceAccounts.getAccessToken',
  'roles/cloudconfig.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken',
  'roles/clouddeploy.jobRunner': 'storage.objects.get storage.objects.list storage.objects.create',
  'roles/clouddeploy.serviceAgent':
    'storage.objects.get iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken',
  'roles/clouddeploymentmanager.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete artifactregistry.repositories.delete iam.serviceAccounts.actAs',
  'roles/cloudfunctions.admin': 'artifactregistry.repositories.downloadArtifacts',
  'roles/cloudfunctions.developer': 'artifactregistry.repositories.downloadArtifacts',
  'roles/cloudfunctions.editor': 'artifactregistry.repositories.downloadArtifacts',
  'roles/cloudfunctions.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.repositories.delete artifactregistry.packages.delete artifactregistry.versions.delete artifactregistry.repositories.setIamPolicy iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken iam.serviceAccounts.signBlob',
  'roles/cloudhub.operator': 'storage.objects.get storage.objects.list',
  'roles/cloudmigration.storageaccess':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/cloudoptimization.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/cloudsecuritycompliance.serviceAgent': '',
  'roles/cloudtestservice.testAdmin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/cloudtestservice.testViewer': 'storage.objects.get storage.objects.list',
  'roles/cloudtranslate.serviceAgent': 'storage.objects.get storage.objects.list storage.objects.create',
  'roles/compliancescanning.serviceAgent':
    'storage.objects.get storage.objects.list artifactregistry.repositories.downloadArtifacts',
  'roles/composer.environmentAndStorageObjectAdmin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy',
  'roles/composer.environmentAndStorageObjectUser': 'storage.objects.get storage.objects.list',
  'roles/composer.environmentAndStorageObjectViewer': 'storage.objects.get storage.objects.list',
  'roles/composer.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.repositories.delete iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken',
  'roles/composer.worker':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.repositories.delete artifactregistry.packages.delete artifactregistry.versions.delete artifactregistry.repositories.setIamPolicy',
  'roles/compute.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken iam.serviceAccounts.signJwt iam.serviceAccounts.implicitDelegation',
  'roles/config.agent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/configdelivery.serviceAgent':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.versions.delete artifactregistry.repositories.setIamPolicy iam.serviceAccounts.actAs',
  'roles/contactcenterinsights.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create',
  'roles/container.nodeServiceAccount': 'storage.objects.get storage.objects.list',
  'roles/container.nodeServiceAgent': 'storage.objects.get storage.objects.list',
  'roles/containeranalysis.ServiceAgent':
    'storage.objects.get storage.objects.list artifactregistry.repositories.downloadArtifacts',
  'roles/containerregistry.ServiceAgent': 'storage.objects.get storage.objects.list',
  'roles/containerscanning.ServiceAgent':
    'storage.objects.get storage.objects.list artifactregistry.repositories.downloadArtifacts',
  'roles/contentwarehouse.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/dataflow.admin': 'storage.objects.get storage.objects.list storage.objects.create',
  'roles/dataflow.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken iam.serviceAccounts.signBlob iam.serviceAccounts.signJwt iam.serviceAccounts.implicitDelegation',
  'roles/dataflow.worker': 'storage.objects.get storage.objects.create',
  'roles/datafusion.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy',
  'roles/datalabeling.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/datamigration.serviceAgent': 'storage.objects.get storage.objects.list',
  'roles/datapipelines.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy iam.serviceAccounts.actAs',
  'roles/dataplex.discoveryServiceAgent': 'storage.objects.get storage.objects.list',
  'roles/dataplex.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy iam.serviceAccounts.actAs',
  'roles/dataplex.storageDataOwner':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/dataplex.storageDataReader': 'storage.objects.get storage.objects.list',
  'roles/dataplex.storageDataWriter': 'storage.objects.create storage.objects.delete',
  'roles/dataprep.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy iam.serviceAccounts.actAs',
  'roles/dataproc.hubAgent': 'storage.objects.get storage.objects.list iam.serviceAccounts.actAs',
  'roles/dataproc.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken',
  'roles/dataproc.worker':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy',
  'roles/datastream.serviceAgent': 'storage.objects.get storage.objects.list storage.objects.create',
  'roles/datastudio.managedStorageServiceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/designcenter.admin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/designcenter.editor': 'storage.objects.get storage.objects.list',
  'roles/designcenter.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/designcenter.user':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/designcenter.viewer': 'storage.objects.get storage.objects.list',
  'roles/dialogflow.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/discoveryengine.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.buckets.setIamPolicy',
  'roles/dlp.orgdriver': 'storage.objects.get storage.objects.list',
  'roles/dlp.projectdriver': 'storage.objects.get storage.objects.list',
  'roles/dlp.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy',
  'roles/documentaicore.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/edgecontainer.clusterServiceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/editor':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.repositories.delete artifactregistry.packages.delete artifactregistry.versions.delete iam.serviceAccountKeys.create iam.serviceAccounts.actAs',
  'roles/enterpriseknowledgegraph.serviceAgent': 'storage.objects.get storage.objects.list',
  'roles/firebase.admin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy artifactregistry.repositories.downloadArtifacts',
  'roles/firebase.developAdmin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy artifactregistry.repositories.downloadArtifacts',
  'roles/firebase.developViewer': 'storage.objects.get storage.objects.list',
  'roles/firebase.editor': 'storage.objects.get storage.objects.list',
  'roles/firebase.managementServiceAgent':
    'storage.buckets.setIamPolicy resourcemanager.projects.setIamPolicy',
  'roles/firebase.sdkAdminServiceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy',
  'roles/firebase.viewer': 'storage.objects.get storage.objects.list',
  'roles/firebaseapphosting.computeRunner':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts',
  'roles/firebaseapphosting.serviceAgent':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.repositories.delete iam.serviceAccounts.actAs',
  'roles/firebasemods.serviceAgent': 'artifactregistry.packages.delete iam.serviceAccounts.actAs',
  'roles/firebaserules.system':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/firebasestorage.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/firebasetelemetry.serviceAgent': 'storage.objects.get',
  'roles/firestore.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/geminicloudassist.admin': 'storage.objects.get storage.objects.list',
  'roles/geminicloudassist.editor': 'storage.objects.get storage.objects.list',
  'roles/geminicloudassist.user': 'storage.objects.get storage.objects.list',
  'roles/geminicloudassist.viewer': 'storage.objects.get storage.objects.list',
  'roles/generativelanguage.serviceAgent': 'storage.objects.get',
  'roles/gkemulticloud.controlPlaneMachineServiceAgent': 'artifactregistry.repositories.downloadArtifacts',
  'roles/gkemulticloud.nodePoolMachineServiceAgent': 'artifactregistry.repositories.downloadArtifacts',
  'roles/hypercomputecluster.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.buckets.setIamPolicy iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken',
  'roles/iam.admin':
    'iam.serviceAccountKeys.create iam.serviceAccounts.actAs iam.serviceAccounts.setIamPolicy',
  'roles/iam.dataScientist':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy artifactregistry.repositories.downloadArtifacts iam.serviceAccounts.actAs',
  'roles/iam.databasesAdmin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy iam.serviceAccounts.actAs',
  'roles/iam.devOps':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts iam.serviceAccounts.actAs iam.serviceAccounts.setIamPolicy',
  'roles/iam.editor': 'iam.serviceAccountKeys.create iam.serviceAccounts.actAs',
  'roles/iam.infrastructureAdmin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy',
  'roles/iam.mlEngineer':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy',
  'roles/iam.securityAdmin':
    'storage.objects.list storage.objects.setIamPolicy storage.buckets.setIamPolicy artifactregistry.repositories.setIamPolicy iam.serviceAccounts.setIamPolicy resourcemanager.projects.setIamPolicy',
  'roles/iam.securityAuditor': 'storage.objects.list artifactregistry.repositories.downloadArtifacts',
  'roles/iam.securityReviewer': 'storage.objects.list',
  'roles/iam.serviceAccountKeyAdmin': 'iam.serviceAccountKeys.create',
  'roles/iam.serviceAccountViewer': '',
  'roles/iam.supportUser':
    'storage.objects.get storage.objects.list artifactregistry.repositories.downloadArtifacts',
  'roles/iam.viewer': '',
  'roles/integrations.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create iam.serviceAccounts.getAccessToken',
  'roles/issuerswitch.serviceAgent': 'storage.objects.get storage.objects.create',
  'roles/livestream.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/managedflink.serviceAgent': 'storage.objects.get',
  'roles/managedidentities.domaincontrollerOperator': 'storage.objects.get storage.objects.list',
  'roles/mediaasset.serviceAgent': 'storage.objects.get storage.objects.create storage.objects.delete',
  'roles/metastore.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/migrationcenter.serviceAgent': 'storage.objects.get',
  'roles/ml.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy artifactregistry.repositories.downloadArtifacts iam.serviceAccounts.getAccessToken iam.serviceAccounts.signBlob iam.serviceAccounts.signJwt iam.serviceAccounts.implicitDelegation',
  'roles/networkactions.serviceAgent': 'artifactregistry.repositories.downloadArtifacts',
  'roles/networkservices.serviceExtensionsAdmin': '',
  'roles/ondemandscanning.serviceAgent':
    'storage.objects.get storage.objects.list artifactregistry.repositories.downloadArtifacts',
  'roles/owner':
    'artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.repositories.delete artifactregistry.packages.delete artifactregistry.versions.delete artifactregistry.repositories.setIamPolicy iam.serviceAccountKeys.create iam.serviceAccounts.actAs iam.serviceAccounts.setIamPolicy resourcemanager.projects.setIamPolicy',
  'roles/resourcemanager.tagUser': '',
  'roles/resourcemanager.tagViewer': '',
  'roles/retail.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/routeoptimization.serviceAgent': 'storage.objects.get storage.objects.list storage.objects.create',
  'roles/run.builder':
    'storage.objects.get artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts',
  'roles/run.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken iam.serviceAccounts.signBlob',
  'roles/run.sourceDeveloper':
    'storage.objects.get storage.objects.list storage.objects.create artifactregistry.repositories.downloadArtifacts',
  'roles/run.sourceViewer': 'storage.objects.get storage.objects.list',
  'roles/runapps.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete iam.serviceAccounts.actAs',
  'roles/saasservicemgmt.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.buckets.setIamPolicy artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts',
  'roles/securedlandingzone.bqdwProjectRemediator': 'storage.buckets.setIamPolicy',
  'roles/securitycenter.admin':
    'artifactregistry.repositories.downloadArtifacts iam.serviceAccountKeys.create',
  'roles/securitycenter.adminEditor': 'artifactregistry.repositories.downloadArtifacts',
  'roles/securitycenter.adminViewer': 'artifactregistry.repositories.downloadArtifacts',
  'roles/serverless.serviceAgent':
    'storage.objects.get storage.objects.list artifactregistry.repositories.downloadArtifacts iam.serviceAccounts.actAs iam.serviceAccounts.getAccessToken iam.serviceAccounts.signBlob',
  'roles/spanner.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/speech.serviceAgent': 'storage.objects.get storage.objects.list storage.objects.create',
  'roles/storage.admin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy',
  'roles/storage.annotationGeneratorService': 'storage.objects.get storage.objects.list',
  'roles/storage.expressModeServiceInput':
    'storage.objects.list storage.objects.create storage.objects.delete',
  'roles/storage.expressModeServiceOutput': 'storage.objects.get storage.objects.list storage.objects.delete',
  'roles/storage.expressModeUserAccess':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/storage.folderAdmin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy',
  'roles/storage.legacyBucketOwner':
    'storage.objects.list storage.objects.create storage.objects.delete storage.buckets.setIamPolicy',
  'roles/storage.legacyBucketReader': 'storage.objects.list',
  'roles/storage.legacyBucketWriter': 'storage.objects.list storage.objects.create storage.objects.delete',
  'roles/storage.legacyObjectOwner': 'storage.objects.get storage.objects.setIamPolicy',
  'roles/storage.legacyObjectReader': 'storage.objects.get',
  'roles/storage.objectAdmin':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy',
  'roles/storage.objectCreator': 'storage.objects.create',
  'roles/storage.objectUser':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/storage.objectViewer': 'storage.objects.get storage.objects.list',
  'roles/stream.serviceAgent': 'storage.objects.get storage.objects.list storage.objects.create',
  'roles/transcoder.serviceAgent': 'storage.objects.get storage.objects.create storage.objects.delete',
  'roles/vectorsearch.serviceAgent': 'storage.objects.get storage.objects.list storage.objects.create',
  'roles/viewer': 'artifactregistry.repositories.downloadArtifacts',
  'roles/visionai.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete',
  'roles/visualinspection.serviceAgent':
    'storage.objects.get storage.objects.list storage.objects.create storage.objects.delete storage.objects.setIamPolicy storage.buckets.setIamPolicy artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.uploadArtifacts artifactregistry.repositories.deleteArtifacts artifactregistry.repositories.delete artifactregistry.packages.delete artifactregistry.versions.delete artifactregistry.repositories.setIamPolicy',
  'roles/workloadmanager.admin': 'storage.objects.list',
  'roles/workloadmanager.deploymentAdmin': 'storage.objects.list',
};
