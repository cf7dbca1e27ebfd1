import { describe, expect, it } from 'vitest';
import { unknown } from '../../../shared/core/fact.ts';
import type { PolicySet, RepositorySelection } from '../../../shared/core/policy.ts';
import { joinPolicySets } from '../../../shared/core/policy-file/join.ts';
import { parsePolicyFile } from '../../../shared/core/policy-file/parse.ts';

function parse(text: string, file = 'a.yaml'): PolicySet {
  return parsePolicyFile({ file, text, gitRevision: unknown('not in a repository') });
}

const HEAD = 'apiVersion: gcr-warden/v1\npolicy: p\n';
const KEEP = 'keep: [{ k: { newest: 3 } }]\n';
const DELETE = 'delete: [{ d: { olderThan: 1d } }]\n';
const BOTH = 'repositories: ["*/acme/**", "!*/acme/base"]\n';

const rows: readonly (readonly [title: string, text: string, guards: RepositorySelection | null])[] = [
  [
    'guards what it selects where a keep rule is broken',
    `${HEAD}${BOTH}keep: [{ k: { newst: 3 } }]\n`,
    { include: ['*/acme/**'], exclude: ['*/acme/base'] },
  ],
  [
    'guards what it selects where anything else is broken and it has keep rules',
    `${HEAD}${BOTH}mode: on\n${KEEP}${DELETE}`,
    { include: ['*/acme/**'], exclude: ['*/acme/base'] },
  ],
  ['guards nothing where it surely has no keep rule', `${HEAD}${BOTH}mode: on\n${DELETE}`, null],
  [
    'guards where an unknown key may have been keep',
    `${HEAD}${BOTH}kep: [{ k: { newest: 3 } }]\n${DELETE}`,
    { include: ['*/acme/**'], exclude: ['*/acme/base'] },
  ],
  [
    'guards more than it selects where its excludes are broken',
    `${HEAD}repositories: ["*/acme/**", "!*/acme/base", "!BASE"]\n${KEEP}`,
    { include: ['*/acme/**'], exclude: [] },
  ],
  [
    'guards what can be read of its repositories',
    `${HEAD}repositories: ["*/acme/**", 5]\n${KEEP}`,
    { include: ['*/acme/**'], exclude: [] },
  ],
  [
    'guards what stands under a misspelt repositories',
    `${HEAD}repositores: ["*/acme/**"]\n${KEEP}`,
    { include: ['*/acme/**'], exclude: [] },
  ],
  [
    'guards what both stand for where repositories are there twice',
    `${HEAD}repositories: ["*/a/**"]\nrepositories: ["*/b/**", "!*/b/c"]\n${KEEP}`,
    { include: ['*/a/**', '*/b/**'], exclude: [] },
  ],
  [
    'guards a document that is cut before its keep rules could be seen',
    `${HEAD}${BOTH}delete: [{ d: { olderThan: `,
    { include: ['*/acme/**'], exclude: [] },
  ],
  [
    'guards a document of a later version',
    `apiVersion: gcr-warden/v2\npolicy: p\n${BOTH}${KEEP}`,
    { include: ['*/acme/**'], exclude: ['*/acme/base'] },
  ],
  ['guards nothing where its repositories are not known', `${HEAD}repositories: 5\n${KEEP}`, null],
];

describe('a broken policy', () => {
  it.each(rows)('%s', (_title, text, guards) => {
    const { policies, problems } = parse(text);
    expect(policies).toEqual([]);
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem.guards).toEqual(guards);
  });

  it('is named where its name can be read', () => {
    expect(parse(`${HEAD}${BOTH}mode: on\n${DELETE}`).problems[0]?.policy).toBe('p');
    expect(parse(`${HEAD.replace('p\n', 'P P\n')}${BOTH}${DELETE}`).problems[0]?.policy).toBeNull();
  });
});

describe('policies joined from several files', () => {
  const files = ['c.yaml', 'a.yaml', 'b.yaml'].map((file) => parse(`${HEAD}${BOTH}${KEEP}`, file));

  it('keep the first of one name and refuse every later one by name, in any order', () => {
    const joined = joinPolicySets(files);
    expect(joined.policies.map(({ source }) => source.file)).toEqual(['a.yaml']);
    expect(joined.problems).toMatchObject([
      { code: 'POLICY_DUPLICATE_NAME', file: 'b.yaml', line: 1, column: 1, policy: 'p' },
      { code: 'POLICY_DUPLICATE_NAME', file: 'c.yaml', line: 1, column: 1, policy: 'p' },
    ]);
    for (const problem of joined.problems) expect(problem.message).toContain('a.yaml:1');
    expect(joinPolicySets([...files].reverse())).toEqual(joined);
  });

  it('guard what a refused one would have kept', () => {
    expect(joinPolicySets(files).problems[0]?.guards).toEqual({
      include: ['*/acme/**'],
      exclude: ['*/acme/base'],
    });
  });

  it('are the same when joined again', () => {
    const joined = joinPolicySets(files);
    expect(joinPolicySets([joined])).toEqual(joined);
  });

  it('refuse a name twice in one file', () => {
    const one = `${HEAD}${BOTH}${DELETE}`;
    const { policies, problems } = parse(`${one}---\n${one}`);
    expect(policies).toHaveLength(1);
    expect(problems).toMatchObject([{ code: 'POLICY_DUPLICATE_NAME', line: 6, guards: null }]);
  });
});
