import { describe, expect, it } from 'vitest';
import { allNodes } from '../../../shared/core/audit/account-binding.ts';
import { grants } from '../../../shared/core/audit/grants.ts';
import { accessGraph } from '../../../shared/core/audit/graph.ts';
import { CHECKS, runChecks } from '../../../shared/core/audit/index.ts';
import { convenienceOf, isPublic } from '../../../shared/core/audit/member.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { type AuditSettings, DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import { workingKeys } from '../../../shared/core/audit/working-key.ts';
import { known } from '../../../shared/core/fact.ts';
import type { Finding } from '../../../shared/core/finding.ts';
import { checkProperty } from '../property.ts';
import { applyRemediation } from './estate-model.ts';
import { randomReplies } from './random-replies.ts';
import { bind, bucketWith, NOW_MS, repliesWith, repositoryWith } from './replies.ts';

function failing(
  replies: AuditReplies,
  settings: AuditSettings = DEFAULT_AUDIT_SETTINGS,
): readonly Finding[] {
  return runChecks(replies, NOW_MS, settings).filter(({ status }) => status === 'FAIL');
}

/** One access a line: who can do what to what, under which condition, and by which binding. */
function accesses(replies: AuditReplies): { readonly access: string; readonly by: readonly string[] }[] {
  return [...grants(accessGraph(replies))].flatMap(({ member, abilities, on, path, condition }) =>
    (abilities.kind === 'known' ? abilities.value : ['?']).flatMap((ability) =>
      on.map((resource) => ({
        access: JSON.stringify([member, ability, resource, condition]),
        by: path,
      })),
    ),
  );
}

/** The binding of a finding as the path of a grant writes it. */
function stepOf({ evidence: { binding } }: Finding, replies: AuditReplies): string | null {
  if (binding === null) return null;
  const graph = accessGraph(replies);
  const node = allNodes(graph).find(({ resource }) => resource === binding.on);
  return `${binding.role} on ${node?.label}`;
}

/**
 * Carries a remedy out and says everything that is wrong with what comes of it; nothing for one that leaves all to
 * the reader.
 */
function problemsOf(
  finding: Finding,
  before: AuditReplies,
  settings: AuditSettings = DEFAULT_AUDIT_SETTINGS,
): string[] {
  const { steps } = finding.remediation;
  const hasCommand = steps.some(({ gcloud }) => gcloud.length > 0);
  // Where one step is left to the reader because no command is safe, the others alone close nothing.
  const isWhole = !steps.some(({ say }) => say.startsWith('There is no command for this'));
  if (!hasCommand || !isWhole) return [];
  const problems: string[] = [];
  let after = before;
  let open: Finding | undefined = finding;
  // One remedy may be only the way to the next: a registry is moved before its bucket goes.
  for (let round = 0; round < 2 && open !== undefined; round += 1) {
    after = applyRemediation(after, open.remediation, NOW_MS);
    open = failing(after, settings).find(({ fingerprint }) => fingerprint === finding.fingerprint);
  }
  if (open !== undefined) problems.push(`still open: ${open.evidence.sentence}`);
  const known = new Set(failing(before, settings).map(({ fingerprint }) => fingerprint));
  // Deleting a key that lies in pull secrets leaves those; they are told of already, by the key that is in them.
  const inSecrets = failing(before).some(({ check }) => check === 'pull-secret-key');
  for (const other of failing(after, settings)) {
    if (inSecrets && other.check === 'pull-secret-key-gone') continue;
    if (!known.has(other.fingerprint)) problems.push(`opened: ${other.check} ${other.evidence.sentence}`);
  }
  return [...problems, ...lostAccess(finding, before, after), ...lostKeys(finding, before, after)];
}

