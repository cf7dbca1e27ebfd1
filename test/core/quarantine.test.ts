import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf } from '../../shared/core/day-ranges.ts';
import type { Decision } from '../../shared/core/decision.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { deriveHistory, type HistoryFact } from '../../shared/core/history.ts';
import type { Hold } from '../../shared/core/hold.ts';
import { takeInventory } from '../../shared/core/inventory.ts';
import type { RepositoryPlan } from '../../shared/core/plan.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import type { Policy, Quarantine, Rule } from '../../shared/core/policy.ts';
import type { RecordedPulls } from '../../shared/core/pull-record.ts';
import { lastPushes } from '../../shared/core/quarantine.ts';
import {
  ENDED_MARKS_MAX,
  MARK_REMEMBERED_MS,
  marksAfter,
  meaningOf,
  type QuarantineMark,
} from '../../shared/core/quarantine-mark.ts';
import { decisionSentence } from '../../shared/core/sentence.ts';
import { DAY_MS, HOUR_MS } from '../../shared/core/units.ts';
import type { Usage } from '../../shared/core/usage.ts';
import { NO_USAGE_RECORD, type UsageRecord } from '../../shared/core/usage-record.ts';
import {
  answerOf,
  digestOf,
  listingOf,
  NOW_MS,
  type Piece,
  policy,
  policySet,
  REPOSITORY,
  rule,
  told,
  usageOf,
} from './estate.ts';
import { checkProperty } from './property.ts';

const WEEK: Quarantine = { graceMs: 7 * DAY_MS, without: [] };

function deleting(quarantine: Quarantine | null, name = 'old'): Rule {
  const old = rule('delete', name, [{ kind: 'olderThan', ageMs: 30 * DAY_MS }]);
  return quarantine === null ? old : { ...old, quarantine };
}

/** Pulls of which all are known for a year. */
const PULLS: RecordedPulls = { sinceMs: known(NOW_MS - 365 * DAY_MS), pulls: [] };

const PIECES: readonly Piece[] = [
  { name: 'app', tags: ['v1'], days: 100 },
  { name: 'signature', tags: [`sha256-${digestOf('app').slice(7)}.sig`], days: 100 },
];
const FACTS: readonly HistoryFact[] = [told(100, 'INSERT', 'app', 'v1')];

interface Scene {
  readonly pieces?: readonly Piece[];
  readonly policies?: readonly Policy[];
  /** All of them, also those that are not due; where it differs. */
  readonly whole?: readonly Policy[];
  readonly marks?: readonly QuarantineMark[];
  readonly facts?: readonly HistoryFact[];
  readonly usage?: Usage;
  readonly record?: UsageRecord;
  readonly pulls?: RecordedPulls;
  readonly holds?: readonly Hold[];
  readonly isCut?: boolean;
  readonly nowMs?: number;
}

const BY_OLD = policy([deleting(WEEK)]);

function markOf(days: number, more: Partial<QuarantineMark> = {}, by: Policy = BY_OLD): QuarantineMark {
  const sinceMs = NOW_MS - days * DAY_MS;
  return {
    version: 1,
    root: digestOf('app'),
    tags: ['v1'],
    seenAtMs: sinceMs,
    sinceMs,
    runId: 'run-1',
    rules: [{ policy: by.name, rule: 'old', graceMs: WEEK.graceMs, meaning: meaningOf(by) }],
    end: null,
    ...more,
  };
}

function plan(scene: Scene): RepositoryPlan {
  const { pieces = PIECES, policies = [BY_OLD], facts = FACTS, usage = usageOf(), nowMs = NOW_MS } = scene;
  const listing = listingOf(pieces, scene.isCut ? { kind: 'incomplete', reason: 'cut' } : undefined);
  const history = deriveHistory(REPOSITORY, facts);
  const pulls = scene.pulls ?? PULLS;
  return planRepository({
    ...takeInventory({ listing, history, usage, pulls }),
    listing,
    history,
    pulls,
    policies: policySet(...policies),
    scope: 'enforced',
    nowMs,
    quarantine: {
      marks: scene.marks ?? [],
      pushes: lastPushes(facts),
      usage: scene.record ?? NO_USAGE_RECORD,
      holds: scene.holds ?? [],
      policies: scene.whole ?? policies,
    },
  });
}

