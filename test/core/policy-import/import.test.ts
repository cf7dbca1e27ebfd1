import { describe, expect, it } from 'vitest';
import { WardenError } from '../../../shared/core/error.ts';
import type { Policy } from '../../../shared/core/policy.ts';
import { type ImportSource, importPolicies } from '../../../shared/core/policy-import/import.ts';
import { DAY_MS, MINUTE_MS } from '../../../shared/core/units.ts';
import { digestOf } from '../estate.ts';

const REPOSITORIES: Readonly<Record<ImportSource, readonly string[]>> = {
  'artifact-registry': ['europe-docker.pkg.dev/acme/services'],
  ecr: ['europe-docker.pkg.dev/acme/services/**'],
  'gcr-cleaner': [],
};

function importText(from: ImportSource, text: string, repositories = REPOSITORIES[from]) {
  return importPolicies({ from, files: [{ file: 'a.json', text }], repositories });
}

function importValue(from: ImportSource, value: unknown, repositories = REPOSITORIES[from]) {
  return importText(from, JSON.stringify(value), repositories);
}

function errorOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof WardenError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'no error';
}

function only(policies: readonly Policy[]): Policy {
  expect(policies).toHaveLength(1);
  return policies[0] as Policy;
}

const cleanup = (type: string, condition: object, more: object = {}) => ({
  name: 'one',
  action: { type },
  condition,
  ...more,
});
const expiring = (selection: object, more: object = {}) => ({
  rules: [{ rulePriority: 1, selection, action: { type: 'expire' }, ...more }],
});
const UNTAGGED = { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 7 };
const REPO = 'gcr.io/acme/api';

