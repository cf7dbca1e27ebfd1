variable "alerts" {
  description = "The alert policies and the dashboard. channels: notification channels, projects/PROJECT/notificationChannels/ID; without one an incident is only seen in the console. deletions_per_day: more deletions in 24 hours than this are told. enabled, dashboard: false makes none."
  type = object({
    channels          = optional(list(string), [])
    dashboard         = optional(bool, true)
    deletions_per_day = optional(number, 10000)
    enabled           = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for channel in var.alerts.channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", channel))])
    error_message = "Each of alerts.channels has to be projects/PROJECT/notificationChannels/ID, the id of a google_monitoring_notification_channel."
  }

  validation {
    condition     = var.alerts.deletions_per_day >= 1 && floor(var.alerts.deletions_per_day) == var.alerts.deletions_per_day
    error_message = "alerts.deletions_per_day has to be a whole number of at least 1. To be told of no deletions, set it very high."
  }
}

variable "allow_deletion" {
  description = "Whether the account of the function clean may delete images and tags where a policy in mode: enforce may select them: in the repositories of targets that its patterns reach, and in no other. While false, or while every policy is in mode: plan, no account that this module creates holds such a permission."
  type        = bool
  default     = false
  nullable    = false
}

variable "audit_organization" {
  description = "Number of the organisation above the audited projects: the audit may then read who is granted what there and in folders, and what its constraints come to. null: what is granted above the projects is unknown to the audit."
  type        = string
  default     = null

  validation {
    condition     = var.audit_organization == null ? true : can(regex("^[0-9]{6,20}$", var.audit_organization))
    error_message = "audit_organization has to be an organisation's number, for example \"123456789012\". \"gcloud organizations list\" shows it."
  }
}

variable "audit_projects" {
  description = "Projects whose service-account keys and registry permissions are audited. null: the projects of targets."
  type        = list(string)
  default     = null

  validation {
    condition     = var.audit_projects == null ? true : alltrue([for project in var.audit_projects : can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", project))])
    error_message = "Each of audit_projects has to be a project id, for example \"my-project\" or \"example.com:my-project\"."
  }
}

variable "create_gcr_topic" {
  description = "Whether to make the topic gcr in each project of targets. false: adopt the topics that are there, for example because another tool made them."
  type        = bool
  default     = true
  nullable    = false
}

variable "cross_check" {
  description = "Whether each listing is compared with the versions and tags that Artifact Registry's API names, before anything is deleted by it. Costs two requests an image and run, and one more for each 1,000 versions or tags; an API that does not answer, or that is behind the registry, keeps everything for that run."
  type        = bool
  default     = false
  nullable    = false
}

variable "database" {
  description = "The Firestore database of the ledger. location: null is the region; it can't be changed later. delete_protection: false before the database may be destroyed. backup_days: how long daily backups are kept, 0 for none."
  type = object({
    backup_days       = optional(number, 7)
    delete_protection = optional(bool, true)
    location          = optional(string)
    name              = optional(string, "gcr-warden")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database.name))
    error_message = "database.name has to be 4 to 63 lower-case letters, digits and hyphens, beginning with a letter. The database \"(default)\" is left to others: its TTL fields and its protection would change with this module."
  }

  validation {
    condition     = contains(range(0, 99), var.database.backup_days)
    error_message = "database.backup_days has to be a whole number from 0 to 98: Firestore keeps backups for 14 weeks at most."
  }
}

variable "dead_letters" {
  description = "Who may read the dead letters with \"gcr-warden events dead-letters\", and who may put them back with --replay, for example \"group:platform@example.com\". Who puts them back reads them too."
  type = object({
    readers   = optional(list(string), [])
    replayers = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for member in concat(var.dead_letters.readers, var.dead_letters.replayers) : can(regex("^(user|group|serviceAccount|principal|principalSet):.+$", member))])
    error_message = "Each of dead_letters.readers and dead_letters.replayers has to be a member as IAM writes it, such as \"group:platform@example.com\". Everybody can't be one: dead letters name what is pushed."
  }
}

variable "enable_apis" {
  description = "Whether to enable the APIs that the module needs in project_id. They are left enabled when the module is destroyed."
  type        = bool
  default     = true
  nullable    = false
}

variable "functions_folder" {
  description = "Folder with the zips that \"npm run bundle\" makes, one a function. null: dist/functions of the repository that this module lies in."
  type        = string
  default     = null
}

variable "in_use" {
  description = "Who says what runs, one source each: gs://BUCKET/OBJECT, gke:PROJECT, run:PROJECT, functions:PROJECT, compute:PROJECT, asset:organizations/NUMBER, asset:folders/NUMBER or asset:projects/PROJECT, with settings such as \",max-age=2h\". Empty: nothing is known to be unused, and policies that ask for it keep."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for source in var.in_use : can(regex("^(gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]/[^/,\\s][^,\\s]*|(gke|run|functions|compute):[a-z0-9.:-]+|asset:(organizations/[0-9]+|folders/[0-9]+|projects/[a-z0-9.:-]+))(,(max-age|rollback|revisions|repositories)=[^,\\s]+)*$", source))])
    error_message = "in_use has to name sources such as \"gs://my-bucket/in-use/pods.json\", \"gke:my-project\", \"run:my-project\" or \"asset:organizations/123456789012,max-age=2h\"."
  }
}