function decisionOn(made: RepositoryPlan, name = 'app'): Decision {
  const found = made.decisions.find(({ root }) => root === digestOf(name));
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const stateOf = (scene: Scene): string => decisionOn(plan(scene)).quarantine?.kind ?? 'none';
const endsOf = (scene: Scene): string[] => (plan(scene).quarantine?.end ?? []).map(({ why }) => why);
const hold = (more: Partial<Hold> = {}): Hold => ({
  version: 1,
  repository: REPOSITORY,
  on: { kind: 'digest', digest: digestOf('app') },
  reason: 'audit',
  by: 'ann',
  atMs: NOW_MS - 2 * DAY_MS,
  untilMs: null,
  ...more,
});

describe('what a rule with a quarantine names', () => {
  it('stays at first, with its tags and its signature, and is marked', () => {
    const made = plan({});
    expect(made.steps).toEqual([]);
    expect(made.quarantine?.enter).toEqual([
      {
        root: digestOf('app'),
        tags: ['v1'],
        rules: [{ policy: 'services', rule: 'old', graceMs: 7 * DAY_MS, meaning: meaningOf(BY_OLD) }],
      },
    ]);
    expect(decisionSentence(decisionOn(made))).toBe(
      'kept: goes into quarantine for 7 d: rule old of policy services (services.yaml:10): uploaded 100 d ago (rule wants more than 30 d)',
    );
  });

  it('waits, and says until when', () => {
    const made = plan({ marks: [markOf(3)] });
    expect(made.steps).toEqual([]);
    expect(made.quarantine).toBeUndefined();
    expect(decisionSentence(decisionOn(made))).toContain(
      'kept: in quarantine since 2026-01-28T03:00:00.000Z, goes on 2026-02-04T03:00:00.000Z: rule old',
    );
  });

  it('goes with everything that belongs to it when its time is over, and not a moment before', () => {
    expect(stateOf({ marks: [markOf(7, { sinceMs: NOW_MS - 7 * DAY_MS + 1 })] })).toBe('waiting');
    const made = plan({ marks: [markOf(7)] });
    expect(made.steps.map(({ kind }) => kind)).toEqual(['untag', 'delete', 'untag', 'delete']);
    expect(made.quarantine).toEqual({
      enter: [],
      end: [],
      served: [{ root: digestOf('app'), sinceMs: NOW_MS - 7 * DAY_MS }],
    });
    expect(made.asksUsage).toBe(true);
    expect(decisionSentence(decisionOn(made))).toContain(
      'deleted: in quarantine since 2026-01-24T03:00:00.000Z, its 7 d are over: rule old',
    );
  });

  it('is not marked by a policy that only plans', () => {
    const made = plan({ policies: [policy([deleting(WEEK)], { mode: 'plan' })] });
    expect(made.quarantine).toBeUndefined();
    expect(decisionSentence(decisionOn(made))).toContain('would go into quarantine for 7 d (mode: plan)');
  });

  it('waits for the longest time of all rules that name it, also beside a rule that has none', () => {
    const long = policy([deleting({ graceMs: 30 * DAY_MS, without: [] })], { name: 'long' });
    const none = policy([deleting(null)], { name: 'none' });
    const policies = [BY_OLD, long, none];
    expect(stateOf({ policies, marks: [markOf(8)] })).toBe('waiting');
    expect(stateOf({ policies, marks: [markOf(30)] })).toBe('served');
  });

  it('keeps what it points at from others', () => {
    const pieces: readonly Piece[] = [
      { name: 'waits', tags: ['w'], children: ['shared'], days: 100 },
      { name: 'goes', tags: ['tmp'], children: ['shared', 'own'], days: 100 },
      { name: 'shared' },
      { name: 'own' },
    ];
    const tagged = (name: string, text: string, quarantine?: Quarantine): Rule => ({
      ...rule('delete', name, [{ kind: 'tags', match: 'all', patterns: [{ kind: 'exact', text }] }]),
      ...(quarantine === undefined ? {} : { quarantine }),
    });
    const made = plan({ pieces, policies: [policy([tagged('w', 'w', WEEK), tagged('tmp', 'tmp')])] });
    const gone = made.steps.flatMap((step) => (step.kind === 'delete' ? step.digest : []));
    expect(gone).toEqual([digestOf('goes'), digestOf('own')]);
  });
});

describe('what ends a quarantine', () => {
  const pulled = (days: number): RecordedPulls => ({
    ...PULLS,
    pulls: [{ reference: 'v1', days: [[dayOf(NOW_MS) - days, dayOf(NOW_MS) - days]] }],
  });
  const usedOn = (days: number): UsageRecord => {
    const day = dayOf(NOW_MS) - days;
    return {
      ...NO_USAGE_RECORD,
      complete: [[day, day]],
      uses: [{ reference: digestOf('signature'), days: [[day, day]] }],
    };
  };

  it.each<[string, Scene, string]>([
    ['a pull', { pulls: pulled(2) }, 'pulled'],
    ['a pull on the day of its mark', { pulls: pulled(7) }, 'pulled'],
    ['a push of the same digest', { facts: [...FACTS, told(3, 'INSERT', 'app')] }, 'pushed'],
    ['a tag onto it', { facts: [...FACTS, told(3, 'INSERT', 'app', 'v2')] }, 'pushed'],
    [
      'a new signature',
      { facts: [...FACTS, told(3, 'INSERT', 'signature', `sha256-${digestOf('app').slice(7)}.sig`)] },
      'pushed',
    ],
    ['coming into use', { usage: usageOf({ name: 'app', by: 'pod a' }) }, 'in use'],
    ['use on a day in between, of a part of it', { record: usedOn(2) }, 'in use'],
    ['a hold', { holds: [hold()] }, 'held'],
    ['a hold on its tag', { holds: [hold({ on: { kind: 'tag', tag: 'v1' } })] }, 'held'],
    ['a hold that has ended', { holds: [hold({ untilMs: NOW_MS - DAY_MS })] }, 'held'],
    [
      'another age in the rule',
      { policies: [policy([{ ...deleting(WEEK), conditions: [{ kind: 'olderThan', ageMs: DAY_MS }] }])] },
      'policy changed',
    ],
    [
      'another rule of the policy',
      {
        policies: [
          policy([deleting(WEEK), rule('keep', 'k', [{ kind: 'digests', digests: [digestOf('x')] }])]),
        ],
      },
      'policy changed',
    ],
    [
      'a policy that only plans',
      { policies: [policy([deleting(WEEK)], { mode: 'plan' })] },
      'policy changed',
    ],
    ['a rule of another name', { policies: [policy([deleting(WEEK, 'older')])] }, 'rule gone'],
    ['a rule without a quarantine', { policies: [policy([deleting(null)])] }, 'rule gone'],
    ['no policy any more', { policies: [] }, 'rule gone'],
    [
      'being part of something else',
      { pieces: [{ name: 'index', children: ['app'], days: 1 }, { name: 'app' }] },
      'gone',
    ],
  ])('%s, and its time begins anew', (_row, scene, why) => {
    expect(stateOf({ marks: [markOf(7)] })).toBe('served');
    const made = plan({ ...scene, marks: [markOf(7)] });
    expect(made.quarantine?.end.map((one) => [one.why, one.sinceMs])).toEqual([[why, NOW_MS - 7 * DAY_MS]]);
    if (why === 'rule gone' && scene.policies?.[0]?.delete[0]?.name === 'old') return;
    expect(made.steps).toEqual([]);
  });

  it.each<[string, Scene]>([
    ['what was pushed before', { facts: [told(8, 'INSERT', 'app', 'v1')] }],
    ['a pull before', { pulls: pulled(8) }],
    ['a hold that had ended before', { holds: [hold({ atMs: 0, untilMs: NOW_MS - 8 * DAY_MS })] }],
    ['a hold on something else', { holds: [hold({ on: { kind: 'tag', tag: 'v2' } })] }],
    [
      'another owner, schedule or line',
      { policies: [policy([{ ...deleting(WEEK), line: 99 }], { owner: 'me' })] },
    ],
    ['a policy beside it', { policies: [BY_OLD, policy([deleting(null)], { name: 'other' })] }],
  ])('is not %s', (_row, scene) => {
    expect(endsOf({ ...scene, marks: [markOf(7)] })).toEqual([]);
    expect(stateOf({ ...scene, marks: [markOf(7)] })).toBe('served');
  });

  it('is not a policy that is not due today: it neither goes nor begins anew', () => {
    const made = plan({ policies: [{ ...BY_OLD, delete: [] }], whole: [BY_OLD], marks: [markOf(9)] });
    expect(made.steps).toEqual([]);
    expect(made.quarantine).toBeUndefined();
  });

  it('is not a listing that may be cut', () => {
    const made = plan({ pieces: [], isCut: true, marks: [markOf(9)] });
    expect(made.quarantine).toBeUndefined();
  });

  it('keeps what is in use or was pulled today from being marked at all', () => {
    expect(stateOf({ usage: usageOf({ name: 'app', by: 'pod a' }) })).toBe('not yet');
    expect(stateOf({ pulls: pulled(0) })).toBe('not yet');
    expect(stateOf({ record: usedOn(0) })).toBe('not yet');
    expect(plan({ pulls: pulled(0) }).quarantine).toBeUndefined();
  });
});

describe('what has to be known during a quarantine', () => {
  const NO_PULLS: RecordedPulls = { sinceMs: unknown('pulls are not recorded'), pulls: [] };
  const SILENT: Usage = {
    version: 1,
    answers: [{ kind: 'unknown', source: 'cluster b', reason: 'HTTP 403' }],
  };
  const VAGUE: Usage = { version: 1, answers: [answerOf('best effort')] };
  const withRule = (quarantine: Quarantine): Pick<Scene, 'policies' | 'marks'> => {
    const by = policy([deleting(quarantine)]);
    return { policies: [by], marks: [markOf(9, {}, by)] };
  };

  it.each<[string, Scene, string]>([
    ['pulls are not known', { ...withRule(WEEK), pulls: NO_PULLS }, 'pulls are not recorded'],
    ['what runs is not known', { ...withRule(WEEK), usage: SILENT }, 'cluster b did not answer'],
    ['what runs is known by best effort', { ...withRule(WEEK), usage: VAGUE }, 'best effort only'],
  ])('keeps it while %s', (_row, scene, reason) => {
    const made = plan(scene);
    expect(made.steps).toEqual([]);
    expect(decisionSentence(decisionOn(made))).toContain(reason);
    expect(made.quarantine).toBeUndefined();
  });

  it.each<[string, Scene]>([
    ['pulls', { ...withRule({ ...WEEK, without: ['pulls'] }), pulls: NO_PULLS }],
    ['what runs', { ...withRule({ ...WEEK, without: ['inUse'] }), usage: SILENT }],
    ['more than best effort', { ...withRule({ ...WEEK, trustsBestEffort: true }), usage: VAGUE }],
  ])('is not %s where the policy says so', (_row, scene) => {
    expect(stateOf(scene)).toBe('served');
  });

  it('ends it all the same where it is known', () => {
    const scene = withRule({ ...WEEK, without: ['pulls', 'inUse'] });
    const today = dayOf(NOW_MS);
    const pulls: RecordedPulls = { ...PULLS, pulls: [{ reference: 'v1', days: [[today - 1, today - 1]] }] };
    expect(endsOf({ ...scene, pulls })).toEqual(['pulled']);
    expect(endsOf({ ...scene, usage: usageOf({ name: 'app', by: 'pod a' }) })).toEqual(['in use']);
  });

  it('makes its time count from when pulls are recorded, and from the last day of which use is not known', () => {
    const recorded = (days: number): RecordedPulls => ({ sinceMs: known(NOW_MS - days * DAY_MS), pulls: [] });
    expect(stateOf({ marks: [markOf(20)], pulls: recorded(6) })).toBe('waiting');
    expect(stateOf({ marks: [markOf(20)], pulls: recorded(7) })).toBe('served');
    const day = (daysAgo: number): [number, number] => [dayOf(NOW_MS) - daysAgo, dayOf(NOW_MS) - daysAgo];
    const gap = (daysAgo: number): UsageRecord => ({ ...NO_USAGE_RECORD, unknown: [day(daysAgo)] });
    expect(stateOf({ marks: [markOf(20)], record: gap(7) })).toBe('waiting');
    expect(stateOf({ marks: [markOf(20)], record: gap(8) })).toBe('served');
    expect(stateOf({ marks: [markOf(20)], record: { ...gap(2), complete: [day(2)] } })).toBe('served');
    expect(stateOf({ marks: [markOf(20)], record: { ...NO_USAGE_RECORD, bestEffort: [day(2)] } })).toBe(
      'waiting',
    );
  });
});

describe('marks over the time', () => {
  const RUN = { runId: 'run-2', seenAtMs: NOW_MS - 5, nowMs: NOW_MS };
  const planned = { root: digestOf('app'), tags: ['v1'], rules: markOf(0).rules };

  it('are made once, end once, and are remembered for a time', () => {
    const made = marksAfter([], { enter: [planned], end: [] }, RUN);
    expect(made).toEqual([{ ...markOf(0), runId: 'run-2', seenAtMs: NOW_MS - 5 }]);
    expect(marksAfter(made, { enter: [planned], end: [] }, RUN)).toEqual(made);
    const end = [{ root: planned.root, sinceMs: NOW_MS, why: 'pulled', detail: 'x' } as const];
    const again = marksAfter(made, { enter: [planned], end }, { ...RUN, nowMs: NOW_MS + 1 });
    expect(again.map((mark) => [mark.sinceMs, mark.end?.why ?? null])).toEqual([
      [NOW_MS, 'pulled'],
      [NOW_MS + 1, null],
    ]);
    expect(marksAfter(again, { enter: [], end }, { ...RUN, nowMs: NOW_MS + 2 })).toEqual(again);
    const later = { ...RUN, nowMs: NOW_MS + MARK_REMEMBERED_MS + 2 };
    expect(marksAfter(again, { enter: [], end: [] }, later)).toEqual([again[1]]);
  });

  it('end of another mark on the same image changes nothing', () => {
    const end = [{ root: planned.root, sinceMs: NOW_MS - 1, why: 'held', detail: 'x' } as const];
    expect(marksAfter([markOf(0)], { enter: [], end }, RUN)).toEqual([markOf(0)]);
  });

  it('remembers at most so many that have ended, and all that stand', () => {
    const ended = Array.from({ length: ENDED_MARKS_MAX + 10 }, (_, at) =>
      markOf(1, { root: digestOf(`gone ${at}`), end: { atMs: NOW_MS - at, why: 'gone', detail: '' } }),
    );
    const after = marksAfter([...ended, markOf(1)], { enter: [], end: [] }, RUN);
    expect(after).toHaveLength(ENDED_MARKS_MAX + 1);
  });
});

/** What can happen to an image on one day. */
type Act = 'nothing' | 'pull' | 'push' | 'use' | 'hold' | 'change policy' | 'pulls unknown' | 'use unknown';

describe('a quarantine, night by night', () => {
  it('lets nothing go before its whole time has passed since the last thing that ended it', () => {
    let served = 0;
    const act = fc.constantFrom<Act>(
      ...Array<Act>(8).fill('nothing'),
      'pull',
      'push',
      'use',
      'hold',
      'change policy',
      'pulls unknown',
      'use unknown',
    );
    checkProperty(
      fc.tuple(fc.array(act, { minLength: 5, maxLength: 30 }), fc.integer({ min: 1, max: 8 })),
      ([acts, graceDays]) => {
        let marks: readonly QuarantineMark[] = [];
        let lastEndMs = Number.NEGATIVE_INFINITY;
        const facts: HistoryFact[] = [...FACTS];
        const holds: Hold[] = [];
        const pulledDays: [number, number][] = [];
        const unknownDays: [number, number][] = [];
        let version = 0;
        const start = NOW_MS - acts.length * DAY_MS;
        for (const [night, what] of acts.entries()) {
          const nowMs = start + night * DAY_MS;
          const atMs = nowMs - HOUR_MS;
          const day = dayOf(atMs);
          if (what !== 'nothing') lastEndMs = atMs;
          if (what === 'pull') pulledDays.push([day, day]);
          if (what === 'push') facts.push({ ...told(0, 'INSERT', 'app', 'v1'), atMs });
          if (what === 'hold') holds.push(hold({ atMs, untilMs: atMs + 1 }));
          if (what === 'change policy') version += 1;
          if (what === 'use unknown') unknownDays.push([day, day]);
          const quarantine: Quarantine = { graceMs: graceDays * DAY_MS, without: [] };
          const extra = rule('keep', `v${version}`, [{ kind: 'digests', digests: [digestOf('other')] }]);
          const made = plan({
            policies: [policy([deleting(quarantine), extra])],
            marks,
            facts,
            holds,
            nowMs,
            usage: what === 'use' ? usageOf({ name: 'app', by: 'pod a' }) : usageOf(),
            record: { ...NO_USAGE_RECORD, unknown: unknownDays },
            pulls: {
              sinceMs: what === 'pulls unknown' ? unknown('off') : known(start - 100 * DAY_MS),
              pulls: [{ reference: digestOf('app'), days: pulledDays }],
            },
          });
          if (made.steps.length > 0) {
            served += 1;
            const since = Math.max(start, what === 'pulls unknown' ? nowMs : lastEndMs);
            expect(nowMs - since, JSON.stringify({ acts, night })).toBeGreaterThanOrEqual(graceDays * DAY_MS);
            return;
          }
          const changes = { enter: made.quarantine?.enter ?? [], end: made.quarantine?.end ?? [] };
          marks = marksAfter(marks, changes, { runId: `run-${night}`, seenAtMs: nowMs, nowMs });
          // A gap in what is known of pulls leaves no trace but this night's.
          if (what === 'pulls unknown') lastEndMs = Number.NEGATIVE_INFINITY;
        }
      },
      300,
    );
    expect(served).toBeGreaterThan(0);
  });
});
