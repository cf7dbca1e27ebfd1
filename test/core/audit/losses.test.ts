import { describe, expect, it } from 'vitest';
import { CHECKS, runChecks } from '../../../shared/core/audit/index.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { type AuditSettings, DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import { type Fact, known, unknown } from '../../../shared/core/fact.ts';
import type { FindingStatus } from '../../../shared/core/finding.ts';
import { bind, NOW_MS } from './replies.ts';

const REFUSED = unknown('403');

function mapped<T>(fact: Fact<readonly T[]>, change: (each: T) => T): Fact<readonly T[]> {
  return fact.kind === 'known' ? known(fact.value.map(change)) : fact;
}

/** Ways to lose a read beside those of single checks. */
const LOSSES: Readonly<Record<string, (all: AuditReplies) => AuditReplies>> = {
  'the project itself': (all) => ({ ...all, identity: REFUSED }),
  'what is above the project': (all) => ({ ...all, ancestors: REFUSED }),
  'the policies above the project': (all) => ({
    ...all,
    ancestors: mapped(all.ancestors, (each) => ({ ...each, policy: REFUSED })),
  }),
  'the organisation': (all) => ({ ...all, organization: REFUSED }),
  'the constraint on public buckets': (all) => ({
    ...all,
    orgPolicies: { ...all.orgPolicies, 'storage.publicAccessPrevention': REFUSED },
  }),
  'the policies of accounts': (all) => ({
    ...all,
    accounts: mapped(all.accounts, (each) => ({ ...each, policy: REFUSED })),
  }),
  'the list of accounts': (all) => ({ ...all, accounts: REFUSED }),
  'the policy of the project': (all) => ({ ...all, projectPolicy: REFUSED }),
  'the policies of repositories': (all) => ({
    ...all,
    locations: mapped(all.locations, (location) => ({
      ...location,
      repositories: mapped(location.repositories, (each) => ({ ...each, policy: REFUSED })),
    })),
  }),
  'the settings of repositories': (all) => ({
    ...all,
    locations: mapped(all.locations, (location) => ({
      ...location,
      repositories: mapped(location.repositories, (each) => ({
        ...each,
        repository: {
          ...each.repository,
          cleanupPolicies: REFUSED,
          scanning: { config: null, state: null, reason: null },
        },
      })),
    })),
  }),
  'the list of locations': (all) => ({ ...all, locations: REFUSED }),
  'the members of groups': (all) => ({
    ...all,
    groups: Object.fromEntries(Object.keys(all.groups).map((address) => [address, REFUSED])),
  }),
  'the roles': (all) => ({
    ...all,
    roles: Object.fromEntries(Object.keys(all.roles).map((role) => [role, REFUSED])),
  }),
  'the policy of the topic': (all) => ({ ...all, topicPolicy: REFUSED }),
  'the state of the move': (all) => ({ ...all, redirection: REFUSED }),
};

const EXAMPLES = CHECKS.flatMap(({ id, examples }) =>
  examples.map(({ title, replies, settings }) => ({
    title: `${id}: ${title}`,
    replies: replies(),
    settings: { ...DEFAULT_AUDIT_SETTINGS, ...settings },
  })),
);

function fingerprints(all: AuditReplies, settings: AuditSettings, status: FindingStatus): readonly string[] {
  return runChecks(all, NOW_MS, settings)
    .filter((finding) => finding.status === status)
    .map(({ check, fingerprint }) => `${check} ${fingerprint}`);
}

describe.each(Object.entries(LOSSES))('losing %s', (_name, lose) => {
  it('turns nothing to PASS in the example of any check', () => {
    const turned = EXAMPLES.flatMap(({ title, replies, settings }) => {
      const before = new Set(fingerprints(replies, settings, 'PASS'));
      return fingerprints(lose(replies), settings, 'PASS')
        .filter((each) => !before.has(each))
        .map((each) => `${title}: ${each}`);
    });
    expect(turned).toEqual([]);
  });
});

/** What fails because somebody lacks a right is mended by giving it. */
const LACKING = ['bucket-legacy-role', 'notification-right'];

describe('one more binding on the project', () => {
  it.each([
    'allUsers',
    'user:ada@example.com',
    'user:ada@gmail.com',
    'serviceAccount:ci@acme.iam.gserviceaccount.com',
    'serviceAccount:service-123456789012@gcp-sa-artifactregistry.iam.gserviceaccount.com',
  ])('of %s takes no FAIL away in the example of any check, unless a right is lacking', (member) => {
    const gone = EXAMPLES.flatMap(({ title, replies, settings }) => {
      if (replies.projectPolicy.kind === 'unknown') return [];
      const { bindings } = replies.projectPolicy.value;
      return ['roles/owner', 'roles/storage.objectViewer', 'roles/nobody.knows'].flatMap((role) => {
        const wider = {
          ...replies,
          projectPolicy: known({ ...replies.projectPolicy, bindings: [...bindings, bind(role, member)] }),
        };
        const after = new Set(fingerprints(wider, settings, 'FAIL'));
        return fingerprints(replies, settings, 'FAIL')
          .filter((each) => !after.has(each) && !LACKING.some((check) => each.startsWith(`${check} `)))
          .map((each) => `${title} with ${role}: ${each}`);
      });
    });
    expect(gone).toEqual([]);
  });
});