variable "kms_key" {
  description = "Key that encrypts the ledger, topics, buckets and the functions' images (CMEK): projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY, in the region. Google's agents are let use it. null: Google's own keys. The ledger's can't be changed later."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key has to be projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY, without a version."
  }

  validation {
    condition     = var.kms_key == null ? true : try(split("/", var.kms_key)[3] == var.region && coalesce(var.database.location, var.region) == var.region, false)
    error_message = "kms_key has to lie in the region of the functions, and so has the database: one key is in one place."
  }
}

variable "labels" {
  description = "Labels for everything that can bear them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "log_level" {
  description = "What the functions log: \"info\", or \"debug\" with one entry a decision. Less than info is not offered, since the alerts count entries of it."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(["debug", "info"], var.log_level)
    error_message = "log_level has to be \"info\" or \"debug\"."
  }
}

variable "mend_lost_tags" {
  description = "Whether the function clean, where allow_deletion lets it delete, may also make tags: with that it puts back a tag that somebody moved in the moment of its removal. It can make a tag that is not there and overturn none. While false, such a tag is told with the command that mends it."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "Prefix of what the module creates. Short, because account ids are limited to 30 characters."
  type        = string
  default     = "gcr-warden"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,9}[a-z0-9]$", var.name))
    error_message = "name has to be 3 to 11 lower-case letters, digits and hyphens, beginning with a letter: the longest account id is NAME-record-image-event, and 30 characters are allowed."
  }
}

variable "policies_folder" {
  description = "Folder of policy files (*.yaml, *.yml, also in folders below it), usually of your own repository. Policy tests (*.test.yaml) stay there."
  type        = string
  nullable    = false

  validation {
    condition     = length(fileset(var.policies_folder, "**/*.{yaml,yml}")) > 0
    error_message = "policies_folder holds no *.yaml or *.yml file. Name a folder of policy files as seen from where terraform runs, for example \"$${path.root}/policies\"."
  }
}

variable "policy_record" {
  description = "File that \"gcr-warden policy check --record\" wrote: the plan then refuses every file that was not checked and found right as it is. null: only what Terraform itself can see is checked."
  type        = string
  default     = null

  validation {
    condition     = var.policy_record == null ? true : try(jsondecode(file(var.policy_record)).version == 1, false)
    error_message = "policy_record has to name a file that \"gcr-warden policy check --record\" of this version wrote."
  }
}

