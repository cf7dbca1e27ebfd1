import {
  type BucketContents,
  holdsImages,
  type IamPolicy,
  registryBucketNames,
  type ServiceAccount,
} from '../core/audit/access.ts';
import { groupsInAcls } from '../core/audit/bucket-acl.ts';
import { groupsToRead } from '../core/audit/graph.ts';
import {
  type AncestorReply,
  ORG_CONSTRAINTS,
  type OrgConstraint,
  type OrgPolicy,
  type ProjectIdentity,
} from '../core/audit/hierarchy.ts';
import type { PullSecretReading } from '../core/audit/pull-secret.ts';
import type { AccountReply, AuditReplies, BucketReply, LocationReply } from '../core/audit/replies.ts';
import { type Fact, known, unknown } from '../core/fact.ts';
import type { GoogleAccess } from '../ports.ts';
import { NamedReads } from './named-reads.ts';

/** The topic that Artifact Registry publishes to: it has no other. */
const TOPIC = 'gcr';

/** Reads all that the checks ask for, as much as possible at the same time. */
export async function readAccess(
  google: GoogleAccess,
  project: string,
  nowMs: number,
  readPullSecrets: () => Promise<PullSecretReading | null> = async () => null,
): Promise<AuditReplies> {
  const named = new NamedReads(google);
  const access = beginningNamed(google, named);
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
  const roles = await named.rolesOf(policies);
  const groups = await named.groupsOf([...groupsToRead(policies, roles), ...groupsInAcls(buckets)]);
  await named.ended();
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
    groups,
    roles,
    pullSecrets,
  };
}

/** The same reads; whatever policy comes, what it names is begun with. */
function beginningNamed(access: GoogleAccess, named: NamedReads): GoogleAccess {
  return {
    ...access,
    projectPolicy: async (project) => named.begin(await access.projectPolicy(project)),
    ancestorPolicy: async (name) => named.begin(await access.ancestorPolicy(name)),
    serviceAccountPolicy: async (project, email) =>
      named.begin(await access.serviceAccountPolicy(project, email)),
    repositoryPolicy: async (name) => named.begin(await access.repositoryPolicy(name)),
    bucketPolicy: async (name) => named.begin(await access.bucketPolicy(name)),
    topicPolicy: async (project, topic) => named.begin(await access.topicPolicy(project, topic)),
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
