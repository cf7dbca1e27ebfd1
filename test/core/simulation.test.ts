import { describe, expect, it } from 'vitest';
import { dayOf, endOfDayMs } from '../../shared/core/day-ranges.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { deriveHistory, type HistoryFact, reconcile } from '../../shared/core/history.ts';
import type { StoredManifest } from '../../shared/core/journal.ts';
import { MEDIA_TYPES } from '../../shared/core/manifest.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import type { RecordedPulls } from '../../shared/core/pull-record.ts';
import { simulate } from '../../shared/core/simulate.ts';
import type { Simulation, SimulationSources } from '../../shared/core/simulation.ts';
import { DAY_MS, HOUR_MS } from '../../shared/core/units.ts';
import { NO_USAGE_RECORD, type UsageRecord } from '../../shared/core/usage-record.ts';
import { anyCase, doomedBy, planOf } from './case.ts';
import {
  digestOf,
  listingOf,
  NO_USAGE,
  NOW_MS,
  policySet,
  REPOSITORY,
  subjectTag,
  told,
  usageOf,
} from './estate.ts';
import { checkProperty } from './property.ts';

const PULLS: RecordedPulls = { sinceMs: unknown('pulls are not recorded'), pulls: [] };

/** Pulls of `old`, by days before now, recorded for long. */
function pullsOf(...days: readonly number[]): RecordedPulls {
  const today = dayOf(NOW_MS);
  const ranges = days.toSorted((a, b) => b - a).map((day) => [today - day, today - day] as const);
  return { sinceMs: known(NOW_MS - 60 * DAY_MS), pulls: [{ reference: digestOf('old'), days: ranges }] };
}

function policies(rules: string, more = '') {
  const text = `apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
schedule: { cron: "0 3 * * *" }
${more || 'limits: { share: 100%, mayEmpty: true }'}
${rules}`;
  const set = parsePolicyFile({ file: 'services.yaml', text, gitRevision: unknown('a test') });
  expect(set.problems).toEqual([]);
  return set;
}

const UNTAGGED = policies('delete: [{ untagged: { untaggedFor: 7d } }]');

function replay(facts: readonly HistoryFact[], more: Partial<SimulationSources> = {}): Simulation {
  return simulate({
    repository: REPOSITORY,
    facts,
    listing: null,
    manifests: [],
    usage: NO_USAGE,
    used: NO_USAGE_RECORD,
    pulls: PULLS,
    policies: UNTAGGED,
    sinceMs: NOW_MS - 90 * DAY_MS,
    untilMs: NOW_MS,
    unrecorded: 'unknown',
    ...more,
  });
}

const daysAgo = (atMs: number): number => (NOW_MS - atMs) / DAY_MS;

function gone({ deletions }: Simulation): [string, number][] {
  return deletions.map(({ root, atMs }) => [root, daysAgo(atMs)]);
}

/** Told a little before the night, so that an age of whole days is more than that on the night. */
function pushed(days: number, name: string, tag: string | null = null): HistoryFact {
  const fact = told(days, 'INSERT', name, tag);
  return { ...fact, atMs: fact.atMs - HOUR_MS };
}

