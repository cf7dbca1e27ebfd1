import { describe, expect, it } from 'vitest';
import { assemblePlan } from '../../shared/core/assemble-plan.ts';
import type { Completeness } from '../../shared/core/listing.ts';
import type { Refusal, RepositoryPlan } from '../../shared/core/plan.ts';
import { type PlanScope, planRepository } from '../../shared/core/plan-repository.ts';
import type { Limits, Policy, PolicyProblem } from '../../shared/core/policy.ts';
import {
  digestOf,
  NO_LIMITS,
  NO_USAGE,
  NOW_MS,
  type Piece,
  policy,
  REPOSITORY,
  rule,
  subjectTag,
  takingOf,
} from './estate.ts';

const ALL = rule('delete', 'all', [{ kind: 'all' }]);
const UNTAGGED = rule('delete', 'untagged', [{ kind: 'state', state: 'untagged' }]);
const KEEP_STABLE = rule('keep', 'stable', [
  { kind: 'tags', match: 'any', patterns: [{ kind: 'exact', text: 'stable' }] },
]);

interface Asked {
  readonly policies: readonly Policy[];
  readonly problems?: readonly PolicyProblem[];
  readonly scope?: PlanScope;
  readonly completeness?: Completeness;
}

function planOf(pieces: readonly Piece[], asked: Asked): RepositoryPlan {
  const { policies, problems = [], scope = 'all', completeness } = asked;
  return planRepository({
    ...takingOf(pieces, [], NO_USAGE, completeness),
    policies: { policies, problems },
    scope,
    nowMs: NOW_MS,
  });
}

/** Steps by names: `untag v1 app`, `delete app`. */
function stepsOf(plan: RepositoryPlan, pieces: readonly Piece[]): string[] {
  const names = new Map(pieces.map(({ name }) => [digestOf(name), name]));
  return plan.steps.map((step) =>
    step.kind === 'untag'
      ? `untag ${step.tag} ${names.get(step.digest)}`
      : `delete ${names.get(step.digest)}`,
  );
}

describe('steps', () => {
  it('remove all tags of a manifest directly before it', () => {
    const pieces = [{ name: 'app', tags: ['a', 'b'] }];
    expect(stepsOf(planOf(pieces, { policies: [policy([ALL])] }), pieces)).toEqual([
      'untag a app',
      'untag b app',
      'delete app',
    ]);
  });

  it('remember the tags and the size of what they delete', () => {
    const pieces = [
      { name: 'app', tags: ['a'], sizeBytes: 42 },
      { name: 'odd', sizeBytes: null },
    ];
    const steps = planOf(pieces, { policies: [policy([ALL])] }).steps.filter(
      (step) => step.kind === 'delete',
    );
    expect(new Map(steps.map(({ digest, tags, sizeBytes }) => [digest, { tags, sizeBytes }]))).toEqual(
      new Map([
        [digestOf('app'), { tags: ['a'], sizeBytes: 42 }],
        [digestOf('odd'), { tags: [], sizeBytes: null }],
      ]),
    );
  });

  it('take a signed index apart from the outside: index, signature, then children', () => {
    const pieces = [
      { name: 'app', children: ['amd64'] },
      { name: 'amd64' },
      { name: 'sig', tags: [subjectTag('amd64', '.sig')] },
    ];
    const steps = stepsOf(planOf(pieces, { policies: [policy([ALL])] }), pieces);
    expect(steps.at(-1)).toBe('delete amd64');
    expect(steps).toContain('delete app');
    expect(steps).toContain(`untag ${subjectTag('amd64', '.sig')} sig`);
  });

  it('leave a child that another index needs', () => {
    const pieces = [
      { name: 'old', children: ['base', 'old-only'] },
      { name: 'new', tags: ['stable'], children: ['base'] },
      { name: 'base' },
      { name: 'old-only' },
    ];
    const plan = planOf(pieces, { policies: [policy([UNTAGGED])] });
    expect(stepsOf(plan, pieces)).toEqual(['delete old', 'delete old-only']);
  });

  it('share a chain where artifacts share what they delete, and are independent otherwise', () => {
    const pieces = [
      { name: 'one', children: ['shared'] },
      { name: 'two', children: ['shared'] },
      { name: 'shared' },
      { name: 'alone' },
    ];
    const chains = new Map(
      planOf(pieces, { policies: [policy([ALL])] }).steps.map((step) => [step.digest, step.chain]),
    );
    expect(chains.get(digestOf('one'))).toBe(chains.get(digestOf('two')));
    expect(chains.get(digestOf('one'))).toBe(chains.get(digestOf('shared')));
    expect(chains.get(digestOf('alone'))).not.toBe(chains.get(digestOf('one')));
  });

  it('name every policy that allows them', () => {
    const policies = [policy([ALL]), policy([UNTAGGED], { name: 'trial', mode: 'plan' })];
    const [step] = planOf([{ name: 'app' }], { policies }).steps;
    expect(step?.allowedBy.map((one) => `${one.policy} ${one.rule} ${one.mode}`)).toEqual([
      'services all enforce',
      'trial untagged plan',
    ]);
  });

  it('leave out what no enforced policy allows where nobody is going to look', () => {
    const pieces = [{ name: 'app' }, { name: 'tagged', tags: ['v1'] }];
    const policies = [policy([UNTAGGED]), policy([ALL], { name: 'trial', mode: 'plan' })];
    expect(stepsOf(planOf(pieces, { policies, scope: 'enforced' }), pieces)).toEqual(['delete app']);
    expect(stepsOf(planOf(pieces, { policies, scope: 'all' }), pieces)).toHaveLength(3);
  });

  it('leave out an enforced child where its index stays, being allowed in mode plan only', () => {
    const pieces = [
      { name: 'app', tags: ['v1'], children: ['amd64'] },
      { name: 'amd64', tags: ['tmp'] },
    ];
    const tmp = rule('delete', 'tmp', [
      { kind: 'tags', match: 'all', patterns: [{ kind: 'exact', text: 'tmp' }] },
    ]);
    const policies = [policy([tmp]), policy([ALL], { name: 'trial', mode: 'plan' })];
    expect(planOf(pieces, { policies, scope: 'enforced' }).steps).toEqual([]);
  });
});

