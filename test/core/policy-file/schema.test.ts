import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Document, parseAllDocuments, stringify } from 'yaml';
import { known } from '../../../shared/core/fact.ts';
import type { RuleKeyword } from '../../../shared/core/policy-file/keyword.ts';
import { parsePolicyFile } from '../../../shared/core/policy-file/parse.ts';
import { PARSER_ONLY_CODES } from '../../../shared/core/policy-file/problem.ts';
import { policySchema } from '../../../shared/core/policy-file/schema.ts';
import { isValid } from '../../support/json-schema.ts';
import { checkProperty } from '../property.ts';
import { BAD_FILES } from './bad-files.ts';
import { CORPUS } from './corpus.ts';

const SCHEMA = policySchema();

/** What is larger is refused for its size or its depth, and takes a bare YAML parser minutes. */
const JUDGED_CHARACTERS_MAX = 50_000;

const LISTED: ReadonlySet<string> = new Set(PARSER_ONLY_CODES);

/** Whether an editor with the schema finds nothing wrong in a file; it looks at no key twice. */
function schemaAccepts(text: string): boolean {
  let values: unknown[];
  try {
    const documents: readonly Document.Parsed[] = [
      ...parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' }),
    ];
    if (documents.some(({ errors }) => errors.length > 0)) return false;
    values = documents.map((one): unknown => one.toJS({ maxAliasCount: 1000 }));
  } catch {
    return false;
  }
  return values.length > 0 && values.every((value) => isValid(SCHEMA, value));
}

function codesOf(text: string): string[] {
  const { problems } = parsePolicyFile({ file: 'a.yaml', text, gitRevision: known('0123456') });
  return [...new Set(problems.map(({ code }) => code))];
}

/** Values of a key: those that are right by themselves, and others. */
interface Values {
  readonly right: readonly unknown[];
  readonly odd: readonly unknown[];
}

const RULE_VALUES: Readonly<Record<RuleKeyword, Values>> = {
  all: { right: [true], odd: [false, 'true'] },
  state: { right: ['tagged', 'untagged'], odd: ['Tagged'] },
  orphaned: { right: [true], odd: [false, 'true'] },
  tags: {
    right: [
      { glob: 'pr-*' },
      { glob: ['a-*', 'b?'], match: 'all' },
      { regex: '^pr-(?<pr>[0-9]+)$' },
      { regex: ['^(?P<pr>[0-9]+)', '(?i)x'], match: 'any' },
      { prefix: 'v' },
      { semver: '>=1.0.0' },
      { semver: ['^1', '~2.3'] },
      { exact: ['latest', '1.10'] },
    ],
    odd: [{ glob: '*' }, { regex: '(' }, { semver: 'one' }, { exact: 'a b' }, { glob: 'a', exact: 'a' }, {}],
  },
  olderThan: { right: ['14d', '1w', '36525d'], odd: ['36526d', '99999999d', '0d', 7] },
  newerThan: { right: ['90d', '30m', '1d'], odd: ['1M'] },
  untaggedFor: { right: ['7d', '2h'], odd: ['1y'] },
  taggedWithin: { right: ['3d'], odd: ['3 d'] },
  pulledWithin: { right: ['30d'], odd: [30] },
  notPulledFor: { right: ['90d'], odd: ['90'] },
  inUse: { right: [true], odd: ['yes'] },
  digests: { right: [`sha256:${'0'.repeat(64)}`, [`sha256:${'a'.repeat(64)}`]], odd: ['sha256:0', []] },
  largerThan: { right: ['2GiB', '1.5MB', '500B'], odd: ['0B', '9999999TB', '2'] },
  mediaTypes: {
    right: ['application/vnd.oci.image.index.v1+json', ['a/b', 'c/d']],
    odd: ['none', '/b', 'é/b', 'a/b/c'],
  },
  newest: { right: [1, 10], odd: [0, 1.5, '3'] },
  by: { right: ['upload', 'semver'], odd: ['name'] },
  per: { right: ['repository', 'major', 'minor', 'pr'], odd: [''] },
  until: {
    right: ['2026-12-31', '2026-12-31T18:00:00+01:00'],
    odd: ['2026-02-30', '2026-12-31Tx', 'soon', 2026],
  },
  quarantine: { right: ['7d', '2w'], odd: ['0d', 7] },
  quarantineWithout: { right: ['pulls', ['pulls', 'inUse']], odd: ['luck', []] },
};

const KEYS = Object.keys(RULE_VALUES) as RuleKeyword[];
const KEEP_ONLY: readonly string[] = ['inUse', 'newest', 'by', 'per', 'until'] satisfies RuleKeyword[];
const DELETE_ONLY: readonly string[] = ['quarantine', 'quarantineWithout'] satisfies RuleKeyword[];

