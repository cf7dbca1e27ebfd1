import { describe, expect, it } from 'vitest';
import { assemblePlan, planId } from '../../shared/core/assemble-plan.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { checkApplicable } from '../../shared/core/plan-check.ts';
import { parsePlan } from '../../shared/core/plan-file.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import type { Policy } from '../../shared/core/policy.ts';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import { digestOf, NOW_MS, policy, policySet, rule, takingOf } from './estate.ts';

const ALL = rule('delete', 'all', [{ kind: 'all' }]);

function planBy(...policies: readonly Policy[]): Plan {
  const taking = takingOf([{ name: 'app', tags: ['v1'] }, { name: 'old' }]);
  const repository = planRepository({
    ...taking,
    policies: policySet(...policies),
    scope: 'all',
    nowMs: NOW_MS,
  });
  return assemblePlan({
    createdAtMs: NOW_MS,
    target: 'europe-docker.pkg.dev/acme',
    catalog: { kind: 'complete' },
    problems: [],
    warnings: [],
    repositories: [repository],
  });
}

const PLAN = planBy(policy([ALL]));

/** The plan as a file that somebody changed; with `sealed` its id was made to fit. */
function changed(change: (plan: Record<string, unknown>) => void, sealed = false): string {
  const plan = JSON.parse(JSON.stringify(PLAN)) as Record<string, unknown>;
  change(plan);
  if (sealed) plan['id'] = planId(plan as unknown as Plan);
  return JSON.stringify(plan);
}

function repositoryIn(plan: Record<string, unknown>): Record<string, unknown> {
  return (plan['repositories'] as Record<string, unknown>[])[0] ?? {};
}

function stepIn(plan: Record<string, unknown>): Record<string, unknown> {
  return (repositoryIn(plan)['steps'] as Record<string, unknown>[])[0] ?? {};
}

describe('plan files', () => {
  it('read the same as they were written, whatever white space and order of keys', () => {
    expect(parsePlan(JSON.stringify(PLAN, null, 2), 'plan.json')).toEqual(PLAN);
    const reversed = Object.fromEntries(Object.entries(PLAN).reverse());
    expect(parsePlan(JSON.stringify(reversed), 'plan.json').id).toBe(PLAN.id);
  });

  const edits: readonly [string, string][] = [
    ['a step more', changed((plan) => (repositoryIn(plan)['steps'] as unknown[]).push(stepIn(plan)))],
    ['a step less', changed((plan) => (repositoryIn(plan)['steps'] as unknown[]).pop())],
    ['another digest', changed((plan) => Object.assign(stepIn(plan), { digest: digestOf('other') }))],
    ['a later date', changed((plan) => Object.assign(plan, { createdAtMs: NOW_MS + DAY_MS }))],
    ['a word more', changed((plan) => Object.assign(repositoryIn(plan), { x: 1 }))],
    [
      'another allowance',
      changed((plan) =>
        Object.assign(stepIn(plan), {
          allowedBy: [{ policy: 'p', rule: 'r', mode: 'enforce', source: { file: 'x' } }],
        }),
      ),
    ],
    ['another id', changed((plan) => Object.assign(plan, { id: digestOf('x') }))],
  ];
  it.each(edits)('are refused when edited: %s', (_row, text) => {
    expect(() => parsePlan(text, 'plan.json')).toThrow(
      expect.objectContaining({
        code: 'PLAN_INVALID',
        message: expect.stringMatching(/^plan\.json is no plan to apply: .*was changed after it was made/),
      }),
    );
  });

  const shapes: readonly [string, string, RegExp][] = [
    ['nothing', '', /it is not JSON/],
    ['half of a file', JSON.stringify(PLAN).slice(0, 500), /it is not JSON/],
    ['a list', '[]', /top level/],
    ['another version', changed((plan) => Object.assign(plan, { version: 2 }), true), /version/],
    ['another kind of file', changed((plan) => Object.assign(plan, { kind: 'x' }), true), /kind/],
    [
      'a repository without a host',
      changed((plan) => Object.assign(repositoryIn(plan), { repository: 'acme/api' }), true),
      /repository: not HOST\/NAME/,
    ],
    [
      'a repository that climbs',
      changed((plan) => Object.assign(repositoryIn(plan), { repository: 'gcr.io/../x' }), true),
      /repository: not HOST\/NAME/,
    ],
    [
      'a step of another kind',
      changed((plan) => Object.assign(stepIn(plan), { kind: 'drop' }), true),
      /steps\.0/,
    ],
    [
      'a digest that is none',
      changed((plan) => Object.assign(stepIn(plan), { digest: 'sha256:1' }), true),
      /digest: not a sha256/,
    ],
    [
      'a tag with a path in it',
      changed((plan) => Object.assign(stepIn(plan), { kind: 'untag', tag: '../x' }), true),
      /tag: not a tag/,
    ],
    [
      'a step that nobody allows',
      changed((plan) => Object.assign(stepIn(plan), { allowedBy: [] }), true),
      /allowedBy/,
    ],
    [
      'no word on what runs',
      changed((plan) => Object.assign(repositoryIn(plan), { asksUsage: undefined }), true),
      /asksUsage/,
    ],
    [
      'decisions without reasons',
      changed(
        (plan) =>
          Object.assign(repositoryIn(plan), { decisions: [{ root: digestOf('a'), verdict: 'delete' }] }),
        true,
      ),
      /decisions\.0/,
    ],
    [
      'an allowance from nowhere',
      changed((plan) => Object.assign(stepIn(plan), { allowedBy: [{ policy: 'p', mode: 'plan' }] }), true),
      /allowedBy\.0\.source/,
    ],
  ];
  it.each(shapes)('are refused, with the place: %s', (_row, text, why) => {
    expect(() => parsePlan(text, 'plan.json')).toThrow(
      expect.objectContaining({ code: 'PLAN_INVALID', message: expect.stringMatching(why) }),
    );
  });
});

describe('plans to apply', () => {
  const ages: readonly [string, number, string | null][] = [
    ['made now', 0, null],
    ['a day old', DAY_MS, null],
    ['older than a day', DAY_MS + 1, 'PLAN_TOO_OLD'],
    ['made by a clock that is a little ahead', -5 * MINUTE_MS, null],
    ['from the future', -5 * MINUTE_MS - 1, 'PLAN_FROM_FUTURE'],
  ];
  it.each(ages)('%s', (_row, ageMs, code) => {
    const check = () => checkApplicable(PLAN, NOW_MS + ageMs);
    if (code === null) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code }));
  });

  it('are refused whole for one step of a policy in mode plan, which is named', () => {
    const untagged = rule('delete', 'untagged', [{ kind: 'state', state: 'untagged' }]);
    const plan = planBy(policy([untagged]), policy([ALL], { name: 'trial', mode: 'plan' }));
    expect(() => checkApplicable(plan, NOW_MS)).toThrow(
      expect.objectContaining({
        code: 'PLAN_NOT_ENFORCED',
        message: expect.stringContaining('mode: plan: trial (services.yaml)'),
      }),
    );
  });

  it('may have a step that a policy in mode plan allows as well', () => {
    const plan = planBy(policy([ALL]), policy([ALL], { name: 'trial', mode: 'plan' }));
    expect(() => checkApplicable(plan, NOW_MS)).not.toThrow();
  });
});