describe('refusals', () => {
  const limits = (more: Partial<Limits>): Limits => ({ ...NO_LIMITS, ...more });
  const ten: readonly Piece[] = Array.from({ length: 10 }, (_, index) => ({ name: `m${index}` }));
  const halfTagged: readonly Piece[] = ten.map((piece, index) =>
    index < 5 ? { ...piece, tags: [`t${index}`] } : piece,
  );
  const broken: PolicyProblem = {
    code: 'POLICY_TYPE',
    file: 'holds.yaml',
    line: 7,
    column: 3,
    message: 'keep is a list',
    policy: 'holds',
    guards: { include: ['europe-docker.pkg.dev/**'], exclude: [] },
  };
  const cut: Completeness = { kind: 'incomplete', reason: 'page 3 has no end' };

  const cases: readonly [string, readonly Piece[], Asked, Refusal | null][] = [
    ['nothing stands in the way', halfTagged, { policies: [policy([UNTAGGED])] }, null],
    [
      'exactly the limit of digests',
      halfTagged,
      { policies: [policy([UNTAGGED], { limits: limits({ digests: 5 }) })] },
      null,
    ],
    [
      'one digest over the limit',
      halfTagged,
      { policies: [policy([UNTAGGED], { limits: limits({ digests: 4 }) })] },
      { code: 'LIMIT_DIGESTS', message: '5 manifests would go; policy services allows 4 a run.' },
    ],
    [
      'exactly the share',
      halfTagged,
      { policies: [policy([UNTAGGED], { limits: limits({ share: 0.5 }) })] },
      null,
    ],
    [
      'more than the share',
      halfTagged,
      { policies: [policy([UNTAGGED], { limits: limits({ share: 0.499 }) })] },
      { code: 'LIMIT_SHARE', message: '5 of 10 manifests would go; policy services allows 49.9 % a run.' },
    ],
    [
      'the last artifact',
      [{ name: 'app', children: ['amd64'] }, { name: 'amd64' }],
      { policies: [policy([ALL], { limits: limits({ mayEmpty: false }) })] },
      {
        code: 'LIMIT_LAST_ARTIFACT',
        message: 'Nothing would be left; policy services does not say "mayEmpty: true".',
      },
    ],
    ['the last artifact where that is allowed', [{ name: 'app' }], { policies: [policy([ALL])] }, null],
    [
      'the strictest of several policies',
      ten,
      { policies: [policy([ALL]), policy([UNTAGGED], { name: 'careful', limits: limits({ digests: 3 }) })] },
      { code: 'LIMIT_DIGESTS', message: '10 manifests would go; policy careful allows 3 a run.' },
    ],
    [
      'not the limit of a policy that allows none of it',
      halfTagged,
      {
        policies: [
          policy([UNTAGGED]),
          policy([KEEP_STABLE], { name: 'holds', limits: limits({ digests: 1 }) }),
        ],
      },
      null,
    ],
    [
      'a listing that may be cut, before every limit',
      ten,
      { policies: [policy([ALL], { limits: limits({ digests: 1 }) })], completeness: cut },
      {
        code: 'LISTING_INCOMPLETE',
        message: 'The listing may not hold everything: page 3 has no end. Nothing is deleted from it.',
      },
    ],
    [
      'a broken policy that may have kept something here',
      halfTagged,
      { policies: [policy([UNTAGGED])], problems: [broken] },
      {
        code: 'POLICY_BROKEN',
        message:
          "holds.yaml:7:3: this policy selects the repository and can't be read, so what it would keep is not known. Mend it first.",
      },
    ],
    [
      'not a broken policy for other repositories',
      halfTagged,
      {
        policies: [policy([UNTAGGED])],
        problems: [{ ...broken, guards: { include: ['gcr.io/**'], exclude: [] } }],
      },
      null,
    ],
    [
      'not a broken policy that can hide no keep',
      halfTagged,
      { policies: [policy([UNTAGGED])], problems: [{ ...broken, guards: null }] },
      null,
    ],
    [
      'nothing where nothing would go',
      ten,
      { policies: [policy([], { limits: limits({ digests: 0 }) })] },
      null,
    ],
  ];

  it.each(cases)('%s', (_row, pieces, asked, expected) => {
    expect(planOf(pieces, asked).refusal).toEqual(expected);
  });

  it('count children and signatures, not artifacts', () => {
    const pieces = [
      { name: 'app', children: ['a', 'b'] },
      { name: 'a' },
      { name: 'b' },
      { name: 'x', tags: ['stable'] },
    ];
    const plan = planOf(pieces, { policies: [policy([UNTAGGED], { limits: limits({ digests: 2 }) })] });
    expect(plan.refusal?.message).toBe('3 manifests would go; policy services allows 2 a run.');
  });

  it('leave the steps in the plan, so that people see what would have gone', () => {
    const plan = planOf(ten, { policies: [policy([ALL], { limits: limits({ digests: 1 }) })] });
    expect(plan.steps).toHaveLength(10);
  });
});

