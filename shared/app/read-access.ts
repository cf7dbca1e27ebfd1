import {
  type BucketContents,
  holdsImages,
  type IamPolicy,
  registryBucketNames,
  type ServiceAccount,
} from '../core/audit/access.ts';
import { groupsInAcls } from '../core/audit/bucket-acl.ts';
import { groupsToRead, rolesToRead } from '../core/audit/graph.ts';
import type { GroupReply } from '../core/audit/group.ts';
import {
  type AncestorReply,
  ORG_CONSTRAINTS,
  type OrgConstraint,
  type OrgPolicy,
  type ProjectIdentity,
} from '../core/audit/hierarchy.ts';
import { groupOf } from '../core/audit/member.ts';
import type { PullSecretReading } from '../core/audit/pull-secret.ts';
import type { AccountReply, AuditReplies, BucketReply, LocationReply } from '../core/audit/replies.ts';
import { type Fact, known, unknown } from '../core/fact.ts';
import type { GoogleAccess } from '../ports.ts';

/** More custom roles than this in one project's policies are not read, and count as unknown. */
const ROLES_MAX = 500;
/** More groups than this, groups in groups included, are not read, and count as unknown. */
const GROUPS_MAX = 1000;
/** The topic that Artifact Registry publishes to: it has no other. */
const TOPIC = 'gcr';

/** Reads all that the checks ask for, as much as possible at the same time. */
export async function readAccess(
  access: GoogleAccess,
  project: string,
  nowMs: number,
  readPullSecrets: () => Promise<PullSecretReading | null> = async () => null,
): Promise<AuditReplies> {
  const identityRead = access.identity(project);
  const [
    identity,
    { ancestors, organization },
    projectPolicy,
    orgPolicies,
    accounts,
    keyActivity,
    accountActivity,
    locations,
    buckets,
    redirection,
    topicPolicy,
    clusters,
    pullSecrets,
  ] = await Promise.all([
    identityRead,
    readAncestors(access, project, identityRead),
    access.projectPolicy(project),
    readOrgPolicies(access, project),
    readAccounts(access, project),
    access.keyActivity(project),
    access.accountActivity(project),
    readLocations(access, project),
    Promise.all(registryBucketNames(project).map((name) => readBucket(access, project, name, nowMs))),
    access.redirection(project),
    access.topicPolicy(project, TOPIC),
    access.clusters(project),
    readPullSecrets(),
  ]);
  const partial = { projectPolicy, ancestors, accounts, locations, buckets, topicPolicy };
  const policies = policiesOf(partial);
  const roles = await readRoles(access, policies);
  return {
    version: 2,
    project,
    identity,
    projectPolicy,
    ancestors,
    organization,
    orgPolicies,
    accounts,
    keyActivity,
    accountActivity,
    locations,
    buckets,
    redirection,
    topicPolicy,
    clusters,
    groups: await readGroups(access, [...groupsToRead(policies, roles), ...groupsInAcls(buckets)]),
    roles,
    pullSecrets,
  };
}

async function readAncestors(
  access: GoogleAccess,
  project: string,
  identityRead: Promise<Fact<ProjectIdentity>>,
): Promise<Pick<AuditReplies, 'ancestors' | 'organization'>> {
  const [names, identity] = await Promise.all([access.ancestry(project), identityRead]);
  if (names.kind === 'unknown') return { ancestors: names, organization: names };
  const top = names.value.at(-1);
  if (top === undefined) return withoutAncestors(identity);
  if (!top.startsWith('organizations/')) {
    // Without its top the list is not whole: what is above would grant something too.
    const reason = unknown(`the way up from the project ends at ${top}, which is no organisation`);
    return { ancestors: reason, organization: reason };
  }
  const [ancestors, organization] = await Promise.all([
    Promise.all(
      names.value.map(
        async (name): Promise<AncestorReply> => ({ name, policy: await access.ancestorPolicy(name) }),
      ),
    ),
    access.organization(top),
  ]);
  return { ancestors: known(ancestors), organization };
}

/** A project outside of every organisation, if it says so itself: an empty answer alone is no proof. */
function withoutAncestors(identity: Fact<ProjectIdentity>): Pick<AuditReplies, 'ancestors' | 'organization'> {
  if (identity.kind === 'unknown') return { ancestors: identity, organization: identity };
  if (identity.value.parent === null) return { ancestors: known([]), organization: known(null) };
  const reason = unknown(`the project is in ${identity.value.parent}, and what is above was not answered`);
  return { ancestors: reason, organization: reason };
}

async function readOrgPolicies(
  access: GoogleAccess,
  project: string,
): Promise<Readonly<Record<OrgConstraint, Fact<OrgPolicy>>>> {
  const policies = ORG_CONSTRAINTS.map(
    async (name): Promise<[OrgConstraint, Fact<OrgPolicy>]> => [name, await access.orgPolicy(project, name)],
  );
  return Object.fromEntries(await Promise.all(policies)) as Record<OrgConstraint, Fact<OrgPolicy>>;
}

