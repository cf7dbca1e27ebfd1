import { describe, expect, it } from 'vitest';
import { unknown } from '../../../shared/core/fact.ts';
import { DEFAULT_LIMITS, type Policy, type PolicySet } from '../../../shared/core/policy.ts';
import { parsePolicyFolder } from '../../../shared/core/policy-file/folder.ts';
import { tooLargePolicyFile } from '../../../shared/core/policy-file/parse.ts';

const gitRevision = unknown('not in a repository');
const DELETE = 'delete: [{ d: { olderThan: 1d } }]\n';
const KEEP = 'keep: [{ k: { newest: 3 } }]\n';

function policy(name: string, more = ''): string {
  return `apiVersion: gcr-warden/v1\npolicy: ${name}\nrepositories: ["*/acme/${name}/**"]\n${DELETE}${more}`;
}

function defaults(settings: string): string {
  return `apiVersion: gcr-warden/v1\ndefaults: ${settings}\n`;
}

function read(texts: Readonly<Record<string, string>>): PolicySet {
  const files = Object.entries(texts).map(([file, text]) => ({ file, text, gitRevision }));
  const set = parsePolicyFolder({ files, unread: [] });
  // The order in which files are found must not matter.
  expect(parsePolicyFolder({ files: files.toReversed(), unread: [] })).toEqual(set);
  return set;
}

function named(set: PolicySet, name: string): Policy | undefined {
  return set.policies.find((one) => one.name === name);
}

describe('the defaults of a folder', () => {
  it('hold for what a policy does not say itself, limit by limit', () => {
    const set = read({
      '_defaults.yaml': defaults(
        '{ schedule: { cron: "0 3 * * *" }, limits: { digests: 20, share: 10% }, owner: o, reason: r }',
      ),
      'a.yaml': policy('a'),
      'b.yaml': policy('b', 'schedule: { cron: "0 4 * * *" }\nlimits: { share: 30% }\nowner: me\n'),
    });
    expect(set.problems).toEqual([]);
    expect(named(set, 'a')).toMatchObject({
      schedule: { cron: '0 3 * * *', timeZone: 'UTC' },
      limits: { digests: 20, share: 0.1, mayEmpty: false },
      owner: 'o',
      reason: 'r',
      mode: 'plan',
    });
    expect(named(set, 'b')).toMatchObject({
      schedule: { cron: '0 4 * * *' },
      limits: { digests: 20, share: 0.3 },
      owner: 'me',
      reason: 'r',
    });
  });

  it('reach the folders below, where the nearest word counts, and no folder beside', () => {
    const set = read({
      'x/_defaults.yaml': defaults('{ owner: outer, limits: { digests: 20 } }'),
      'x/y/_defaults.yml': defaults('{ owner: inner }'),
      'x/y/z/a.yaml': policy('a'),
      'b.yaml': policy('b'),
      'xy/c.yaml': policy('c'),
    });
    expect(named(set, 'a')).toMatchObject({ owner: 'inner', limits: { digests: 20 } });
    expect(named(set, 'b')).toMatchObject({ owner: null, limits: DEFAULT_LIMITS });
    expect(named(set, 'c')).toMatchObject({ owner: null, limits: DEFAULT_LIMITS });
  });

  it.each([
    ['whether anything is deleted', '{ mode: enforce }', 'POLICY_UNKNOWN_KEY 2:13'],
    ['rules', '{ keep: [{ k: { newest: 3 } }] }', 'POLICY_UNKNOWN_KEY 2:13'],
    ['repositories', '{ repositories: "**" }', 'POLICY_UNKNOWN_KEY 2:13'],
    ['whether a repository may be emptied', '{ limits: { mayEmpty: true } }', 'POLICY_UNKNOWN_KEY 2:23'],
    ['nothing', '{}', 'POLICY_TYPE 2:11'],
  ])('can not set %s', (_title, settings, problem) => {
    const { problems } = read({ '_defaults.yaml': defaults(settings) });
    expect(problems.map(({ code, line, column }) => `${code} ${line}:${column}`)).toEqual([problem]);
  });

  it('stop the policies that they hold for while they are broken, and no others', () => {
    const set = read({
      'x/_defaults.yaml': defaults('{ limits: { digests: few } }'),
      'x/a.yaml': policy('a', KEEP),
      'x/y/_defaults.yaml': defaults('{ owner: o }'),
      'x/y/b.yaml': policy('b'),
      'c.yaml': policy('c'),
    });
    expect(set.policies.map(({ name }) => name)).toEqual(['c']);
    expect(set.problems).toMatchObject([
      { code: 'POLICY_TYPE', file: 'x/_defaults.yaml', line: 2, column: 32 },
      { code: 'POLICY_DEFAULTS', file: 'x/a.yaml', policy: 'a', guards: { include: ['*/acme/a/**'] } },
      { code: 'POLICY_DEFAULTS', file: 'x/y/b.yaml', policy: 'b', guards: null },
    ]);
  });

  it('stop them also where the file gave no text, or is there twice', () => {
    const unread = tooLargePolicyFile('_defaults.yaml').problems;
    const files = [{ file: 'a.yaml', text: policy('a'), gitRevision }];
    expect(parsePolicyFolder({ files, unread })).toMatchObject({
      policies: [],
      problems: [{ code: 'POLICY_TOO_LARGE' }, { code: 'POLICY_DEFAULTS', file: 'a.yaml' }],
    });
    const twice = read({
      '_defaults.yaml': defaults('{ owner: a }'),
      '_defaults.yml': defaults('{ owner: b }'),
      'a.yaml': policy('a'),
    });
    expect(twice.policies).toEqual([]);
    expect(twice.problems).toMatchObject([
      { code: 'POLICY_DEFAULTS', file: '_defaults.yml', line: 1 },
      { code: 'POLICY_DEFAULTS', file: 'a.yaml' },
    ]);
  });

  it.each([
    ['nothing in the file', '# later\n', 'POLICY_TYPE'],
    ['an empty file', '', 'POLICY_EMPTY'],
    ['two documents', `${defaults('{ owner: a }')}---\n${defaults('{ owner: b }')}`, 'POLICY_TOO_MANY'],
    ['a policy', policy('a'), 'POLICY_MISSING_KEY'],
    ['another version', 'apiVersion: gcr-warden/v2\ndefaults: { owner: a }\n', 'POLICY_API_VERSION'],
    ['no version', 'defaults: { owner: a }\n', 'POLICY_MISSING_KEY'],
  ])('are broken where there is %s', (_title, text, code) => {
    expect(read({ '_defaults.yaml': text }).problems[0]?.code).toBe(code);
  });
});