/** A policy of right values, which may still contradict each other, or with some odd ones. */
function policyWith(odd: boolean): fc.Arbitrary<unknown> {
  const oneOf = (values: Values): fc.Arbitrary<unknown> => {
    const right = fc.constantFrom(...values.right);
    return odd ? fc.oneof({ arbitrary: right, weight: 9 }, fc.constantFrom(...values.odd)) : right;
  };
  const rules = (keys: readonly RuleKeyword[], names: readonly string[]): fc.Arbitrary<unknown> =>
    fc.array(
      fc
        .tuple(
          fc.constantFrom(...names),
          fc
            .uniqueArray(fc.constantFrom(...keys), { minLength: 1, maxLength: 2 })
            .chain((its) => fc.record(Object.fromEntries(its.map((key) => [key, oneOf(RULE_VALUES[key])])))),
        )
        .map(([name, one]) => ({ [name]: one })),
      { minLength: 1, maxLength: 2 },
    );
  return fc.record(
    {
      apiVersion: fc.constant('gcr-warden/v1'),
      policy: oneOf({ right: ['services', 'a', 'no', '7', 'x'.repeat(63)], odd: ['x'.repeat(64), 'A'] }),
      repositories: oneOf({
        right: ['*/acme/**', ['gcr.io/acme/*', '!**/base-*'], ['localhost:5050/a/**']],
        odd: [['!**/base-*'], 'acme', []],
      }),
      schedule: oneOf({
        right: [{ cron: '0 3 * * *' }, { cron: '*/5 1-3 * * 1', timeZone: 'Europe/Berlin' }],
        odd: [{ cron: '0 3 30 2 *' }, { cron: '0 3 * * *', timeZone: 'Berlin' }, { timeZone: 'UTC' }],
      }),
      mode: oneOf({ right: ['plan', 'enforce'], odd: ['on', true] }),
      trustInUse: oneOf({ right: ['complete', 'best-effort'], odd: ['always', true] }),
      limits: oneOf({
        right: [{}, { digests: 1 }, { share: '12.5%', mayEmpty: true }],
        odd: [{ share: '101%' }, { digests: 0 }],
      }),
      owner: oneOf({ right: ['me@example.com', 'x'.repeat(1000), '1.10'], odd: ['x'.repeat(1001), '', 5] }),
      reason: oneOf({ right: ['To save.', 'a\nb', 'yes', '# no comment: at all'], odd: [' ', ['a']] }),
      keep: rules(
        KEYS.filter((key) => odd || !DELETE_ONLY.includes(key)),
        ['a', 'b-1', 'on', 'constructor'],
      ),
      delete: rules(
        KEYS.filter((key) => odd || !KEEP_ONLY.includes(key)),
        ['c', 'd', 'e', 'no'],
      ),
    },
    { requiredKeys: ['apiVersion', 'policy', 'repositories', 'delete'] },
  );
}

const text = fc
  .tuple(fc.oneof(policyWith(false), policyWith(true)), fc.boolean())
  .map(([value, isJson]) =>
    isJson ? JSON.stringify(value) : stringify(value, { aliasDuplicateObjects: false }),
  );

describe('the JSON Schema beside the parser', () => {
  const folder = new URL('../../../policies/', import.meta.url);
  const shipped = readdirSync(folder).filter((file) => /(?<!\.test)\.yaml$/.test(file));

  it.each(shipped)('accepts policies/%s', (file) => {
    const content = readFileSync(new URL(file, folder), 'utf8');
    expect(codesOf(content)).toEqual([]);
    expect(schemaAccepts(content)).toBe(true);
  });

  it('accepts whatever the parser accepts, and what only the parser refuses has one of the listed codes', () => {
    const counts = { both: 0, parserOnly: 0, none: 0 };
    checkProperty(
      text,
      (one) => {
        const codes = codesOf(one);
        const isAccepted = schemaAccepts(one);
        if (codes.length === 0) expect(isAccepted, one).toBe(true);
        if (isAccepted)
          expect(
            codes.filter((code) => !LISTED.has(code)),
            one,
          ).toEqual([]);
        counts[!isAccepted ? 'none' : codes.length === 0 ? 'both' : 'parserOnly'] += 1;
      },
      5000,
    );
    // A property over nothing but refusals would say nothing.
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100);
  });

  it('leaves to the parser exactly the listed codes, over all files that are wrong', () => {
    const left = new Set<string>();
    for (const [, content] of [...BAD_FILES.map(([title, wrong]) => [title, wrong] as const), ...CORPUS]) {
      if (typeof content !== 'string' || content.length > JUDGED_CHARACTERS_MAX) continue;
      if (schemaAccepts(content)) for (const code of codesOf(content)) left.add(code);
    }
    // These are about the file as a whole, or about the files beside it, of which no schema hears.
    const beyond = [
      'POLICY_FILE',
      'POLICY_TOO_LARGE',
      'POLICY_NOT_UTF8',
      'POLICY_DUPLICATE_NAME',
      'POLICY_DEFAULTS',
    ];
    expect([...left, ...beyond].sort()).toEqual([...PARSER_ONLY_CODES].sort());
  });
});