function lostAccess(finding: Finding, before: AuditReplies, after: AuditReplies): string[] {
  // A role on the bucket lets do with every object what its list for new objects does with those.
  const kept = new Set(
    accesses(after).map(({ access }) => access.replace('new objects in bucket', 'bucket')),
  );
  const meant = stepOf(finding, before);
  const member = finding.evidence.binding?.member ?? '';
  return accesses(before).flatMap(({ access, by }) => {
    if (kept.has(access.replace('new objects in bucket', 'bucket'))) return [];
    if (isOfAccount(finding, access)) return [];
    if (isInMeantList(finding, access, by)) return [];
    const [who = '', ability = '', on = ''] = JSON.parse(access) as string[];
    if (
      finding.check === 'legacy-bucket-left' &&
      finding.resource.endsWith(on.replace(/^(?:new objects in )?bucket /, '/'))
    )
      return [];
    // Whoever came by the binding of a convenience member loses with it; the member itself is who is named.
    const isMeant =
      by.some((step) => step === meant) &&
      (who === member || convenienceOf(member) !== null || by.length > 1);
    const mayKeep =
      by.length === 1 && on.startsWith('repository') && (ability === 'read' || ability === 'push');
    const isWide =
      finding.check === 'broad-project-grant' &&
      convenienceOf(member) === null &&
      !member.startsWith('deleted:') &&
      !isPublic(who);
    if (isMeant && !(isWide && mayKeep && !isAgent(member))) return [];
    return [`lost: ${access} by ${by.join(' > ')}`];
  });
}

/** An entry of an access control list that the finding names; or one that a step says is lost where lists count no longer. */
function isInMeantList(finding: Finding, access: string, by: readonly string[]): boolean {
  const [, list] = / in the ((?:default object )?access control list of .*)$/.exec(by.at(-1) ?? '') ?? [];
  if (list === undefined) return false;
  const { check, evidence, remediation } = finding;
  const [who = ''] = JSON.parse(access) as string[];
  if (check === 'bucket-uniform-access') {
    const says = remediation.steps.at(-1)?.say ?? '';
    return [who, ...by.map((step) => step.replace(/^in /, ''))].some((name) => says.includes(` ${name} (`));
  }
  const [named = ''] = evidence.sentence.split(' has ');
  return evidence.sentence.includes(`in the ${list}`) && (who === named || by.includes(`in ${named}`));
}

/** An account that goes, or is off already, loses what it may do, and nobody can act as one that is gone. */
function isOfAccount({ check, resource }: Finding, access: string): boolean {
  const email = resource.slice(resource.lastIndexOf('/') + 1);
  const [who, , on] = JSON.parse(access) as string[];
  const isIts = who === `serviceAccount:${email}`;
  return (
    (check === 'account-disabled' && isIts) ||
    (check === 'account-unused' && (isIts || on === `account ${email}`))
  );
}

function isAgent(member: string): boolean {
  return /@(?:gcp-sa-|containerregistry|cloudservices)/.test(member);
}

/** Checks whose remedy leaves an account without a key, and says what to do first: what uses it needs none. */
const ENDS_KEYS = [
  'account-disabled',
  'account-unused',
  'key-avoidable',
  'key-exposed',
  'key-of-admin',
  'key-of-default-account',
  'key-unused',
  'pull-secret-key',
];

/** Keys that were not meant are as they were, and an account with a working key still has one. */
function lostKeys(finding: Finding, before: AuditReplies, after: AuditReplies): string[] {
  if (before.accounts.kind === 'unknown' || after.accounts.kind === 'unknown') return [];
  const problems: string[] = [];
  for (const reply of before.accounts.value) {
    const { account, keys } = reply;
    if (keys.kind === 'unknown') continue;
    const same = after.accounts.value.find((each) => each.account.email === account.email);
    const keysAfter = same?.keys.kind === 'known' ? same.keys.value : [];
    const isOfAccount = finding.resource.endsWith(`/serviceAccounts/${account.email}`);
    for (const key of keys.value) {
      const isMeant = isOfAccount || finding.resource.endsWith(`/keys/${key.id}`);
      if (!isMeant && !keysAfter.some((one) => JSON.stringify(one) === JSON.stringify(key)))
        problems.push(`lost key ${key.id}`);
    }
    if (ENDS_KEYS.includes(finding.check)) continue;
    const left = same === undefined ? [] : workingKeys(same, NOW_MS).keys;
    if (workingKeys(reply, NOW_MS).keys.length > 0 && left.length === 0)
      problems.push(`${account.email} has no working key left`);
  }
  return problems;
}