variable "policy_revision" {
  description = "Git commit that the policy files are taken from, which every decision records."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{7,64}(-dirty)?$", var.policy_revision))
    error_message = "policy_revision has to be a git commit, 7 to 64 hexadecimal digits, with \"-dirty\" behind it where files were changed since. For example the output of \"git rev-parse HEAD\"."
  }
}

variable "project_id" {
  description = "Project that the service runs in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id has to be a project id (not its number or display name), for example \"my-project\"."
  }
}

variable "pull_secrets" {
  description = "An account of its own for \"gcr-warden audit --pull-secrets gke:PROJECT\". projects: whose clusters it may read. members: who may act as it. It can read all secrets of these clusters, since Kubernetes can't limit that to pull secrets. Off by default; no function uses it."
  type = object({
    members  = optional(list(string), [])
    projects = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = (length(var.pull_secrets.members) > 0) == (length(var.pull_secrets.projects) > 0)
    error_message = "pull_secrets needs both: the projects whose clusters are read, and the members who may act as the account."
  }

  validation {
    condition     = alltrue([for member in var.pull_secrets.members : can(regex("^(user|group|serviceAccount|principal|principalSet):.+$", member))])
    error_message = "Each of pull_secrets.members has to be a member as IAM writes it, such as \"group:security@example.com\", and not everybody."
  }
}

variable "read_pushed" {
  description = "Whether the manifests of what was pushed lately are read and kept by the run that follows, and not when they are deleted. Costs a request an image, also of those that are never deleted; makes deleting with undo as fast as without."
  type        = bool
  default     = false
  nullable    = false
}

variable "record_pulls" {
  description = "Whether pulls are recorded, from the audit log of the projects of targets. The log has to be turned on there, by you or with registry_audit_logs: DATA_READ of artifactregistry.googleapis.com; Cloud Logging bills what it writes."
  type        = bool
  default     = false
  nullable    = false
}

variable "region" {
  description = "Region of the functions, buckets and schedules, for example \"europe-west1\"."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region has to be a region such as \"europe-west1\", not a zone or a multi-region."
  }
}

variable "registry_audit_logs" {
  description = "Types of audit log that are turned on for Artifact Registry in the projects of targets: \"DATA_READ\" for pulls, \"DATA_WRITE\" for who pushed and deleted. Careful: that replaces what the projects' policies say of artifactregistry.googleapis.com, other types and exempted members among it, and ends with the module. Empty: what is there stays, and \"gcr-warden doctor\" tells whether it suffices."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for type in var.registry_audit_logs : contains(["ADMIN_READ", "DATA_READ", "DATA_WRITE"], type)])
    error_message = "Each of registry_audit_logs has to be \"ADMIN_READ\", \"DATA_READ\" or \"DATA_WRITE\"."
  }

  validation {
    condition     = length(var.registry_audit_logs) == 0 || length(var.targets) > 0
    error_message = "registry_audit_logs is about the projects of targets, and there are none."
  }
}

