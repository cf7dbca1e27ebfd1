import { FINDING_STATUSES, type Finding, SEVERITIES } from '../finding.ts';
import type { AuditCase, Check } from './check.ts';
import { accountDeleted } from './checks/account-deleted.ts';
import { accountDisabled } from './checks/account-disabled.ts';
import { accountUnused } from './checks/account-unused.ts';
import { broadProjectGrant } from './checks/broad-project-grant.ts';
import { bucketLegacyRole } from './checks/bucket-legacy-role.ts';
import { bucketPublicAccessPrevention } from './checks/bucket-public-access-prevention.ts';
import { bucketUniformAccess } from './checks/bucket-uniform-access.ts';
import { cleanupConflict } from './checks/cleanup-conflict.ts';
import { cleanupIdle } from './checks/cleanup-idle.ts';
import { cleanupMissing } from './checks/cleanup-missing.ts';
import { containerRegistryAgent } from './checks/container-registry-agent.ts';
import { externalMember } from './checks/external-member.ts';
import { immutableTags } from './checks/immutable-tags.ts';
import { impersonation } from './checks/impersonation.ts';
import { keyAge } from './checks/key-age.ts';
import { keyAvoidable } from './checks/key-avoidable.ts';
import { keyDisabled } from './checks/key-disabled.ts';
import { keyExposed } from './checks/key-exposed.ts';
import { keyNeverExpires } from './checks/key-never-expires.ts';
import { keyOfAdmin } from './checks/key-of-admin.ts';
import { keyOfDefaultAccount } from './checks/key-of-default-account.ts';
import { keySeveral } from './checks/key-several.ts';
import { keyUnused } from './checks/key-unused.ts';
import { legacyBucketGrant } from './checks/legacy-bucket-grant.ts';
import { legacyBucketLeft } from './checks/legacy-bucket-left.ts';
import { notificationRight } from './checks/notification-right.ts';
import { publicAccess } from './checks/public-access.ts';
import { pullSecretKey } from './checks/pull-secret-key.ts';
import { pullSecretKeyGone } from './checks/pull-secret-key-gone.ts';
import { pullSecretUnused } from './checks/pull-secret-unused.ts';
import { pullsNotLogged } from './checks/pulls-not-logged.ts';
import { pusherDeletes } from './checks/pusher-deletes.ts';
import { scanningOff } from './checks/scanning-off.ts';
import { type AccessGraph, accessGraph } from './graph.ts';
import type { AuditReplies } from './replies.ts';
import type { AuditSettings } from './settings.ts';

/** Every check, by id. */
export const CHECKS: readonly Check[] = [
  accountDeleted,
  accountDisabled,
  accountUnused,
  broadProjectGrant,
  bucketLegacyRole,
  bucketPublicAccessPrevention,
  bucketUniformAccess,
  cleanupConflict,
  cleanupIdle,
  cleanupMissing,
  containerRegistryAgent,
  externalMember,
  immutableTags,
  impersonation,
  keyAge,
  keyAvoidable,
  keyDisabled,
  keyExposed,
  keyNeverExpires,
  keyOfAdmin,
  keyOfDefaultAccount,
  keySeveral,
  keyUnused,
  legacyBucketGrant,
  legacyBucketLeft,
  notificationRight,
  publicAccess,
  pullSecretKey,
  pullSecretKeyGone,
  pullSecretUnused,
  pullsNotLogged,
  pusherDeletes,
  scanningOff,
];

/**
 * Asks every check about what was read. The same replies give the same findings in the same order: what
 * fails first, then what could not be seen, each by severity, check and resource.
 * @param graph that of the replies, where it is there already
 */
export function runChecks(
  replies: AuditReplies,
  nowMs: number,
  settings: AuditSettings,
  graph: AccessGraph = accessGraph(replies),
): readonly Finding[] {
  const audit: AuditCase = { replies, graph, nowMs, settings };
  const sorted = CHECKS.flatMap((check) => check.run(audit)).sort(compareFindings);
  // A policy may name a member twice. The worst answer is the first, and one is enough.
  const seen = new Set<string>();
  return sorted.filter(({ fingerprint }) => !seen.has(fingerprint) && seen.add(fingerprint));
}

/** What asks for somebody first: by status, then severity, then name. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    FINDING_STATUSES.indexOf(a.status) - FINDING_STATUSES.indexOf(b.status) ||
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    compareTexts(a.check, b.check) ||
    compareTexts(a.resource, b.resource) ||
    compareTexts(a.evidence.sentence, b.evidence.sentence) ||
    compareTexts(a.fingerprint, b.fingerprint)
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
