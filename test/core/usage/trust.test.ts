import { describe, expect, it } from 'vitest';
import { usesAmong } from '../../../shared/app/uses-among.ts';
import { unknown } from '../../../shared/core/fact.ts';
import { deriveHistory } from '../../../shared/core/history.ts';
import { planListing } from '../../../shared/core/plan-repository.ts';
import type { Condition, Rule } from '../../../shared/core/policy.ts';
import { parsePolicyFile } from '../../../shared/core/policy-file/parse.ts';
import type { UsageAnswer } from '../../../shared/core/usage.ts';
import { anyCase, doomedBy, planOf } from '../case.ts';
import { answerOf, digestOf, NOW_MS, REPOSITORY, takingOf } from '../estate.ts';
import { checkProperty } from '../property.ts';

const policy = (name: string, trust: string): string => `apiVersion: gcr-warden/v1
policy: ${name}
repositories: ["europe-docker.pkg.dev/acme/**"]
mode: enforce
limits: { share: 100%, mayEmpty: true }
${trust}
keep: [{ running: { inUse: true } }]
delete: [{ old: { olderThan: 30d } }]
`;

const STRICT = policy('strict', '');
const SAID = policy('strict', 'trustInUse: complete');
const TRUSTING = policy('trusting', 'trustInUse: best-effort');

function read(...texts: string[]) {
  const { policies, problems } = parsePolicyFile({
    file: 'a.yaml',
    text: texts.join('---\n'),
    gitRevision: unknown('not in git'),
  });
  expect(problems).toEqual([]);
  return { policies, problems };
}

function planBy(text: string[], answers: UsageAnswer[]) {
  const { listing } = takingOf([{ name: 'old' }, { name: 'used' }]);
  const history = deriveHistory(REPOSITORY, []);
  const usage = { version: 1, answers } as const;
  return planListing({ listing, history, usage, policies: read(...text), scope: 'enforced', nowMs: NOW_MS });
}

const portsFor = (answers: UsageAnswer[]) => ({
  usage: { read: async () => ({ version: 1 as const, answers }) },
  ledger: { historyFacts: async () => [] },
});

const goesBy = (text: string[], answers: UsageAnswer[]): number => planBy(text, answers).steps.length;

const complete = answerOf('complete', { name: 'used', by: 'pod prod/api' });
const vague = answerOf('best effort', { name: 'used', by: 'pod prod/api' });
const silent: UsageAnswer = { kind: 'unknown', source: 'cluster dev', reason: '403' };

describe('best effort', () => {
  it.each<[string, string[], UsageAnswer[], number]>([
    ['deletes nothing by itself', [STRICT], [vague], 0],
    ['deletes nothing by itself where a policy asks for complete answers', [SAID], [vague], 0],
    ['is enough for a policy that trusts it', [TRUSTING], [vague], 1],
    ['is not enough while another source is silent', [TRUSTING], [vague, silent], 0],
    ['is not enough where nobody was asked', [TRUSTING], [], 0],
    [
      'is not enough where another policy for the repository does not trust it',
      [TRUSTING, STRICT],
      [vague],
      0,
    ],
    ['adds keeps to a complete answer', [STRICT], [answerOf('complete'), vague], 1],
    ['takes no keep away from a complete answer', [STRICT], [complete, answerOf('best effort')], 1],
  ])('%s', (_title, text, answers, deletions) => {
    expect(goesBy(text, answers)).toBe(deletions);
  });

  it('is refused by the check before the first delete, unless every asking policy trusts it', async () => {
    const gapOf = async (text: string[], ...answers: UsageAnswer[]) =>
      (await usesAmong(portsFor(answers), planBy(text, [complete]))).gap;
    expect(await gapOf([STRICT], complete)).toBeNull();
    expect(await gapOf([STRICT], vague)).toBe('cluster prod answers by best effort only');
    expect(await gapOf([TRUSTING], vague)).toBeNull();
    expect(await gapOf([TRUSTING, STRICT], vague)).toBe('cluster prod answers by best effort only');
    expect(await gapOf([TRUSTING], vague, silent)).toBe('cluster dev did not answer: 403');
    expect(await gapOf([TRUSTING])).toBe('no in-use source is configured');
  });

  it('finds what came into use by its tag, under another name of the repository', async () => {
    const repository = 'us-docker.pkg.dev/acme/gcr.io/api';
    const plan = planBy([STRICT], [complete]);
    const decisions = plan.decisions.map((one) => ({ ...one, tags: ['v1'] }));
    const work = { ...plan, repository, decisions };
    const use = answerOf('complete', { tag: 'v1', by: 'job nightly', repository: 'gcr.io/acme/api' });
    const { users } = await usesAmong(portsFor([use]), work);
    expect(users.get(digestOf('old'))).toBe('job nightly');
  });
});

it('a value that trustInUse does not have is an error', () => {
  const text = policy('p', 'trustInUse: always');
  const { problems } = parsePolicyFile({ file: 'a.yaml', text, gitRevision: unknown('not in git') });
  expect(problems).toMatchObject([{ code: 'POLICY_VALUE', line: 6 }]);
});

it('an answer by best effort never lets anything go that a policy without trust would have kept', () => {
  const strict = (rule: Rule): Rule => ({
    ...rule,
    // The newest two of what is in use are others once a third is seen to be; that is what such a rule says.
    newest: rule.conditions.some(({ kind }) => kind === 'inUse') ? null : rule.newest,
    conditions: rule.conditions.map((one): Condition => (one.kind === 'inUse' ? { kind: 'inUse' } : one)),
  });
  checkProperty(
    anyCase.map((one) => ({
      ...one,
      policies: one.policies.map((policy) => ({ ...policy, keep: policy.keep.map(strict) })),
    })),
    (one) => {
      const names = one.pieces.slice(0, 2).map(({ name }) => ({ name, by: 'pod prod/api' }));
      const more = [...one.usage.answers, answerOf('best effort', ...names)];
      const before = doomedBy(planOf(one).plan);
      const after = doomedBy(planOf({ ...one, usage: { version: 1, answers: more } }).plan);
      expect([...after].filter((digest) => !before.has(digest))).toEqual([]);
    },
    300,
  );
});
