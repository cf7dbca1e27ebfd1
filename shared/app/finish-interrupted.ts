import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/error.ts';
import { type JournalEntry, type Outcome, outcomeLabel, type Run } from '../core/journal.ts';
import { parseRepository } from '../core/reference.ts';
import { DAY_MS } from '../core/units.ts';
import type { Lease } from '../ports.ts';
import type { ApplyPorts } from './apply-request.ts';
import { endRun, isUntold } from './end-run.ts';
import { mendTags, type Untagging } from './mend-tags.ts';
import { settleOpenIntents } from './settle-open-intents.ts';
import { tellHalfTaken } from './tell-half-taken.ts';

/**
 * Among so many of a repository's newest runs a killed one is looked for: more than the plans that a message
 * leaves behind which is delivered again and again until the killed run's lease has ended.
 */
export const RUNS_LOOKED_AT = 12;

/** Journal entries of one run that are looked at; a run with more is closed by its newest. */
const ENTRIES_MAX = 20_000;

/** A push that is told after its run's end is looked for so long. */
const TOLD_LATE_MS = 2 * DAY_MS;

/** Whether `finishInterrupted` would find anything to do. Costs two queries. */
export async function isSomethingLeft(ports: ApplyPorts, repository: string): Promise<boolean> {
  const [open, runs] = await Promise.all([
    ports.ledger.openIntents(repository),
    ports.ledger.runs({ repository, limit: RUNS_LOOKED_AT }),
  ]);
  const isToBeTold = ports.notifications !== undefined && runs.some(isUntold);
  return open.length > 0 || isToBeTold || runsToLookAt(runs, ports.clock()).length > 0;
}

/**
 * Finishes what earlier runs over a repository left: those that nobody was told of are told, open intents get their outcomes, tags that a run removed
 * and somebody moved in that moment are mended, and a run that was killed is closed as `interrupted`. The last
 * run that ended well is looked at too, because a push may be told after its end. Whoever calls holds the
 * lease, so that nobody else writes to those runs any more. What can't be finished now stays for the next.
 * @returns until when runs of other plans than `planId` took something from the repository, as far as those
 * looked at tell; null where none did
 * @throws WardenError where the ledger fails
 */
export async function finishInterrupted(
  ports: ApplyPorts,
  repository: string,
  lease: Lease,
  planId: Digest | null = null,
): Promise<number | null> {
  const [, runs] = await Promise.all([
    settleOpenIntents(ports, parseRepository(repository), lease),
    ports.ledger.runs({ repository, limit: RUNS_LOOKED_AT }),
  ]);
  if (ports.notifications !== undefined) {
    for (const run of runs.filter(isUntold)) await endRun(ports, run, lease);
  }
  const untilMs: number[] = [];
  for (const run of runsToLookAt(runs, ports.clock())) {
    if (run.id === lease.holder) continue;
    const begunAtMs = await finish(ports, run, lease);
    if (run.finishedAtMs === null && run.planId !== planId) untilMs.push(begunAtMs);
  }
  for (const { mode, finishedAtMs, outcomes, planId: other } of runs) {
    if (mode !== 'apply' || finishedAtMs === null || other === planId) continue;
    if ((outcomes['deleted'] ?? 0) > 0) untilMs.push(finishedAtMs);
  }
  return untilMs.length === 0 ? null : Math.max(...untilMs);
}

/** Killed runs, and the newest that ended lately and removed something. */
function runsToLookAt(runs: readonly Run[], nowMs: number): readonly Run[] {
  const applied = runs.filter(({ mode }) => mode === 'apply');
  const last = applied.find(({ finishedAtMs }) => finishedAtMs !== null);
  return applied.filter((run) => {
    if (run.finishedAtMs === null) return true;
    return run === last && (run.outcomes['deleted'] ?? 0) > 0 && nowMs - run.finishedAtMs < TOLD_LATE_MS;
  });
}

/** Returns when the run began its last steps; 0 where it began none. */
async function finish(ports: ApplyPorts, run: Run, lease: Lease): Promise<number> {
  const { id: runId, repository, planId } = run;
  const entries = await ports.ledger.journal({ repository, runId, limit: ENTRIES_MAX });
  const begunAtMs = entries.reduce((last, { intent }) => Math.max(last, intent.atMs), 0);
  if (entries.some(({ settlement }) => settlement === null)) {
    ports.logger.log('WARNING', 'an interrupted run has steps whose outcome is not known yet', {
      repository,
      runId,
    });
    return begunAtMs;
  }
  const mendedBefore = new Set(entries.flatMap((entry) => repairedTag(entry) ?? []));
  const untaggings = entries
    .flatMap((entry) => untaggingOf(entry, run) ?? [])
    .filter(({ step }) => !mendedBefore.has(step.tag));
  const nextIndex = entries.reduce((next, { intent }) => Math.max(next, intent.index + 1), 0);
  const mended = await mendTags(
    ports,
    { runId, repository, planId, nextIndex, lease: () => lease },
    untaggings,
  );
  const isDone = mended !== null && ![...mended.values()].some(isToBeTriedAgain);
  if (run.finishedAtMs !== null) {
    if (mended === null || mended.size === 0) return begunAtMs;
    const { finishedAtMs } = run;
    const outcomes = recounted(run.outcomes, [...mended.values()]);
    await endRun(ports, { ...run, finishedAtMs, outcomes }, lease);
    return begunAtMs;
  }
  if (!isDone) return begunAtMs;
  const own = entries.flatMap(({ intent: { step, putBack }, settlement }) =>
    settlement === null || putBack !== undefined ? [] : [{ step, outcome: settlement.outcome }],
  );
  const results = own.map(({ outcome }) => outcome);
  const repaired = [...mendedBefore].map((): Outcome => ({ kind: 'repaired', detail: '' }));
  const outcomes = recounted(counted(results), [...repaired, ...mended.values()]);
  try {
    await endRun(ports, { ...run, finishedAtMs: ports.clock(), outcomes, refusal: 'interrupted' }, lease);
    tellHalfTaken(ports.logger, { repository, runId }, own);
  } catch (problem) {
    ports.logger.log('WARNING', 'an interrupted run could not be closed yet', {
      repository,
      runId,
      reason: messageOf(problem),
    });
  }
  return begunAtMs;
}

/** Outcomes by their labels. */
export function counted(outcomes: readonly Outcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    const label = outcomeLabel(outcome);
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}

/** Counts in which so many tags were `deleted` and came to something else after all. */
function recounted(
  counts: Readonly<Record<string, number>>,
  became: readonly Outcome[],
): Record<string, number> {
  const after = { ...counts };
  for (const [label, count] of Object.entries(counted(became))) after[label] = (after[label] ?? 0) + count;
  const left = (after['deleted'] ?? 0) - became.length;
  if (left > 0) after['deleted'] = left;
  else delete after['deleted'];
  return after;
}

function repairedTag({ intent, settlement }: JournalEntry): string | null {
  return intent.putBack !== undefined &&
    intent.step.kind === 'untag' &&
    settlement?.outcome.kind === 'repaired'
    ? intent.step.tag
    : null;
}

function untaggingOf({ intent, settlement }: JournalEntry, run: Run): Untagging | null {
  const { step, putBack } = intent;
  if (step.kind !== 'untag' || putBack !== undefined || settlement?.outcome.kind !== 'deleted') return null;
  return { step, fromMs: run.startedAtMs, untilMs: settlement.atMs };
}

/** Whether mending one tag failed for now only: the run stays open, and the next one tries again. */
function isToBeTriedAgain(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && outcome.retryable;
}