variable "report" {
  description = "The report pages. invokers: members that may open them. ingress: \"ALLOW_ALL\" lets them do so from outside the VPC, with their identity all the same."
  type = object({
    ingress  = optional(string, "ALLOW_INTERNAL_ONLY")
    invokers = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["ALLOW_ALL", "ALLOW_INTERNAL_AND_GCLB", "ALLOW_INTERNAL_ONLY"], var.report.ingress)
    error_message = "report.ingress has to be \"ALLOW_ALL\", \"ALLOW_INTERNAL_AND_GCLB\" or \"ALLOW_INTERNAL_ONLY\"."
  }

  validation {
    condition     = length(setintersection(var.report.invokers, ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "report.invokers may not name everybody: the pages tell what runs where. Name users, groups or service accounts."
  }
}

variable "restore" {
  description = "An account of its own that puts back what runs deleted, see docs/undo.md. members: who may act as it. Off by default; it can delete nothing and overturn no tag, and no function uses it."
  type = object({
    members = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for member in var.restore.members : can(regex("^(user|group|serviceAccount|principal|principalSet):.+$", member))])
    error_message = "Each of restore.members has to be a member as IAM writes it, such as \"group:sre@example.com\", and not everybody."
  }

  validation {
    condition     = length(var.restore.members) == 0 || length(var.targets) > 0
    error_message = "restore needs targets: without them there is nothing to put back."
  }
}

variable "schedule" {
  description = "When to look for due policies, when to audit and when to read what was pulled, as cron expressions, and the time zone that they are meant in."
  type = object({
    audit             = optional(string, "17 3 * * *")
    dispatch          = optional(string, "*/5 * * * *")
    record_audit_logs = optional(string, "*/15 * * * *")
    time_zone         = optional(string, "Etc/UTC")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for cron in [var.schedule.audit, var.schedule.dispatch, var.schedule.record_audit_logs] : length(split(" ", cron)) == 5])
    error_message = "schedule.audit, schedule.dispatch and schedule.record_audit_logs have to be cron expressions of five fields, for example \"*/5 * * * *\"."
  }
}

variable "targets" {
  description = "What the service looks after: HOST/PROJECT[/REPO], for example \"europe-docker.pkg.dev/my-project/services\" or \"gcr.io/my-project\". Empty, with audit_projects: only the audit is deployed, and its report."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.targets) > 0 || length(var.audit_projects == null ? [] : var.audit_projects) > 0
    error_message = "targets has to name at least one HOST/PROJECT[/REPO]; or, for the audit alone, audit_projects a project."
  }

  validation {
    condition     = length(var.targets) == length(distinct(var.targets))
    error_message = "targets names something twice."
  }

  validation {
    condition     = length(var.targets) > 0 || !(var.allow_deletion || var.record_pulls || length(var.in_use) > 0)
    error_message = "allow_deletion, record_pulls and in_use are about targets, and there are none."
  }

  validation {
    # The same hosts, matched whole, that the service sends its credentials to.
    condition     = alltrue([for target in var.targets : can(regex("^(((us|eu|asia)\\.)?gcr\\.io|[a-z]+(-[a-z]+[0-9]+)?-docker\\.pkg\\.dev|docker\\.[a-z]+-[a-z]+[0-9]+\\.rep\\.pkg\\.dev)(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$", target))])
    error_message = "Each of targets has to be HOST/PROJECT[/REPO] on gcr.io, us.gcr.io, eu.gcr.io, asia.gcr.io, LOCATION-docker.pkg.dev or docker.LOCATION.rep.pkg.dev, with no scheme and no slash at its end."
  }

  validation {
    condition     = alltrue([for target in var.targets : !can(regex("^[^/]+/[^/]+\\.[^/]+$", target))])
    error_message = "A first path component with a dot is the domain of a domain-scoped project: write HOST/example.com/my-project."
  }
}

variable "vpc" {
  description = "How functions reach the network: a Serverless VPC Access connector (projects/PROJECT/locations/REGION/connectors/NAME), or a network with its subnetwork directly. egress: what goes that way, \"PRIVATE_RANGES_ONLY\" or \"ALL_TRAFFIC\". Neither: Google's network only."
  type = object({
    connector  = optional(string)
    egress     = optional(string, "PRIVATE_RANGES_ONLY")
    network    = optional(string)
    subnetwork = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"], var.vpc.egress)
    error_message = "vpc.egress has to be \"ALL_TRAFFIC\" or \"PRIVATE_RANGES_ONLY\"."
  }

  validation {
    condition     = var.vpc.connector == null || var.vpc.network == null
    error_message = "vpc takes a connector or a network, not both."
  }

  validation {
    condition     = var.vpc.subnetwork == null || var.vpc.network != null
    error_message = "vpc.subnetwork is a part of vpc.network: name that too."
  }
}
