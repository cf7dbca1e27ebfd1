import { describe, expect, it } from 'vitest';
import { known } from '../../shared/core/fact.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { policyWarnings } from '../../shared/core/policy-warnings.ts';

const NOW_MS = Date.UTC(2026, 10, 21);
const DIGEST = `sha256:${'0'.repeat(64)}`;
const KEEP_TWO = '{ k: { state: tagged } }, { m: { tags: { glob: "a-*" }, newest: 3 } }';

/** Warnings of one policy, `CODE rule`, from its rules. */
function warnings(keep: string | null, del: string | null, beside = ''): string[] {
  const text = [
    'apiVersion: gcr-warden/v1\npolicy: p\nrepositories: ["**"]',
    ...(keep === null ? [] : [`keep: [${keep}]`]),
    ...(del === null ? [] : [`delete: [${del}]`]),
    beside,
  ].join('\n');
  const { policies, problems } = parsePolicyFile({ file: 'a.yaml', text, gitRevision: known('0123456') });
  expect(problems).toEqual([]);
  const found = policyWarnings(policies, NOW_MS);
  expect(policyWarnings(policies.toReversed(), NOW_MS)).toEqual(found);
  for (const { message, policy, rule } of found) {
    expect(message).toContain(policy);
    if (rule !== null) expect(message).toContain(rule);
  }
  return found.map(({ code, rule }) => `${code} ${rule ?? '-'}`);
}

const BESIDE =
  '---\napiVersion: gcr-warden/v1\npolicy: q\nrepositories: ["**"]\ndelete: [{ z: { olderThan: 1d } }]\n';

const rows: readonly (readonly [
  title: string,
  keep: string | null,
  del: string | null,
  warnings: readonly string[],
])[] = [
  [
    'says nothing of the policy that the language page begins with',
    '{ a: { tags: { semver: ">=1.0.0" }, newest: 10, per: minor } }, { b: { inUse: true } }, { c: { pulledWithin: 30d } }',
    '{ d: { untaggedFor: 7d } }, { e: { tags: { regex: "^pr-(?<pr>[0-9]+)" }, olderThan: 14d } }',
    [],
  ],
  [
    'a policy whose keep rule keeps everything',
    '{ k: { all: true } }',
    '{ d: { olderThan: 1d } }',
    ['NEVER_DELETES -'],
  ],
  [
    'a policy whose keep rules each keep what one delete rule names',
    '{ k: { state: tagged } }, { l: { state: untagged } }',
    '{ d: { tags: { glob: "a-*" } } }, { e: { untaggedFor: 7d } }',
    ['NEVER_DELETES -'],
  ],
  [
    'a delete rule of images that a keep rule keeps at a lower age',
    '{ k: { tags: { glob: ["a-*", "b-*"] }, olderThan: 7d } }',
    '{ d: { tags: { glob: "a-*" }, olderThan: 14d } }, { e: { untaggedFor: 7d } }',
    ['RULE_NEVER_DELETES d'],
  ],
  [
    'no delete rule of images that are older than those kept',
    '{ k: { newerThan: 7d } }',
    '{ d: { olderThan: 3d } }',
    [],
  ],
  [
    'a delete rule of digests that a keep rule names',
    `{ k: { digests: "${DIGEST}" } }`,
    `{ d: { digests: "${DIGEST}" } }`,
    ['NEVER_DELETES -'],
  ],
  [
    'nothing of keep rules that keep some of what is named',
    '{ k: { newest: 3 } }',
    '{ d: { olderThan: 1d } }',
    [],
  ],
  [
    'nothing of a freeze that ends',
    '{ k: { all: true, until: 2027-06-01 } }',
    '{ d: { olderThan: 1d } }',
    [],
  ],
  [
    'a freeze that ended',
    '{ k: { all: true, until: 2026-11-01 } }',
    '{ d: { olderThan: 1d } }',
    ['HOLD_ENDED k'],
  ],
  [
    'a freeze that ends within a week',
    '{ k: { all: true, until: 2026-11-26 } }',
    '{ d: { olderThan: 1d } }',
    ['HOLD_ENDS_SOON k'],
  ],
  ['a policy without delete rules, and none beside it', '{ k: { newest: 3 } }', null, ['NEVER_DELETES -']],
  [
    'a keep rule of untagged images where only tagged ones go',
    '{ k: { state: untagged } }',
    '{ d: { tags: { glob: "a-*" } } }',
    ['KEEP_NEVER_MATTERS k'],
  ],
  [
    'a keep rule of images that are too young to go',
    '{ k: { newerThan: 2d } }',
    '{ d: { olderThan: 7d } }, { e: { untaggedFor: 1d, olderThan: 2d } }',
    ['KEEP_NEVER_MATTERS k'],
  ],
  [
    'a keep rule of images that were pulled too lately to go',
    '{ k: { pulledWithin: 2d } }',
    '{ d: { notPulledFor: 7d } }',
    ['KEEP_NEVER_MATTERS k'],
  ],
  ['a keep rule within another', KEEP_TWO, '{ d: { olderThan: 1d } }', ['KEEP_COVERED m']],
  [
    'the later one of two equal keep rules',
    '{ k: { state: tagged } }, { m: { state: tagged } }',
    '{ d: { olderThan: 1d } }',
    ['KEEP_COVERED m'],
  ],
  [
    'nothing of a rule that keeps longer than another, which ends',
    '{ k: { state: tagged, until: 2027-06-01 } }, { m: { tags: { glob: "a-*" } } }',
    '{ d: { olderThan: 1d } }',
    [],
  ],
  [
    'a keep rule whose pattern matches every tag',
    '{ k: { tags: { glob: "*" }, newest: 3 } }, { l: { tags: { regex: "^(v)?" }, newest: 2 } }',
    '{ d: { olderThan: 1d } }',
    ['MATCHES_EVERY_TAG k', 'MATCHES_EVERY_TAG l'],
  ],
];

describe('warnings from the policies alone', () => {
  it.each(rows)('%s', (_title, keep, del, expected) => {
    expect(warnings(keep, del)).toEqual(expected);
  });

  it('says nothing of a policy that only keeps where one beside it deletes', () => {
    expect(warnings('{ k: { newest: 3 } }', null, BESIDE)).toEqual([]);
  });

  it('holds a keep rule against the delete rules of all policies', () => {
    expect(warnings('{ k: { state: untagged } }', '{ d: { tags: { glob: "a-*" } } }', BESIDE)).toEqual([]);
  });

  it('takes a millisecond for each of a thousand policies at most', () => {
    const one = (at: number): string =>
      `apiVersion: gcr-warden/v1\npolicy: p${at}\nrepositories: ["**"]\nkeep: [${KEEP_TWO}]\ndelete: [{ d: { olderThan: ${at + 1}d } }]\n`;
    const policies = Array.from(
      { length: 1000 },
      (_, at) =>
        parsePolicyFile({ file: `${at}.yaml`, text: one(at), gitRevision: known('0123456') }).policies,
    ).flat();
    expect(policyWarnings(policies, NOW_MS)).toHaveLength(1000);
  });
});
