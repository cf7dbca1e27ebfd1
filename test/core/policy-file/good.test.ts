import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { known } from '../../../shared/core/fact.ts';
import { sha256 } from '../../../shared/core/hash.ts';
import { DEFAULT_LIMITS, type Policy, type Rule } from '../../../shared/core/policy.ts';
import { documentTypes } from '../../../shared/core/policy-file/document-type.ts';
import { parsePolicyFile } from '../../../shared/core/policy-file/parse.ts';
import { defaultsSchema, policySchema } from '../../../shared/core/policy-file/schema.ts';
import { DAY_MS, HOUR_MS } from '../../../shared/core/units.ts';
import { isValid } from '../../support/json-schema.ts';

const HEAD = 'apiVersion: gcr-warden/v1\npolicy: p\nrepositories: ["*/acme/**"]\n';
const REVISION = known('0123456789abcdef0123456789abcdef01234567');

function parseOne(text: string): Policy {
  const { policies, problems } = parsePolicyFile({ file: 'a.yaml', text, gitRevision: REVISION });
  expect(problems).toEqual([]);
  expect(policies).toHaveLength(1);
  return policies[0] as Policy;
}

function keepRule(rule: string): Rule {
  return parseOne(`${HEAD}keep:\n  - r: ${rule}\n`).keep[0] as Rule;
}

function deleteRule(rule: string): Rule {
  return parseOne(`${HEAD}delete:\n  - r: ${rule}\n`).delete[0] as Rule;
}

const WHOLE = `# what it is for
apiVersion: gcr-warden/v1
policy: services
repositories: ["europe-docker.pkg.dev/acme/services/**", "!**/base-*"]
schedule: { cron: "0  3 * * *", timeZone: Europe/Berlin }
mode: enforce
limits: { digests: 100, share: 12.5%, mayEmpty: true }
owner: platform@example.com
reason: |
  Rebuilt
  on demand.
keep:
  - releases: { newest: 10, tags: { semver: ">=1.0.0" }, per: minor }
delete:
  - untagged:
      untaggedFor: 7d
      state: untagged
`;

it('has limits on what repositories lie in', () => {
  const policy = parseOne(
    `${HEAD}limits: { repository: { perDay: 10 }, project: { perDay: 50, sizePerDay: 2GB, sharePerDay: 10% } }\ndelete: [{ r: { olderThan: 1d } }]\n`,
  );
  expect(policy.limits.scopes).toEqual([
    { scope: 'repository', digests: 10, sizeBytes: null },
    { scope: 'project', digests: 50, sizeBytes: 2_000_000_000, share: 0.1 },
  ]);
  const share = parseOne(
    `${HEAD}limits: { repository: { sharePerDay: 2.5% } }\ndelete: [{ r: { olderThan: 1d } }]\n`,
  );
  expect(share.limits.scopes).toEqual([
    { scope: 'repository', digests: null, sizeBytes: null, share: 0.025 },
  ]);
  expect(parseOne(`${HEAD}delete: [{ r: { olderThan: 1d } }]\n`).limits.scopes).toBeUndefined();
});

it('has one quarantine for its delete rules, and rules their own', () => {
  const policy = parseOne(
    `${HEAD}trustInUse: best-effort\nquarantine: 7d\nquarantineWithout: pulls\ndelete:\n  - a: { olderThan: 1d }\n  - b: { olderThan: 1d, quarantine: 2d }\nkeep:\n  - c: { all: true }\n`,
  );
  const trusted = { trustsBestEffort: true };
  expect(policy.delete.map(({ quarantine }) => quarantine)).toEqual([
    { graceMs: 7 * DAY_MS, without: ['pulls'], ...trusted },
    { graceMs: 2 * DAY_MS, without: [], ...trusted },
  ]);
  expect(policy.keep[0]).not.toHaveProperty('quarantine');
});

