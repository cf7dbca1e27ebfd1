/** Who a binding names when it names everybody. */
export function isPublic(member: string): boolean {
  return member === 'allUsers' || member === 'allAuthenticatedUsers';
}

/**
 * The domains whose accounts Google makes and uses itself. A list and not a pattern over the account's name:
 * anybody may call an account of theirs `service-123@own-project.iam.gserviceaccount.com`. A project can't
 * be named `gcp-sa-…` by a customer.
 */
const AGENT_DOMAIN =
  /@(gcp-sa-[a-z0-9-]+|container-engine-robot|containerregistry|compute-system|serverless-robot-prod|gcf-admin-robot|cloudcomposer-accounts|dataflow-service-producer-prod|dataproc-accounts|gs-project-accounts|service-networking)\.iam\.gserviceaccount\.com$/;
const GOOGLE_APIS_AGENT = /^serviceAccount:[0-9]+@cloudservices\.gserviceaccount\.com$/;

/** Whether a member is one of Google's own service agents, whose bindings their services depend on. */
export function isServiceAgent(member: string): boolean {
  return (
    (member.startsWith('serviceAccount:') && AGENT_DOMAIN.test(member)) || GOOGLE_APIS_AGENT.test(member)
  );
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