/** Begins with the keys of the first page of accounts while the second is still on its way. */
async function readAccounts(access: GoogleAccess, project: string): Promise<Fact<readonly AccountReply[]>> {
  const replies: Promise<AccountReply>[] = [];
  const accounts = await access.serviceAccounts(project, (page) => {
    for (const account of page) replies.push(readAccount(access, project, account));
  });
  // Waited for even where the list failed: nothing of this audit runs on after its end.
  const read = await Promise.all(replies);
  return accounts.kind === 'known' ? known(read) : accounts;
}

async function readAccount(
  access: GoogleAccess,
  project: string,
  account: ServiceAccount,
): Promise<AccountReply> {
  const [keys, policy] = await Promise.all([
    access.serviceAccountKeys(project, account.email),
    access.serviceAccountPolicy(project, account.email),
  ]);
  return { account, keys, policy };
}

async function readLocations(access: GoogleAccess, project: string): Promise<Fact<readonly LocationReply[]>> {
  const locations = await access.repositoryLocations(project);
  if (locations.kind === 'unknown') return locations;
  return known(await Promise.all(locations.value.map((location) => readLocation(access, project, location))));
}

async function readLocation(access: GoogleAccess, project: string, location: string): Promise<LocationReply> {
  const repositories = await access.repositories(project, location);
  if (repositories.kind === 'unknown') return { location, repositories };
  const replies = repositories.value.filter(holdsImages).map(async (repository) => ({
    repository,
    policy: await access.repositoryPolicy(repository.name),
  }));
  return { location, repositories: known(await Promise.all(replies)) };
}

async function readBucket(
  access: GoogleAccess,
  project: string,
  name: string,
  nowMs: number,
): Promise<BucketReply> {
  const [bucket, policy] = await Promise.all([access.bucket(name), access.bucketPolicy(name)]);
  if (bucket.kind === 'known' && bucket.value === null) return { name, bucket, policy: null, contents: null };
  const contents: Fact<BucketContents> =
    bucket.kind === 'known'
      ? await access.bucketContents(project, name, nowMs)
      : unknown('the bucket itself could not be read');
  return { name, bucket, policy, contents };
}

/** Every policy that was read, whatever it is of. */
function policiesOf({
  projectPolicy,
  ancestors,
  accounts,
  locations,
  buckets,
  topicPolicy,
}: Pick<
  AuditReplies,
  'projectPolicy' | 'ancestors' | 'accounts' | 'locations' | 'buckets' | 'topicPolicy'
>): readonly IamPolicy[] {
  const facts: (Fact<IamPolicy | null> | null)[] = [projectPolicy, topicPolicy];
  if (ancestors.kind === 'known') for (const { policy } of ancestors.value) facts.push(policy);
  if (accounts.kind === 'known') for (const { policy } of accounts.value) facts.push(policy);
  if (locations.kind === 'known') {
    for (const { repositories } of locations.value) {
      if (repositories.kind === 'known') for (const { policy } of repositories.value) facts.push(policy);
    }
  }
  for (const { policy } of buckets) facts.push(policy);
  return facts.flatMap((fact) => (fact?.kind === 'known' && fact.value !== null ? [fact.value] : []));
}

async function readRoles(
  access: GoogleAccess,
  policies: readonly IamPolicy[],
): Promise<Readonly<Record<string, Fact<readonly string[]>>>> {
  const roles = await Promise.all(
    rolesToRead(policies).map(
      async (role, index): Promise<[string, Fact<readonly string[]>]> => [
        role,
        index < ROLES_MAX
          ? await access.rolePermissions(role)
          : unknown(`more than ${ROLES_MAX} roles that are not in the table are in use`),
      ],
    ),
  );
  return Object.fromEntries(roles);
}

/** Reads groups, then the groups in them, level by level. */
async function readGroups(
  access: GoogleAccess,
  named: readonly string[],
): Promise<Readonly<Record<string, Fact<GroupReply>>>> {
  const groups = new Map<string, Fact<GroupReply>>();
  let level = [...new Set(named)];
  while (level.length > 0) {
    const replies = await Promise.all(
      level.map(
        async (address, index): Promise<[string, Fact<GroupReply>]> => [
          address,
          groups.size + index < GROUPS_MAX
            ? await access.group(address)
            : unknown(`more than ${GROUPS_MAX} groups are in use`),
        ],
      ),
    );
    const below = new Set<string>();
    for (const [address, group] of replies) {
      groups.set(address, group);
      for (const inside of groupsIn(group)) below.add(inside);
    }
    // Of what is beyond the limit, the groups inside are not known, so this comes to an end.
    level = [...below].filter((address) => !groups.has(address));
  }
  return Object.fromEntries(groups);
}

function groupsIn(group: Fact<GroupReply>): readonly string[] {
  if (group.kind === 'unknown') return [];
  return group.value.members.flatMap((member) => groupOf(member) ?? []);
}