describe('a policy file', () => {
  it('becomes a typed policy with its place, hash and commit', () => {
    expect(parseOne(WHOLE)).toEqual({
      version: 1,
      name: 'services',
      source: { file: 'a.yaml', line: 2, contentHash: sha256(WHOLE), gitRevision: REVISION },
      repositories: { include: ['europe-docker.pkg.dev/acme/services/**'], exclude: ['**/base-*'] },
      schedule: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
      onPush: null,
      mode: 'enforce',
      limits: { ...DEFAULT_LIMITS, digests: 100, share: 0.125, mayEmpty: true },
      owner: 'platform@example.com',
      reason: 'Rebuilt on demand.',
      keep: [
        {
          name: 'releases',
          effect: 'keep',
          line: 13,
          conditions: [{ kind: 'tags', match: 'any', patterns: [{ kind: 'semver', text: '>=1.0.0' }] }],
          newest: { count: 10, by: 'upload', per: { kind: 'semver', part: 'minor' } },
          untilMs: null,
        },
      ],
      delete: [
        {
          name: 'untagged',
          effect: 'delete',
          line: 15,
          conditions: [
            { kind: 'state', state: 'untagged' },
            { kind: 'untaggedFor', ageMs: 7 * DAY_MS },
          ],
          newest: null,
          untilMs: null,
        },
      ],
    } satisfies Policy);
  });

  it('plans, has no schedule and the default limits where it does not say otherwise', () => {
    const policy = parseOne(`${HEAD}delete: [{ r: { olderThan: 1d } }]\n`);
    expect(policy).toMatchObject({ mode: 'plan', schedule: null, owner: null, reason: null, keep: [] });
    expect(policy.limits).toEqual(DEFAULT_LIMITS);
  });

  it.each([
    ['{ settle: 10m }', { settleMs: 600_000, atMostMs: 7_200_000 }],
    ['{ settle: 3h }', { settleMs: 10_800_000, atMostMs: 10_800_000 }],
    ['{ settle: 1h, atMost: 1h }', { settleMs: 3_600_000, atMostMs: 3_600_000 }],
  ])('runs on pushes where it says so: onPush: %s', (written, onPush) => {
    expect(parseOne(`${HEAD}onPush: ${written}\ndelete: [{ r: { olderThan: 1d } }]\n`)).toMatchObject({
      onPush,
      schedule: null,
    });
  });

  it('runs in UTC where its schedule names no time zone', () => {
    const policy = parseOne(`${HEAD}schedule: { cron: "0 3 * * 1-5" }\ndelete: [{ r: { olderThan: 1d } }]\n`);
    expect(policy.schedule).toEqual({ cron: '0 3 * * 1-5', timeZone: 'UTC' });
  });

  it('wants any tag to match in a keep rule and all of them in a delete rule', () => {
    expect(keepRule('{ tags: { glob: v* } }').conditions).toMatchObject([{ match: 'any' }]);
    expect(deleteRule('{ tags: { glob: v* } }').conditions).toMatchObject([{ match: 'all' }]);
    expect(deleteRule('{ tags: { glob: v*, match: any } }').conditions).toMatchObject([{ match: 'any' }]);
  });

  it('gives the conditions of a rule the same order however they are written', () => {
    const one = deleteRule('{ largerThan: 1GB, olderThan: 1d, tags: { prefix: a } }');
    const other = deleteRule('{ tags: { prefix: a }, olderThan: 1d, largerThan: 1GB }');
    expect(one).toEqual(other);
  });

  it('may have a byte order mark, Windows line ends, and dashes around it', () => {
    const text = `\ufeff---\n${HEAD}delete: [{ r: { olderThan: 1d } }]\n---\n# the end\n`.replaceAll(
      '\n',
      '\r\n',
    );
    const policy = parseOne(text);
    expect(policy.source).toMatchObject({ line: 2, contentHash: sha256(text) });
    expect(policy.delete[0]?.line).toBe(5);
  });

  it('may use an anchor for what two rules share', () => {
    const policy = parseOne(
      `${HEAD}keep:\n  - a: { tags: &pr { glob: pr-* }, newerThan: 1d }\ndelete:\n  - b: { tags: *pr, olderThan: 2d }\n`,
    );
    expect(policy.delete[0]?.conditions[0]).toEqual({
      kind: 'tags',
      match: 'all',
      patterns: [{ kind: 'glob', text: 'pr-*' }],
    });
  });

  it('takes on, no and yes for the texts that they are', () => {
    expect(
      parseOne(`${HEAD.replace('policy: p', 'policy: on')}delete: [{ no: { olderThan: 1d } }]\n`),
    ).toMatchObject({
      name: 'on',
      delete: [{ name: 'no' }],
    });
  });

  it('keeps what is right when another document of the file is wrong', () => {
    const wrong = 'apiVersion: gcr-warden/v1\npolicy: "q\nrepositories: "**"\n';
    const right = `${HEAD}delete: [{ r: { olderThan: 1d } }]\n`;
    const set = parsePolicyFile({ file: 'a.yaml', text: `${wrong}---\n${right}`, gitRevision: REVISION });
    expect(set.policies.map(({ name, source }) => [name, source.line])).toEqual([['p', 5]]);
    expect(set.problems).not.toEqual([]);
  });
});

const DIGEST = `sha256:${'0'.repeat(64)}`;