const WITH_CONDITION = {
  ...bind('roles/artifactregistry.repoAdmin', 'user:ada@example.com', 'user:bob@example.com'),
  condition: { expression: 'request.time < timestamp("2027-01-01")', title: "it's, so", description: 'a, b' },
};

const CASES: readonly (readonly [title: string, replies: AuditReplies, different: Partial<AuditSettings>])[] =
  [
    ...CHECKS.flatMap(({ id, examples }) =>
      examples.map(({ title, replies, settings }) => [`${id}: ${title}`, replies(), settings ?? {}] as const),
    ),
    [
      'a conditional binding with two members beside one without the condition',
      repliesWith({
        projectPolicy: known({
          bindings: [WITH_CONDITION, { ...WITH_CONDITION, condition: null }],
        }),
        locations: known([repositoryWith(WITH_CONDITION)]),
      }),
      {},
    ],
    [
      'a registry that has not moved',
      repliesWith({
        redirection: known('REDIRECTION_FROM_GCR_IO_DISABLED'),
        projectPolicy: known({ bindings: [bind('roles/storage.admin', 'user:ada@example.com')] }),
        buckets: [bucketWith([bind('roles/storage.objectViewer', 'allUsers', 'user:bob@example.com')])],
      }),
      {},
    ],
  ];

describe('a remedy, carried out, closes its finding, opens no other and takes no access that was fine', () => {
  it.each(CASES)('%s', (_title, replies, different) => {
    const settings = { ...DEFAULT_AUDIT_SETTINGS, ...different };
    expect(failing(replies, settings).flatMap((finding) => problemsOf(finding, replies, settings))).toEqual(
      [],
    );
  });

  it('in any project', { timeout: 120_000 }, () => {
    checkProperty(
      randomReplies,
      (replies) => {
        expect(failing(replies).flatMap((finding) => problemsOf(finding, replies))).toEqual([]);
      },
      300,
    );
  });
});

describe('a pusher of a registry that has not moved', () => {
  it('gets the buckets before the wide role goes', () => {
    const [, replies] = CASES.at(-1) ?? ['', repliesWith()];
    const [finding] = failing(replies).filter(({ check }) => check === 'broad-project-grant');
    expect(finding?.remediation.steps.flatMap(({ gcloud }) => gcloud)).toEqual([
      'gcloud storage buckets add-iam-policy-binding gs://artifacts.acme.appspot.com --member=user:ada@example.com --role=roles/storage.objectUser --condition=None',
      'gcloud storage buckets add-iam-policy-binding gs://artifacts.acme.appspot.com --member=user:ada@example.com --role=roles/storage.legacyBucketReader --condition=None',
      'gcloud projects remove-iam-policy-binding acme --member=user:ada@example.com --role=roles/storage.admin --condition=None',
    ]);
  });
});

describe('remedies that leave all to the reader', () => {
  it('are these, and no example else', () => {
    const byHand = CHECKS.flatMap(({ id, examples }) =>
      examples.flatMap(({ title, replies, settings }) =>
        failing(replies(), { ...DEFAULT_AUDIT_SETTINGS, ...settings })
          .filter(
            ({ check, remediation }) =>
              check === id && remediation.steps.every(({ gcloud }) => gcloud.length === 0),
          )
          .map(() => `${id}: ${title}`),
      ),
    );
    expect(byHand).toEqual([
      'cleanup-missing: No cleanup policy, and none of ours that selects it',
      'legacy-bucket-left: A bucket that images are being copied from: told of, with no command',
      // These have their Terraform: gcloud can only write a whole policy, which loses conditions.
      'pulls-not-logged: Data access is not logged',
      'pulls-not-logged: Only writing is logged',
    ]);
  });
});
