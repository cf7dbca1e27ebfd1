/** The last one is how the newer kind of policy writes the first. */
const PUBLIC = ['allUsers', 'allAuthenticatedUsers', 'principalSet://goog/public:all'];

/** Whether a member stands for everybody, with or without an account of any kind. */
export function isPublic(member: string): boolean {
  return PUBLIC.includes(member);
}

/**
 * The accounts that Google makes in its own projects for its services. The projects are listed, because
 * anybody may call an account `service-123@own-project.iam.gserviceaccount.com`. One that is missing here is
 * judged like any other account.
 */
const SERVICE_AGENT =
  /^serviceAccount:service-(?:org-|folder-)?[0-9]+@(?:gcp-sa-[a-z0-9-]+|cloud-redis|cloudcomposer-accounts|compute-system|container-analysis|container-engine-robot|containerregistry|dataflow-service-producer-prod|dataproc-accounts|firebase-rules|gcf-admin-robot|gcp-gae-service|gs-project-accounts|serverless-robot-prod|service-networking)\.iam\.gserviceaccount\.com$/;
const GOOGLE_APIS_AGENT = /^serviceAccount:[0-9]+@cloudservices\.gserviceaccount\.com$/;

/** Whether a member is one of Google's own service agents, whose bindings their services depend on. */
export function isServiceAgent(member: string): boolean {
  if (!member.startsWith('serviceAccount:')) return false;
  return SERVICE_AGENT.test(member) || GOOGLE_APIS_AGENT.test(member);
}

/** Whether a member is the old Container Registry service agent. */
export function isContainerRegistryAgent(member: string): boolean {
  return /^serviceAccount:service-[0-9]+@containerregistry\.iam\.gserviceaccount\.com$/.test(member);
}

/** Whether a member is bound although its account is deleted; undeleting the account brings the access back. */
export function isDeleted(member: string): boolean {
  return member.startsWith('deleted:');
}

/** Whether a member is a person or a group of persons, and no account that a program uses. */
export function isPerson(member: string): boolean {
  return /^(user|group|domain):/.test(member);
}

const CONVENIENCE = /^project(Owner|Editor|Viewer):(.+)$/;

/**
 * The basic role whose holders a convenience member stands for: `projectEditor:acme` is everybody with
 * `roles/editor` on project acme. null for every other member.
 */
export function convenienceOf(member: string): { readonly role: string; readonly project: string } | null {
  const [, kind, project] = CONVENIENCE.exec(member) ?? [];
  return kind === undefined || project === undefined
    ? null
    : { role: `roles/${kind.toLowerCase()}`, project };
}

/** The address of a group, or null for every other member. A deleted group is none: it has no members any more. */
export function groupOf(member: string): string | null {
  return member.startsWith('group:') ? member.slice('group:'.length) : null;
}