describe('an import refuses, and names file and field', () => {
  it.each<[string, ImportSource, unknown, string]>([
    [
      'no list',
      'artifact-registry',
      { rules: [] },
      'IMPORT_INVALID: a.json: it is a list of cleanup policies',
    ],
    ['an empty list', 'artifact-registry', [], 'IMPORT_INVALID: a.json: there is no cleanup policy in it'],
    [
      'an unknown key',
      'artifact-registry',
      [cleanup('Delete', { olderThen: '1d' })],
      'IMPORT_INVALID: a.json: [0].condition: Unrecognized key: "olderThen"',
    ],
    [
      'no name',
      'artifact-registry',
      [{ action: 'KEEP', condition: {} }],
      'IMPORT_INVALID: a.json: [0]: the cleanup policy has no name',
    ],
    [
      'one name twice',
      'artifact-registry',
      [cleanup('Keep', {}), cleanup('Delete', {})],
      'IMPORT_INVALID: a.json: [1]: there are two cleanup policies named "one"',
    ],
    [
      'another action',
      'artifact-registry',
      [cleanup('Archive', {})],
      'IMPORT_INVALID: a.json: [0].action: it is Keep or Delete',
    ],
    [
      'neither condition nor count',
      'artifact-registry',
      [{ name: 'x', action: 'KEEP' }],
      'IMPORT_INVALID: a.json: [0]: it has neither',
    ],
    [
      'condition and count',
      'artifact-registry',
      [cleanup('Keep', {}, { mostRecentVersions: { keepCount: 1 } })],
      'IMPORT_INVALID: a.json: [0]: condition and mostRecentVersions',
    ],
    [
      'a delete of the most recent',
      'artifact-registry',
      [{ name: 'x', action: 'DELETE', mostRecentVersions: { keepCount: 1 } }],
      'IMPORT_INVALID: a.json: [0].mostRecentVersions: only a Keep',
    ],
    [
      'another tag state',
      'artifact-registry',
      [cleanup('Keep', { tagState: 'SOME' })],
      'IMPORT_INVALID: a.json: [0].condition.tagState',
    ],
    [
      'tags of untagged versions',
      'artifact-registry',
      [cleanup('Keep', { tagState: 'UNTAGGED', tagPrefixes: ['a'] })],
      'IMPORT_INVALID: a.json: [0].condition: no untagged',
    ],
    [
      'an empty prefix',
      'artifact-registry',
      [cleanup('Delete', { tagPrefixes: [''] })],
      'IMPORT_INVALID: a.json: [0].condition.tagPrefixes[0]: an empty prefix',
    ],
    [
      'a duration that is none',
      'artifact-registry',
      [cleanup('Delete', { olderThan: '1 week' })],
      'IMPORT_INVALID: a.json: [0].condition.olderThan: "1 week" is no length of time',
    ],
    [
      'a duration over 100 years',
      'artifact-registry',
      [cleanup('Delete', { olderThan: '999999d' })],
      'IMPORT_UNSUPPORTED: a.json: [0].condition.olderThan: it is over 100 years',
    ],
    [
      'an age of 0',
      'artifact-registry',
      [cleanup('Delete', { olderThan: '0s' })],
      'IMPORT_UNSUPPORTED: a.json: [0].condition.olderThan: an age of 0',
    ],
    [
      'a keep that can not be said',
      'artifact-registry',
      [cleanup('Keep', { versionNamePrefixes: ['sha256:ab'] }), { ...cleanup('Delete', {}), name: 'two' }],
      'IMPORT_UNSUPPORTED: a.json: [0].condition.versionNamePrefixes',
    ],
    [
      'a slash in a package prefix',
      'artifact-registry',
      [cleanup('Delete', { packageNamePrefixes: ['team/'] })],
      'IMPORT_UNSUPPORTED: a.json: [0].packageNamePrefixes',
    ],
    [
      'a count beyond newest',
      'artifact-registry',
      [{ name: 'x', action: 'KEEP', mostRecentVersions: { keepCount: 1e6 } }],
      'IMPORT_UNSUPPORTED: a.json: [0].mostRecentVersions.keepCount',
    ],
    [
      'nothing that is left',
      'artifact-registry',
      [cleanup('Delete', { tagPrefixes: ['-x'] })],
      'IMPORT_UNSUPPORTED: a.json: all rules: nothing of it can be carried over: one: It is left out',
    ],
    ['no rules', 'ecr', {}, 'IMPORT_INVALID: a.json: rules'],
    ['an empty list of rules', 'ecr', { rules: [] }, 'IMPORT_INVALID: a.json: rules: there is no rule in it'],
    [
      'an unknown key',
      'ecr',
      expiring({ ...UNTAGGED, tags: [] }),
      'IMPORT_INVALID: a.json: rules[0].selection: Unrecognized key: "tags"',
    ],
    [
      'one priority twice',
      'ecr',
      { rules: [...expiring(UNTAGGED).rules, ...expiring(UNTAGGED).rules] },
      'IMPORT_INVALID: a.json: rules: two rules have the priority 1',
    ],
    [
      'a rule below the one for any image',
      'ecr',
      {
        rules: [
          ...expiring({ ...UNTAGGED, tagStatus: 'any' }).rules,
          { ...expiring(UNTAGGED).rules[0], rulePriority: 2 },
        ],
      },
      'IMPORT_INVALID: a.json: rules: rule 1 selects any image',
    ],
    [
      'tagged without a list',
      'ecr',
      expiring({ ...UNTAGGED, tagStatus: 'tagged' }),
      'IMPORT_INVALID: a.json: rule 1: selection: tagStatus tagged has one of',
    ],
    [
      'untagged with a list',
      'ecr',
      expiring({ ...UNTAGGED, tagPrefixList: ['a'] }),
      'IMPORT_INVALID: a.json: rule 1: selection: tagStatus tagged has one of',
    ],
    [
      'another count',
      'ecr',
      expiring({ ...UNTAGGED, countType: 'sinceBuilt' }),
      'IMPORT_INVALID: a.json: rule 1: selection.countType',
    ],
    [
      'days without a unit',
      'ecr',
      expiring({ ...UNTAGGED, countUnit: undefined }),
      'IMPORT_INVALID: a.json: rule 1: selection.countUnit',
    ],
    [
      'a count of 0',
      'ecr',
      expiring({ ...UNTAGGED, countNumber: 0 }),
      'IMPORT_INVALID: a.json: rules[0].selection.countNumber',
    ],
    [
      'days over 100 years',
      'ecr',
      expiring({ ...UNTAGGED, countNumber: 999_999 }),
      'IMPORT_UNSUPPORTED: a.json: rule 1: selection.countNumber: it is over 100 years',
    ],
    [
      'a question mark, which would be a wildcard here',
      'ecr',
      expiring({ ...UNTAGGED, tagStatus: 'tagged', tagPatternList: ['v?'] }),
      'IMPORT_INVALID: a.json: rule 1: selection: "v?" is no pattern of tags',
    ],
    [
      'another action',
      'ecr',
      expiring(UNTAGGED, { action: { type: 'delete' } }),
      'IMPORT_INVALID: a.json: rule 1: action.type',
    ],
    [
      'only a transition',
      'ecr',
      expiring(UNTAGGED, { action: { type: 'transition' } }),
      'IMPORT_UNSUPPORTED: a.json: all rules: nothing of it can be carried over: rule 1: It moves images',
    ],
    ['no repository', 'gcr-cleaner', { repos: [] }, 'IMPORT_INVALID: a.json: repos: it names no repository'],
    [
      'a repository without a host',
      'gcr-cleaner',
      { repos: ['acme/api'] },
      'IMPORT_INVALID: a.json: repos: "acme/api" is no repository',
    ],
    [
      'an unknown key',
      'gcr-cleaner',
      { repos: REPO, tag_filter: 'x' },
      'IMPORT_INVALID: a.json: Unrecognized key: "tag_filter"',
    ],
    [
      'both filters',
      'gcr-cleaner',
      { repos: REPO, tag_filter_any: 'a', tag_filter_all: 'b' },
      'IMPORT_INVALID: a.json: tag_filter_all: it can not be beside',
    ],
    [
      'a grace that is none',
      'gcr-cleaner',
      { repos: REPO, grace: '3 days' },
      'IMPORT_INVALID: a.json: grace: "3 days" is no length of time',
    ],
    ['a negative grace', 'gcr-cleaner', { repos: REPO, grace: '-72h' }, 'IMPORT_INVALID: a.json: grace'],
    [
      'a grace over 100 years',
      'gcr-cleaner',
      { repos: REPO, grace: '999999h' },
      'IMPORT_UNSUPPORTED: a.json: grace: it is over 100 years',
    ],
    [
      'a pattern that is not RE2',
      'gcr-cleaner',
      { repos: REPO, tag_filter_any: '(?=a)' },
      'IMPORT_UNSUPPORTED: a.json: ',
    ],
    [
      'a pattern that matches every tag in a way of its own',
      'gcr-cleaner',
      { repos: REPO, tag_filter_any: '.*|x' },
      'IMPORT_UNSUPPORTED: a.json: ',
    ],
  ])('%s, %s', (_title, from, value, expected) => {
    expect(errorOf(() => importValue(from, value))).toContain(expected);
  });

  it.each([
    ['a file that is no JSON', '[', 'a.json: it is not JSON'],
    [
      'a key that stands twice',
      '[{"name": "a",\n"name": "b"}]',
      'a.json: line 2, column 1: the key stands twice',
    ],
    ['a file over 64 KiB', `[${' '.repeat(64 * 1024)}]`, 'a.json: it is larger than 64 KiB'],
  ])('%s', (_title, text, expected) => {
    expect(errorOf(() => importText('artifact-registry', text))).toContain(`IMPORT_INVALID: ${expected}`);
  });

  it.each<[string, readonly string[]]>([
    ['a package', ['europe-docker.pkg.dev/acme/services/api']],
    ['a project', ['europe-docker.pkg.dev/acme']],
    ['a wildcard', ['europe-docker.pkg.dev/*/services/**']],
    ['an exclude', ['!europe-docker.pkg.dev/acme/services']],
    ['what is below a repository of gcr.io', ['gcr.io/acme/api']],
  ])('for Artifact Registry, %s as a repository', (_title, repositories) => {
    expect(errorOf(() => importValue('artifact-registry', [cleanup('Keep', {})], repositories))).toContain(
      'IMPORT_INVALID: a.json: --repositories: ',
    );
  });

  it('a request that says too little or too much', () => {
    const files = [{ file: 'a.json', text: '{}' }];
    const refusal = (from: ImportSource, repositories: readonly string[], count = 1) =>
      errorOf(() =>
        importPolicies({
          from,
          files: Array.from({ length: count }, () => files[0] ?? { file: '', text: '' }),
          repositories,
        }),
      );
    expect(refusal('ecr', [])).toContain('OPTION_INVALID: --repositories is missing');
    expect(refusal('ecr', ['**'], 2)).toContain('OPTION_INVALID: ecr takes one file at a time');
    expect(refusal('gcr-cleaner', ['**'])).toContain('OPTION_INVALID: --repositories is not for gcr-cleaner');
    expect(refusal('gcr-cleaner', [], 51)).toContain('OPTION_INVALID: An import takes 1 to 50 files');
  });
});