describe('what a plan tells', () => {
  it('warns where no policy selects the repository', () => {
    expect(planOf([{ name: 'app' }], { policies: [] }).warnings).toEqual([
      'No policy selects this repository: everything in it is kept.',
    ]);
  });

  it('warns of what is kept because it could not be read', () => {
    const plan = planOf([{ name: 'app', unreadable: '503' }], { policies: [policy([ALL])] });
    expect(plan.warnings).toEqual(['1 artifact kept because of relations that are not known: 503.']);
  });

  it('says whether a rule asks what runs', () => {
    const inUse = rule('keep', 'running', [{ kind: 'inUse' }]);
    expect(planOf([], { policies: [policy([ALL, inUse])] }).asksUsage).toBe(true);
    expect(planOf([], { policies: [policy([ALL])] }).asksUsage).toBe(false);
  });

  it('counts manifests and artifacts', () => {
    const pieces = [{ name: 'app', children: ['a'] }, { name: 'a' }, { name: 'b' }];
    expect(planOf(pieces, { policies: [] })).toMatchObject({ manifestCount: 3, artifactCount: 2 });
  });

  it('has another inventory hash when a fact changes', () => {
    const of = (days: number) => planOf([{ name: 'app', days }], { policies: [] }).inventoryHash;
    expect(of(1)).not.toBe(of(2));
    expect(of(1)).toBe(of(1));
  });
});

describe('plans', () => {
  const parts = (repositories: readonly RepositoryPlan[]) => ({
    createdAtMs: NOW_MS,
    target: 'europe-docker.pkg.dev/acme',
    catalog: { kind: 'complete' } as const,
    problems: [],
    warnings: [],
    repositories,
  });

  it('are sorted by repository and have one id, in whatever order repositories were planned', () => {
    const a = planOf([{ name: 'app' }], { policies: [policy([ALL])] });
    const b = { ...a, repository: `${REPOSITORY}-b` };
    const plan = assemblePlan(parts([b, a]));
    expect(plan.repositories.map((one) => one.repository)).toEqual([REPOSITORY, `${REPOSITORY}-b`]);
    expect(assemblePlan(parts([a, b]))).toEqual(plan);
  });

  it('have another id when anything in them differs', () => {
    const one = planOf([{ name: 'app' }], { policies: [policy([ALL])] });
    const ids = [
      assemblePlan(parts([one])),
      assemblePlan(parts([])),
      assemblePlan({ ...parts([one]), createdAtMs: NOW_MS + 1 }),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(3);
  });
});