const rules: readonly (readonly [rule: string, expected: Partial<Rule>])[] = [
  ['{ all: true }', { conditions: [{ kind: 'all' }] }],
  ['{ state: tagged }', { conditions: [{ kind: 'state', state: 'tagged' }] }],
  ['{ orphaned: true }', { conditions: [{ kind: 'orphaned' }] }],
  ['{ olderThan: 36h }', { conditions: [{ kind: 'olderThan', ageMs: 36 * HOUR_MS }] }],
  ['{ newerThan: 30m }', { conditions: [{ kind: 'newerThan', ageMs: HOUR_MS / 2 }] }],
  ['{ untaggedFor: 2w }', { conditions: [{ kind: 'untaggedFor', ageMs: 14 * DAY_MS }] }],
  ['{ taggedWithin: 3d }', { conditions: [{ kind: 'taggedWithin', ageMs: 3 * DAY_MS }] }],
  ['{ pulledWithin: 30d }', { conditions: [{ kind: 'pulledWithin', ageMs: 30 * DAY_MS }] }],
  ['{ notPulledFor: 36525d }', { conditions: [{ kind: 'notPulledFor', ageMs: 36_525 * DAY_MS }] }],
  ['{ inUse: true }', { conditions: [{ kind: 'inUse' }] }],
  [
    `{ digests: ["${DIGEST}"] }`,
    { conditions: [{ kind: 'digests', digests: [`sha256:${'0'.repeat(64)}`] }] },
  ],
  ['{ largerThan: 500MB }', { conditions: [{ kind: 'largerThan', sizeBytes: 500_000_000 }] }],
  ['{ largerThan: 1.5GiB }', { conditions: [{ kind: 'largerThan', sizeBytes: 1.5 * 2 ** 30 }] }],
  [
    '{ mediaTypes: application/vnd.oci.image.index.v1+json }',
    { conditions: [{ kind: 'mediaTypes', mediaTypes: ['application/vnd.oci.image.index.v1+json'] }] },
  ],
  [
    '{ newest: 3 }',
    { conditions: [{ kind: 'all' }], newest: { count: 3, by: 'upload', per: { kind: 'repository' } } },
  ],
  [
    '{ tags: { semver: "^1" }, newest: 2, by: semver, per: major }',
    { newest: { count: 2, by: 'semver', per: { kind: 'semver', part: 'major' } } },
  ],
  [
    '{ tags: { regex: ["^pr-(?<pr>[0-9]+)", "^mr-(?P<pr>[0-9]+)"] }, newest: 1, per: pr }',
    { newest: { count: 1, by: 'upload', per: { kind: 'capture', name: 'pr' } } },
  ],
  // Until the day is over in the last time zone.
  ['{ all: true, until: 2026-12-31 }', { untilMs: Date.UTC(2027, 0, 1, 12) }],
  ['{ all: true, until: 2026-12-31T18:00:00+01:00 }', { untilMs: Date.UTC(2026, 11, 31, 17) }],
  [
    '{ tags: { glob: "*" } }',
    { conditions: [{ kind: 'tags', match: 'any', patterns: [{ kind: 'glob', text: '*' }] }] },
  ],
];

describe('a rule', () => {
  it.each(rules)('%s', (rule, expected) => {
    expect(keepRule(rule)).toMatchObject(expected);
  });
});

describe('the JSON Schema', () => {
  const accepts = (text: string): boolean => isValid(policySchema(), parseYaml(text));
  const accepted: readonly (readonly [title: string, text: string])[] = [
    ['a whole policy', WHOLE],
    ...rules.map(([rule]) => [rule, `${HEAD}keep:\n  - r: ${rule}\n`] as const),
  ];

  it.each(accepted)('accepts what the parser accepts: %s', (_title, text) => {
    expect(accepts(text)).toBe(true);
  });

  it.each([
    ['an unknown key', `${HEAD}keep: [{ r: { all: true } }]\nretention: 7d\n`],
    ['an unknown condition', `${HEAD}keep: [{ r: { olderthan: 7d } }]\n`],
    ['newest in a delete rule', `${HEAD}delete: [{ r: { newest: 3 } }]\n`],
    ['a number as a duration', `${HEAD}delete: [{ r: { olderThan: 7 } }]\n`],
    ['two kinds of pattern', `${HEAD}delete: [{ r: { tags: { glob: a, exact: a } } }]\n`],
  ])('refuses %s', (_title, text) => {
    expect(accepts(text)).toBe(false);
  });

  it('is committed as it is made: run node tools/policy-schema.ts', async () => {
    const committed = (file: string) =>
      readFile(new URL(`../../../policies/${file}`, import.meta.url), 'utf8');
    expect(await committed('schema.json')).toBe(`${JSON.stringify(policySchema(), null, 2)}\n`);
    expect(await committed('defaults-schema.json')).toBe(`${JSON.stringify(defaultsSchema(), null, 2)}\n`);
    const types = await committed('../shared/core/policy-file/policy-document.ts');
    expect(types).toBe(documentTypes(policySchema()));
  });

  it('describes every keyword', () => {
    const undescribed: string[] = [];
    JSON.stringify([policySchema(), defaultsSchema()], (key, value: unknown) => {
      if (key === 'properties' && typeof value === 'object' && value !== null) {
        for (const [name, inner] of Object.entries(value)) {
          const { description, examples } = inner as { description?: string; examples?: unknown[] };
          if (!description || examples?.length !== 1) undescribed.push(name);
        }
      }
      return value;
    });
    expect(undescribed).toEqual([]);
  });
});