describe('a replay', () => {
  it('deletes on the first scheduled night on which the policy would have', () => {
    const facts = [pushed(30, 'old', 'main'), pushed(20, 'new', 'main')];
    expect(gone(replay(facts))).toEqual([[digestOf('old'), 13]]);
  });

  it('does not delete again what is gone, also where it was really there until later', () => {
    const { nights } = replay([pushed(30, 'old', 'main'), pushed(20, 'new', 'main')]);
    expect(nights).toHaveLength(31);
    expect(nights.map(({ deleted }) => deleted).reduce((sum, one) => sum + one)).toBe(1);
    expect(nights.at(-1)).toMatchObject({ manifests: 1, recordedManifests: 2 });
  });

  it('takes out what was really deleted', () => {
    const facts = [pushed(30, 'old', 'main'), pushed(20, 'new', 'main'), told(15, 'DELETE', 'old')];
    expect(gone(replay(facts))).toEqual([]);
  });

  it('brings back what was pushed again, and counts its age from then', () => {
    const facts = [pushed(40, 'old'), pushed(20, 'old')];
    expect(gone(replay(facts))).toEqual([
      [digestOf('old'), 32],
      [digestOf('old'), 12],
    ]);
  });

  it('begins where the record does, and says so', () => {
    const { recordedFromMs, nights } = replay([pushed(3, 'api')]);
    expect(recordedFromMs).toBe(NOW_MS - 3 * DAY_MS - HOUR_MS);
    expect(nights.map(({ atMs }) => daysAgo(atMs))).toEqual([3, 2, 1, 0]);
  });

  it('has no night where nothing is recorded', () => {
    expect(replay([])).toMatchObject({ recordedFromMs: null, nights: [], deletions: [] });
  });

  it('looks at no time before the one that was asked for', () => {
    const facts = [pushed(61, 'old', 'main'), pushed(60, 'other', 'main')];
    const { nights, deletions } = replay(facts, { sinceMs: NOW_MS - 10 * DAY_MS - HOUR_MS });
    expect(daysAgo(nights[0]?.atMs ?? 0)).toBe(10);
    expect(deletions.map(({ atMs }) => daysAgo(atMs))).toEqual([10]);
  });

  it('does nothing on a night on which a limit stops the run, and says which', () => {
    const limited = policies('delete: [{ untagged: { untaggedFor: 7d } }]', 'limits: { digests: 1 }');
    const facts = ['a', 'b', 'c', 'd', 'e'].map((name) => pushed(9, name)).concat(pushed(9, 'api', 'main'));
    const { nights, deletions } = replay(facts, { policies: limited });
    expect(deletions).toEqual([]);
    expect(nights.at(-1)?.refusal?.code).toBe('LIMIT_DIGESTS');
  });

  it('judges each policy on its own nights, while the keep rules of all hold', () => {
    const weekly = parsePolicyFile({
      file: 'a.yaml',
      gitRevision: unknown('a test'),
      text: `apiVersion: gcr-warden/v1
policy: weekly
repositories: ["**"]
schedule: { cron: "0 3 * * sat" }
limits: { share: 100%, mayEmpty: true }
keep: [{ base: { tags: { exact: base } } }]
delete: [{ untagged: { untaggedFor: 1d } }]
---
apiVersion: gcr-warden/v1
policy: nightly
repositories: ["**"]
schedule: { cron: "0 4 * * *" }
limits: { share: 100%, mayEmpty: true }
delete: [{ tagged: { state: tagged, olderThan: 2d } }]
`,
    });
    const facts = [pushed(9, 'loose'), pushed(9, 'base', 'base'), pushed(9, 'api', 'v1')];
    const { deletions } = replay(facts, { policies: weekly });
    // 2026-01-31 is a Saturday.
    expect(deletions.map(({ root, atMs }) => [root, new Date(atMs).toISOString().slice(0, 13)])).toEqual([
      [digestOf('loose'), '2026-01-24T03'],
      [digestOf('api'), '2026-01-24T04'],
    ]);
  });

  it('replays a policy without a schedule every day, and names it', () => {
    const unscheduled = policies('delete: [{ untagged: { untaggedFor: 7d } }]');
    const set = { ...unscheduled, policies: unscheduled.policies.map((one) => ({ ...one, schedule: null })) };
    const found = replay([pushed(20, 'old'), pushed(20, 'api', 'main')], { policies: set });
    expect(found.unscheduled).toEqual(['services']);
    expect(gone(found)).toEqual([[digestOf('old'), 12]]);
  });

  it('deletes an index with its children, as far as their manifests are known', () => {
    const pieces = [
      { name: 'index', children: ['amd64'], days: 30 },
      { name: 'amd64', days: 30 },
      { name: 'main', tags: ['main'], days: 30 },
    ];
    const facts = [pushed(30, 'amd64'), pushed(30, 'index'), pushed(30, 'main', 'main')];
    const { deletions, nights } = replay(facts, { listing: listingOf(pieces) });
    expect(deletions).toHaveLength(1);
    expect(deletions[0]).toMatchObject({
      root: digestOf('index'),
      manifests: [digestOf('index'), digestOf('amd64')],
      freedBytes: 2000,
      unknownSizes: 0,
    });
    expect(nights.at(-1)).toMatchObject({ manifests: 1 });
  });

  it('takes sizes and relations of what is gone from the manifests that were kept', () => {
    const content = JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [{ mediaType: MEDIA_TYPES.ociManifest, digest: digestOf('amd64'), size: 500 }],
    });
    const kept: StoredManifest = {
      repository: REPOSITORY,
      digest: digestOf('index'),
      mediaType: MEDIA_TYPES.ociIndex,
      content,
    };
    const facts = [pushed(30, 'amd64'), pushed(30, 'index'), pushed(30, 'main', 'main')];
    const { deletions, assumedPlain } = replay(facts, { manifests: [kept] });
    expect(deletions).toHaveLength(1);
    expect(deletions[0]).toMatchObject({ freedBytes: content.length, unknownSizes: 1 });
    expect(assumedPlain).toBe(2);
  });

  it('does not take the time of a first listing for that of an upload', () => {
    const old = policies('delete: [{ old: { state: tagged, olderThan: 5d } }]');
    const seen: HistoryFact = { ...told(30, 'INSERT', 'old', 'main'), source: 'observed' };
    const found = replay([seen], { policies: old });
    expect(found.deletions).toEqual([]);
    expect(found.nights.at(-1)?.undecided).toMatchObject({
      artifacts: 1,
      reason: expect.stringContaining('not known when it was uploaded'),
    });
  });

  it('keeps what it can not judge because nobody recorded what ran, and counts it', () => {
    const careful = policies(
      'keep: [{ running: { inUse: true } }]\ndelete: [{ loose: { untaggedFor: 7d } }]',
    );
    const facts = [pushed(30, 'old'), pushed(30, 'api', 'main')];
    const found = replay(facts, { policies: careful });
    expect(found.deletions).toEqual([]);
    expect(found.nights.at(-1)?.undecided.artifacts).toBe(1);
    expect(gone(replay(facts, { policies: careful, unrecorded: 'unused' }))).toEqual([[digestOf('old'), 22]]);
  });

  it('leaves alone what a broken policy may protect', () => {
    const broken = parsePolicyFile({
      file: 'b.yaml',
      gitRevision: unknown('a test'),
      text: `apiVersion: gcr-warden/v1
policy: broken
repositories: ["**"]
keep: [{ all: { al: true } }]
`,
    });
    const set = { policies: UNTAGGED.policies, problems: broken.problems };
    const { nights, deletions } = replay([pushed(30, 'old'), pushed(30, 'api', 'main')], { policies: set });
    expect(deletions).toEqual([]);
    expect(nights.at(-1)?.refusal?.code).toBe('POLICY_BROKEN');
  });

  it('refuses more nights than it can look at', () => {
    const minutely = parsePolicyFile({
      file: 'a.yaml',
      gitRevision: unknown('a test'),
      text: 'apiVersion: gcr-warden/v1\npolicy: a\nrepositories: ["**"]\nschedule: { cron: "* * * * *" }\ndelete: [{ a: { untaggedFor: 7d } }]',
    });
    expect(() => replay([pushed(30, 'old')], { policies: minutely })).toThrow(
      expect.objectContaining({ code: 'SIMULATION_TOO_LARGE' }),
    );
  });

  it('replays a year of nights over 10,000 digests', () => {
    const facts = Array.from({ length: 10_000 }, (_, at) => pushed(400 - at * 0.04, `m${at}`, `pr-${at}`));
    const prs = policies('delete: [{ prs: { tags: { glob: "pr-*" }, olderThan: 90d } }]');
    const found = replay(facts, { policies: prs, sinceMs: NOW_MS - 365 * DAY_MS });
    expect(found.nights).toHaveLength(366);
    expect(found.deletions.length).toBeGreaterThan(7000);
  }, 120_000);

  it('agrees with the plan of a real run, on random repositories', () => {
    checkProperty(anyCase, (one) => {
      const silent = { ...one, usage: NO_USAGE };
      const listing = listingOf(one.pieces);
      const missed = reconcile(deriveHistory(REPOSITORY, one.facts), listing);
      const { deletions } = replay([...one.facts, ...missed], {
        listing,
        policies: policySet(...one.policies),
        sinceMs: NOW_MS - 1,
      });
      const { plan } = planOf(silent);
      const wanted: Set<Digest> = plan.refusal === null ? doomedBy(plan) : new Set();
      expect(new Set(deletions.flatMap(({ manifests }) => manifests))).toEqual(wanted);
    });
  });
});

