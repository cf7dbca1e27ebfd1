import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runChecks } from '../../../shared/core/audit/index.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import type { FindingStatus } from '../../../shared/core/finding.ts';
import { checkProperty } from '../property.ts';
import { CUSTOM, randomBinding, randomReplies } from './random-replies.ts';
import { NOW_MS } from './replies.ts';

const REFUSED = unknown('403');

/** Every way to lose one read. */
const LOSSES: Readonly<Record<string, (all: AuditReplies) => AuditReplies>> = {
  'the policy of the project': (all) => ({ ...all, projectPolicy: REFUSED }),
  'the list of accounts': (all) => ({ ...all, accounts: REFUSED }),
  'the keys of an account': (all) => ({
    ...all,
    accounts:
      all.accounts.kind === 'known'
        ? known(all.accounts.value.map((each) => ({ ...each, keys: REFUSED })))
        : all.accounts,
  }),
  'the policies on accounts': (all) => ({
    ...all,
    accounts:
      all.accounts.kind === 'known'
        ? known(all.accounts.value.map((each) => ({ ...each, policy: REFUSED })))
        : all.accounts,
  }),
  'what is above the project': (all) => ({ ...all, ancestors: REFUSED, organization: REFUSED }),
  'the policy of a folder': (all) => ({
    ...all,
    ancestors:
      all.ancestors.kind === 'known'
        ? known(all.ancestors.value.map((each) => ({ ...each, policy: REFUSED })))
        : all.ancestors,
  }),
  'the clusters': (all) => ({ ...all, clusters: REFUSED }),
  'the policy of the topic': (all) => ({ ...all, topicPolicy: REFUSED }),
  'the last use of accounts': (all) => ({ ...all, accountActivity: REFUSED }),
  'the last use of keys': (all) => ({ ...all, keyActivity: REFUSED }),
  'the list of locations': (all) => ({ ...all, locations: REFUSED }),
  'the list of repositories': (all) => ({
    ...all,
    locations: known([{ location: 'europe-west1', repositories: REFUSED }]),
  }),
  'a bucket': (all) => ({
    ...all,
    buckets: all.buckets.map((each) => ({ ...each, bucket: REFUSED, policy: each.policy ?? REFUSED })),
  }),
  'the policy of a bucket': (all) => ({
    ...all,
    buckets: all.buckets.map((each) => ({ ...each, policy: each.policy === null ? null : REFUSED })),
  }),
  'the state of the move': (all) => ({ ...all, redirection: REFUSED }),
  'a custom role': (all) => ({ ...all, roles: { [CUSTOM]: REFUSED } }),
};

function fingerprints(all: AuditReplies, status: FindingStatus): string[] {
  return runChecks(all, NOW_MS, DEFAULT_AUDIT_SETTINGS)
    .filter((finding) => finding.status === status)
    .map(({ fingerprint }) => fingerprint);
}

function shuffled(all: AuditReplies): AuditReplies {
  const reverse = (policy: AuditReplies['projectPolicy']) =>
    policy.kind === 'known'
      ? known({
          bindings: policy.value.bindings
            .map((each) => ({ ...each, members: [...each.members].reverse() }))
            .reverse(),
        })
      : policy;
  return {
    ...all,
    projectPolicy: reverse(all.projectPolicy),
    buckets: all.buckets.map((each) => ({ ...each, policy: each.policy && reverse(each.policy) })).reverse(),
    accounts:
      all.accounts.kind === 'known'
        ? known(
            all.accounts.value.map(({ keys, ...rest }) => ({
              ...rest,
              keys: keys.kind === 'known' ? known([...keys.value].reverse()) : keys,
            })),
          )
        : all.accounts,
  };
}

describe('the audit fails closed', () => {
  it.each(Object.entries(LOSSES))('losing %s turns nothing to PASS', (_name, lose) => {
    checkProperty(randomReplies, (all) => {
      const before = new Set(fingerprints(all, 'PASS'));
      expect(fingerprints(lose(all), 'PASS').filter((each) => !before.has(each))).toEqual([]);
    });
  });

  it('adding a binding takes no FAIL away, unless a right is lacking', () => {
    checkProperty(fc.tuple(randomReplies, randomBinding), ([all, added]) => {
      const wider: AuditReplies = {
        ...all,
        projectPolicy:
          all.projectPolicy.kind === 'known'
            ? known({ bindings: [...all.projectPolicy.value.bindings, added] })
            : all.projectPolicy,
      };
      const after = new Set(fingerprints(wider, 'FAIL'));
      const gone = runChecks(all, NOW_MS, DEFAULT_AUDIT_SETTINGS).filter(
        ({ status, fingerprint }) => status === 'FAIL' && !after.has(fingerprint),
      );
      // Whoever has a role that reads nothing is mended by one that does.
      expect(gone.filter(({ check }) => check !== 'bucket-legacy-role')).toEqual([]);
    });
  });

  it('the order of replies never matters', () => {
    checkProperty(randomReplies, (all) => {
      const judge = (each: AuditReplies) => runChecks(each, NOW_MS, DEFAULT_AUDIT_SETTINGS);
      expect(judge(shuffled(all))).toEqual(judge(all));
    });
  });
});