describe('an import', () => {
  it.each<[string, 'Keep' | 'Delete', object, object]>([
    [
      'a Delete goes up where it is older',
      'Delete',
      { olderThan: '90s' },
      { kind: 'olderThan', ageMs: 2 * MINUTE_MS },
    ],
    [
      'a Delete goes down where it is newer',
      'Delete',
      { newerThan: '90s' },
      { kind: 'newerThan', ageMs: MINUTE_MS },
    ],
    [
      'a Keep goes down where it is older',
      'Keep',
      { olderThan: '90s' },
      { kind: 'olderThan', ageMs: MINUTE_MS },
    ],
    [
      'a Keep goes up where it is newer',
      'Keep',
      { newerThan: '90s' },
      { kind: 'newerThan', ageMs: 2 * MINUTE_MS },
    ],
    ['whole minutes stay', 'Keep', { newerThan: '1d12h' }, { kind: 'newerThan', ageMs: 1.5 * DAY_MS }],
  ])('rounds ages to what deletes less: %s', (_title, type, condition, expected) => {
    const policy = only(importValue('artifact-registry', [cleanup(type, condition)]).policies);
    expect([...policy.keep, ...policy.delete].map(({ conditions }) => conditions)).toEqual([[expected]]);
  });

  it('takes what gcloud lists and what the API answers: names or ids, actions of both spellings', () => {
    const listed = importValue('artifact-registry', [
      { name: 'a-1', action: { type: 'Delete' }, condition: { tagState: 'untagged' } },
    ]);
    const answered = importValue('artifact-registry', [
      { id: 'a-1', action: 'DELETE', condition: { tagState: 'UNTAGGED' } },
    ]);
    expect(answered.yaml).toBe(listed.yaml);
  });

  it('keeps by whole digests', () => {
    const digest = digestOf('a');
    const policy = only(
      importValue('artifact-registry', [cleanup('Keep', { versionNamePrefixes: [digest, 'v1'] })]).policies,
    );
    expect(policy.keep[0]?.conditions).toEqual([{ kind: 'digests', digests: [digest] }]);
  });

  it('gives each name once, made of what names may have', () => {
    const named = ['Delete Old!', 'delete-old', '-', 'é'].map((name) => ({ ...cleanup('Keep', {}), name }));
    const policy = only(importValue('artifact-registry', named).policies);
    expect(policy.keep.map(({ name }) => name)).toEqual(['delete-old', 'delete-old-2', 'rule', 'rule-2']);
  });

  it('does not let a name or description out of its comment', () => {
    const description = `gone\n  - all: { all: true }\u2028\u202e #\u0085${'x'.repeat(900)}`;
    const { yaml, policies } = importValue('ecr', expiring(UNTAGGED, { description }));
    expect(only(policies).delete).toHaveLength(1);
    expect(yaml).toMatch(/^[\u0020-\u007e\n]*$/);
    expect(Math.max(...yaml.split('\n').map((line) => line.length))).toBeLessThan(250);
  });

  it('leaves no gap between what an ECR rule expires and what it withholds from those below', () => {
    const { policies } = importValue('ecr', {
      rules: [
        ...expiring({ ...UNTAGGED, tagStatus: 'tagged', tagPrefixList: ['v'] }).rules,
        { ...expiring({ ...UNTAGGED, tagStatus: 'any', countNumber: 1 }).rules[0], rulePriority: 2 },
      ],
    });
    const policy = only(policies);
    expect(policy.keep[0]?.conditions).toContainEqual({ kind: 'newerThan', ageMs: 7 * DAY_MS + MINUTE_MS });
    expect(policy.delete[0]?.conditions).toContainEqual({ kind: 'olderThan', ageMs: 7 * DAY_MS });
  });

  it('says where files that name one repository keep from each other', () => {
    const files = ['a.json', 'b.json'].map((file) => ({
      file,
      text: JSON.stringify({ repos: REPO, keep: 3 }),
    }));
    const { policies, notes } = importPolicies({ from: 'gcr-cleaner', files, repositories: [] });
    expect(policies.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(notes[0]).toMatchObject({ kind: 'SEVERAL_RULES', rule: null });
  });

  it.each([
    ['"72h"', 3 * DAY_MS],
    ['"1h30m"', 90 * MINUTE_MS],
    ['"1.5h"', 90 * MINUTE_MS],
    ['60000000000', MINUTE_MS],
    ['"1ns"', MINUTE_MS],
  ])('reads a grace of %s as Go does', (grace, ageMs) => {
    const policy = only(importText('gcr-cleaner', `{"repos": "${REPO}", "grace": ${grace}}`).policies);
    expect(policy.delete[0]?.conditions).toContainEqual({ kind: 'olderThan', ageMs });
  });

  it('finds all repositories below a registry where gcr-cleaner is recursive', () => {
    const { policies } = importValue('gcr-cleaner', { repos: ['us-docker.pkg.dev', REPO], recursive: true });
    expect(only(policies).repositories.include).toEqual([REPO, `${REPO}/**`, 'us-docker.pkg.dev/**']);
  });
});

describe("flags of gcr-cleaner's command", () => {
  it.each([
    ['bare', `-repo ${REPO} -grace 72h -keep 3 -tag-filter-any ^pr-`],
    ['with equals signs and two dashes', `--repo=${REPO} --grace=72h --keep=3 --tag-filter-any=^pr-`],
    [
      'over several lines, with quotes and comments',
      `gcr-cleaner-cli \\\n -repo "${REPO}" \\\n -grace '72h' # days\n -keep 3 -tag-filter-any '^pr-'`,
    ],
    [
      'with what is of no meaning here',
      `-repo ${REPO} -grace 72h -keep 3 -tag-filter-any ^pr- -token s3cret -concurrency 5`,
    ],
  ])('are read: %s', (_title, text) => {
    const asPayload = importValue('gcr-cleaner', {
      repos: REPO,
      grace: '72h',
      keep: 3,
      tag_filter_any: '^pr-',
    });
    const found = importText('gcr-cleaner', text);
    expect(found.yaml).toBe(asPayload.yaml);
    expect(found.yaml).not.toContain('s3cret');
  });

  it.each([
    ['a variable', '-repo $REPO', 'character 7: a shell would replace "$"'],
    ['a glob', `-repo ${REPO} -tag-filter-any pr-*`, 'a shell would replace "*"'],
    ['a pipe', `-repo ${REPO} | tee log`, 'a shell would replace "|"'],
    ['an open quote', `-repo '${REPO}`, `a shell would replace "'"`],
    ['another flag', `-repo ${REPO} -older 3d`, 'word 3: it is no flag of gcr-cleaner'],
    ['a flag twice', `-repo ${REPO} -keep 1 -keep 2`, '-keep: it stands twice'],
    ['a flag without its value', `-repo ${REPO} -keep`, '-keep: its value is missing'],
    ['a number that is none', `-repo ${REPO} -keep few`, '-keep: it is a whole number'],
    ['nothing', '', 'repos: it names no repository'],
  ])('are refused: %s', (_title, text, expected) => {
    const error = errorOf(() => importText('gcr-cleaner', text));
    expect(error).toContain('IMPORT_INVALID: a.json: ');
    expect(error).toContain(expected);
  });

  it('never shows a token, also where another flag is wrong', () => {
    expect(errorOf(() => importText('gcr-cleaner', `-token s3cret -older 3d`))).not.toContain('s3cret');
  });
});