describe('what would have gone and was wanted later', () => {
  const facts = [pushed(30, 'old', 'main'), pushed(20, 'new', 'main')];

  it('was tagged later', () => {
    const { deletions } = replay([...facts, pushed(5, 'old', 'rollback')]);
    expect(deletions[0]?.usedLater).toEqual([
      { kind: 'tagged', digest: digestOf('old'), atMs: NOW_MS - 5 * DAY_MS - HOUR_MS, by: 'rollback' },
    ]);
  });

  it('is not what was tagged before it went', () => {
    const { deletions } = replay([
      ...facts,
      pushed(25, 'old', 'rollback'),
      told(24, 'DELETE', null, 'rollback'),
    ]);
    expect(deletions.map(({ usedLater }) => usedLater)).toEqual([[]]);
  });

  it('was pulled later, where pulls are known', () => {
    const found = replay(facts, { pulls: pullsOf(2, 4, 29) });
    const atMs = endOfDayMs(dayOf(NOW_MS) - 4);
    expect(found.deletions[0]?.usedLater).toMatchObject([{ kind: 'pulled', atMs }]);
    expect(found.gaps.pulled).toBeNull();
  });

  it('was pulled later by the tag that it had then', () => {
    const { sinceMs } = pullsOf();
    const days = [[dayOf(NOW_MS) - 29, dayOf(NOW_MS) - 1]] as const;
    const { deletions } = replay(facts, { pulls: { sinceMs, pulls: [{ reference: 'main', days }] } });
    // Its tag went elsewhere before it would have gone, so later pulls by that tag were not its own.
    expect(deletions[0]?.usedLater).toEqual([]);
  });

  it('is told since when pulls are recorded, where that began after its first night', () => {
    const { pulls } = pullsOf(2);
    const found = replay(facts, { pulls: { sinceMs: known(NOW_MS - 5 * DAY_MS), pulls } });
    expect(found.gaps.pulled).toBe('pulls are recorded only since 2026-01-26');
    expect(found.deletions[0]?.usedLater).toMatchObject([{ kind: 'pulled' }]);
  });

  it('is not said to be never pulled where pulls are not recorded', () => {
    expect(replay(facts).gaps.pulled).toBe('pulls are not recorded');
  });

  it('is not judged by pulls of a later time', () => {
    const careful = policies(
      'keep: [{ pulled: { pulledWithin: 30d } }]\ndelete: [{ loose: { untaggedFor: 7d } }]',
    );
    expect(gone(replay(facts, { policies: careful, pulls: pullsOf(2) }))).toEqual([[digestOf('old'), 13]]);
    expect(gone(replay(facts, { policies: careful, pulls: pullsOf(14) }))).toEqual([]);
  });

  it('was seen in use by a run on a later day', () => {
    const used: UsageRecord = {
      ...NO_USAGE_RECORD,
      complete: [[dayOf(NOW_MS) - 30, dayOf(NOW_MS)]],
      uses: [{ reference: digestOf('old'), days: [[dayOf(NOW_MS) - 3, dayOf(NOW_MS) - 2]] }],
    };
    const found = replay(facts, { used });
    expect(found.deletions[0]?.usedLater).toEqual([
      {
        kind: 'running',
        digest: digestOf('old'),
        atMs: endOfDayMs(dayOf(NOW_MS) - 3),
        by: 'something that a run saw',
      },
    ]);
    expect(found.gaps.running).toBeNull();
  });

  it('stays on nights on which a run saw it in use, and on those of which nobody knows', () => {
    const careful = policies(
      'keep: [{ running: { inUse: true } }]\ndelete: [{ loose: { untaggedFor: 7d } }]',
    );
    const today = dayOf(NOW_MS);
    const usedUntil = (...last: readonly number[]): UsageRecord => ({
      ...NO_USAGE_RECORD,
      complete: [[today - 30, today - 5]],
      uses: last.map((days) => ({ reference: digestOf('old'), days: [[today - 30, today - days]] })),
    });
    const goneOf = (used: UsageRecord) => gone(replay(facts, { policies: careful, used }));
    expect(goneOf(usedUntil())).toEqual([[digestOf('old'), 13]]);
    expect(goneOf(usedUntil(10))).toEqual([[digestOf('old'), 9]]);
    expect(goneOf(usedUntil(5))).toEqual([]);
    const found = replay(facts, { policies: careful, used: usedUntil(5) });
    expect(found.gaps.running).toMatch(/^runs saw what was in use on \d+ of \d+ nights$/);
    expect(found.nights.at(-1)?.undecided.reason).toContain('no run of that night saw what was in use');
  });

  it('runs now, by its digest or by a tag that it ever bore', () => {
    for (const use of [{ name: 'old' }, { tag: 'main' }]) {
      const found = replay(facts, { usage: usageOf({ ...use, by: 'pod prod/api' }) });
      expect(found.deletions[0]?.usedLater).toMatchObject([{ kind: 'running', by: 'pod prod/api' }]);
      expect(found.gaps.running).toBeNull();
    }
  });

  it('is not said to run nowhere where nobody was asked', () => {
    expect(replay(facts).gaps.running).toBe('no in-use source is configured');
    const silent = { kind: 'unknown', source: 'cluster prod', reason: '403' } as const;
    expect(replay(facts, { usage: { version: 1, answers: [silent] } }).gaps.running).toBe(
      'cluster prod: 403',
    );
  });

  it('was needed by an index that was pushed later, and is there again from then on', () => {
    const pieces = [
      { name: 'index', tags: ['v2'], children: ['base'], days: 5 },
      { name: 'base', days: 30 },
    ];
    const found = replay([pushed(30, 'base'), pushed(30, 'api', 'main'), pushed(5, 'index', 'v2')], {
      listing: listingOf(pieces),
    });
    expect(found.deletions).toHaveLength(1);
    expect(found.deletions[0]?.usedLater).toMatchObject([{ kind: 'needed', by: digestOf('index') }]);
    expect(found.nights.at(-1)?.manifests).toBe(3);
  });

  it('was needed by a signature that was made later', () => {
    const { deletions } = replay([...facts, pushed(5, 'signature', subjectTag('old', '.sig'))]);
    expect(deletions[0]?.usedLater).toMatchObject([{ kind: 'needed', by: digestOf('signature') }]);
  });
});

