import { holdsImages, registryBucketNames } from '../core/audit/access.ts';
import { rolesToRead } from '../core/audit/graph.ts';
import type { AccountReply, AuditReplies, BucketReply, LocationReply } from '../core/audit/replies.ts';
import { type AuditReport, auditReport } from '../core/audit/report.ts';
import type { AuditSettings } from '../core/audit/settings.ts';
import { type Fact, known, unknown } from '../core/fact.ts';
import type { FindingStatus } from '../core/finding.ts';
import type { Clock, FindingLedger, GoogleAccess, Logger } from '../ports.ts';

/** What the audit works with. */
export interface AuditPorts {
  readonly access: GoogleAccess;
  readonly ledger: FindingLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** More custom roles than this in one project's policies are not read, and count as unknown. */
const ROLES_MAX = 500;

/**
 * Reads who may do what in a project, judges it, and keeps the findings. What can't be read makes what
 * depends on it unknown; it never ends the audit.
 * @throws whatever the ledger throws when the findings can't be saved
 */
export async function auditProject(
  ports: AuditPorts,
  project: string,
  settings: AuditSettings,
): Promise<AuditReport> {
  const { ledger, clock, logger } = ports;
  const replies = await readAccess(ports.access, project);
  const report = auditReport(replies, clock(), settings);
  await ledger.saveFindings(project, report.atMs, report.findings);
  const count = (status: FindingStatus): number =>
    report.findings.filter((finding) => finding.status === status).length;
  logger.log('INFO', 'audit finished', {
    project,
    failing: count('FAIL'),
    unknown: count('UNKNOWN'),
    passing: count('PASS'),
    keys: report.keys.length,
  });
  return report;
}

/** Reads all that the checks ask for, as much as possible at the same time. */
export async function readAccess(access: GoogleAccess, project: string): Promise<AuditReplies> {
  const [projectPolicy, accounts, keyActivity, locations, buckets, redirection] = await Promise.all([
    access.projectPolicy(project),
    readAccounts(access, project),
    access.keyActivity(project),
    readLocations(access, project),
    Promise.all(registryBucketNames(project).map((name) => readBucket(access, name))),
    access.redirection(project),
  ]);
  const roles = rolesToRead([
    projectPolicy,
    ...buckets.flatMap(({ policy }) => (policy === null ? [] : [policy])),
    ...repositoriesOf(locations).map(({ policy }) => policy),
  ]);
  const permissions = await Promise.all(
    roles.map(
      async (role, index): Promise<[string, Fact<readonly string[]>]> => [
        role,
        index < ROLES_MAX
          ? await access.rolePermissions(role)
          : unknown(`more than ${ROLES_MAX} custom roles are in use`),
      ],
    ),
  );
  return {
    version: 1,
    project,
    projectPolicy,
    accounts,
    keyActivity,
    locations,
    buckets,
    redirection,
    roles: Object.fromEntries(permissions),
  };
}

async function readAccounts(access: GoogleAccess, project: string): Promise<Fact<readonly AccountReply[]>> {
  const accounts = await access.serviceAccounts(project);
  if (accounts.kind === 'unknown') return accounts;
  return known(
    await Promise.all(
      accounts.value.map(async (account) => ({
        account,
        keys: await access.serviceAccountKeys(project, account.email),
      })),
    ),
  );
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

function repositoriesOf(locations: Fact<readonly LocationReply[]>) {
  if (locations.kind === 'unknown') return [];
  return locations.value.flatMap(({ repositories }) =>
    repositories.kind === 'known' ? repositories.value : [],
  );
}

async function readBucket(access: GoogleAccess, name: string): Promise<BucketReply> {
  const [bucket, policy] = await Promise.all([access.bucket(name), access.bucketPolicy(name)]);
  return { name, bucket, policy: bucket.kind === 'known' && bucket.value === null ? null : policy };
}
