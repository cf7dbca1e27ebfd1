import { dayOf } from './day-ranges.ts';
import { policiesFor } from './decide.ts';
import { WardenError } from './error.ts';
import { sortFacts } from './history.ts';
import { PastUsage } from './past-usage.ts';
import type { Policy, Schedule } from './policy.ts';
import { type RecordedPulls, recordedOnlySince } from './pull-record.ts';
import { Replay } from './replay.ts';
import { nextTime } from './schedule.ts';
import type { SimulatedNight, Simulation, SimulationSources } from './simulation.ts';

/** Two years of nights, and some. */
export const NIGHTS_MAX = 1000;

/** A year of nights over 20,000 digests: six to thirty seconds, by how much of them is there at once. */
export const DIGEST_NIGHTS_MAX = 7_300_000;

/** When a policy without a schedule is replayed. */
const UNSCHEDULED: Schedule = { cron: '0 3 * * *', timeZone: 'UTC' };

/**
 * Replays the recorded history of a repository through policies, as if they had been deployed and enforced:
 * at each scheduled time the repository is put together as the facts until then tell it, judged by the same
 * functions as in a real run, and what goes is missing on later nights, until it is pushed again.
 * @throws WardenError SIMULATION_TOO_LARGE
 */
export function simulate(sources: SimulationSources): Simulation {
  const { repository, untilMs } = sources;
  const facts = sortFacts(sources.facts);
  const recordedFromMs = facts[0]?.atMs ?? null;
  const selecting = policiesFor(sources.policies.policies, repository);
  const times =
    recordedFromMs === null
      ? []
      : scheduledTimes(selecting, Math.max(sources.sinceMs, recordedFromMs) - 1, untilMs);
  const digests = new Set(facts.flatMap(({ digest }) => (digest === null ? [] : [digest])));
  if (digests.size * times.length > DIGEST_NIGHTS_MAX) {
    throw tooLarge(repository, `${digests.size} digests on ${times.length} nights are`);
  }
  const replay = new Replay(sources, [...digests].sort());
  const nights: SimulatedNight[] = [];
  let next = 0;
  const replayUntil = (atMs: number): void => {
    for (let fact = facts[next]; fact !== undefined && fact.atMs <= atMs; fact = facts[next]) {
      replay.add(fact);
      next += 1;
    }
  };
  for (const { atMs, due } of times) {
    replayUntil(atMs);
    nights.push(replay.night(atMs, due));
  }
  replayUntil(untilMs);
  return {
    version: 1,
    repository,
    sinceMs: sources.sinceMs,
    untilMs,
    recordedFromMs,
    policies: selecting.map(({ name }) => name),
    unscheduled: selecting.filter(({ schedule }) => schedule === null).map(({ name }) => name),
    unrecorded: sources.unrecorded,
    nights,
    deletions: replay.deletions(),
    quarantined: replay.quarantined(),
    assumedPlain: replay.assumedPlain.size,
    gaps: {
      pulled: pullGap(sources.pulls, nights[0]?.atMs ?? sources.sinceMs),
      running: usageGap(sources, nights),
    },
  };
}

function tooLarge(repository: string, what: string): WardenError {
  return new WardenError(
    'SIMULATION_TOO_LARGE',
    `${repository}: ${what} more than one replay takes. Shorten --since, or give the policy a schedule that is due less often.`,
  );
}

interface ScheduledTime {
  readonly atMs: number;
  readonly due: ReadonlySet<string>;
}

/** The times after `afterMs` at which any of the policies is due, each once. */
function scheduledTimes(policies: readonly Policy[], afterMs: number, untilMs: number): ScheduledTime[] {
  const due = new Map<number, Set<string>>();
  for (const { name, schedule } of policies) {
    const wanted = schedule ?? UNSCHEDULED;
    for (let atMs = nextTime(wanted, afterMs); atMs <= untilMs; atMs = nextTime(wanted, atMs)) {
      const names = due.get(atMs);
      if (names === undefined) due.set(atMs, new Set([name]));
      else names.add(name);
      if (due.size > NIGHTS_MAX) throw tooLarge(name, `more than ${NIGHTS_MAX} scheduled times are`);
    }
  }
  return [...due].sort(([a], [b]) => a - b).map(([atMs, names]) => ({ atMs, due: names }));
}

function pullGap({ sinceMs }: RecordedPulls, fromMs: number): string | null {
  if (sinceMs.kind === 'unknown') return sinceMs.reason;
  return sinceMs.value > fromMs ? recordedOnlySince(sinceMs.value) : null;
}

function usageGap(
  { usage, used, repository }: SimulationSources,
  nights: readonly SimulatedNight[],
): string | null {
  const past = new PastUsage(used, repository);
  const told = nights.filter(({ atMs }) => past.isToldOf(dayOf(atMs))).length;
  if (told === nights.length && told > 0) return null;
  if (told > 0) return `runs saw what was in use on ${told} of ${nights.length} nights`;
  const { answers } = usage;
  if (answers.length === 0) return 'no in-use source is configured';
  const unanswered = answers.find((answer) => answer.kind === 'unknown');
  return unanswered?.kind === 'unknown' ? `${unanswered.source}: ${unanswered.reason}` : null;
}