describe('a replay over a quarantine', () => {
  // Of a policy that only plans: a replay shows what it would do.
  const QUARANTINED = policies('delete: [{ untagged: { untaggedFor: 7d, quarantine: 5d } }]');
  const FACTS = [pushed(40, 'old', 'main'), pushed(30, 'new', 'main')];
  const ALL: Partial<SimulationSources> = {
    policies: QUARANTINED,
    pulls: pullsOf(),
    unrecorded: 'unused',
  };

  it('lets go what waited for its whole time, night by night', () => {
    expect(gone(replay(FACTS, { ...ALL, policies: UNTAGGED }))).toEqual([[digestOf('old'), 23]]);
    expect(gone(replay(FACTS, ALL))).toEqual([[digestOf('old'), 18]]);
  });

  it('says when each was announced, when it would go, and how that ended', () => {
    const days = (atMs: number | undefined): number | null =>
      atMs === undefined ? null : Math.round((NOW_MS - atMs) / DAY_MS);
    const told = (more: Partial<SimulationSources>) =>
      replay(FACTS, { ...ALL, ...more }).quarantined.map(({ root, announcedAtMs, goesFromMs, end }) => [
        root,
        days(announcedAtMs),
        days(goesFromMs),
        end?.why ?? null,
        days(end?.atMs),
      ]);
    const old = digestOf('old');
    expect(told({})).toEqual([[old, 23, 18, 'went', 18]]);
    expect(told({ pulls: pullsOf(21) })).toEqual([
      [old, 23, 18, 'pulled', 21],
      [old, 20, 15, 'went', 15],
    ]);
    expect(told({ untilMs: NOW_MS - 20 * DAY_MS })).toEqual([[old, 23, 18, null, null]]);
    expect(told({ unrecorded: 'unknown' })).toEqual([[old, 23, 18, null, null]]);
    expect(told({ policies: UNTAGGED })).toEqual([]);
  });

  it('begins anew after a pull and after a push', () => {
    // Marked 23 days ago, pulled in the middle of it, and marked anew on the night after the day is over.
    expect(gone(replay(FACTS, { ...ALL, pulls: pullsOf(21) }))).toEqual([[digestOf('old'), 15]]);
    const again = [...FACTS, { ...pushed(20, 'old'), source: 'told' as const }];
    expect(gone(replay(again, ALL)).map(([, days]) => days)[0]).toBeLessThan(18);
  });

  it('lets nothing go where nobody recorded what ran or was pulled', () => {
    expect(gone(replay(FACTS, { ...ALL, unrecorded: 'unknown' }))).toEqual([]);
    expect(gone(replay(FACTS, { policies: QUARANTINED }))).toEqual([]);
  });
});
