import { messageOf } from '../core/error.ts';
import type { Intent, Outcome } from '../core/journal.ts';
import { type LostTag, lostTags, type RemovedTag } from '../core/lost-tag.ts';
import { parseRepository } from '../core/reference.ts';
import type { ApplyPorts, StepResult } from './apply-request.ts';
import type { RepositoryRun } from './repository-run.ts';
import type { RunWatch } from './run-watch.ts';

/** Events that are looked through, the newest of all repositories: what came while the run worked is among them. */
const EVENTS_MAX = 500;

/**
 * Looks once more, at a run's end, whether somebody moved a tag in the moment between our look at it and its
 * removal: the registry has no condition for that, and the push would be lost. On Artifact Registry the tag is
 * put back, unless yet another push has made it since; elsewhere it is told with the command that mends it.
 * @returns the results with what became of such tags
 */
export async function mendTags(
  ports: ApplyPorts,
  running: RepositoryRun,
  watch: RunWatch,
  results: readonly StepResult[],
): Promise<readonly StepResult[]> {
  const untilMs = ports.clock();
  const removed = results.flatMap(({ step, outcome }): RemovedTag[] =>
    step.kind === 'untag' && outcome.kind === 'deleted'
      ? [{ tag: step.tag, digest: step.digest, fromMs: running.startedAtMs, untilMs }]
      : [],
  );
  if (removed.length === 0) return results;
  const { repository } = running.work;
  let lost: readonly LostTag[];
  try {
    const events = await ports.ledger.recentEvents(EVENTS_MAX);
    lost = lostTags(
      removed,
      events.filter((event) => event.repository === repository),
    );
  } catch (problem) {
    const reason = messageOf(problem);
    ports.logger.log('ERROR', 'whether a tag was moved while it was removed is not known', {
      repository,
      reason,
    });
    return results;
  }
  const mended = new Map<string, Outcome>();
  for (const [position, one] of lost.entries()) {
    const outcome = await mend(ports, running, watch, one, position);
    if (outcome !== null) mended.set(one.removed.tag, outcome);
  }
  return results.map(({ step, outcome }) => ({
    step,
    outcome: (step.kind === 'untag' && outcome.kind === 'deleted' ? mended.get(step.tag) : null) ?? outcome,
  }));
}

/** Mends one tag, written down before and after like any step; null where it is there again already. */
async function mend(
  ports: ApplyPorts,
  { plan, work, lease }: RepositoryRun,
  watch: RunWatch,
  { removed, digest }: LostTag,
  position: number,
): Promise<Outcome | null> {
  const repository = parseRepository(work.repository);
  const { tag } = removed;
  const what = `tag ${tag} was moved to ${digest} while it was removed from ${removed.digest}`;
  const byHand = `Unless it was pushed again since: crane tag ${work.repository}@${digest} ${tag}`;
  try {
    if ((await ports.registry.resolveTag(repository, tag)) !== null) return null;
    if (ports.tags?.keeps(repository) !== true) {
      ports.logger.log('ERROR', 'a tag was lost', { repository: work.repository, tag, digest, mend: byHand });
      return { kind: 'failed', retryable: false, reason: `${what}, and is lost. ${byHand}` };
    }
    const step = work.steps.find((one) => one.kind === 'untag' && one.tag === tag);
    if (step === undefined) return null;
    const of = { version: 1, runId: lease.holder, repository: work.repository } as const;
    // After the steps of the plan, which it is none of.
    const index = work.steps.length + position;
    const intent: Intent = {
      ...of,
      index,
      planId: plan.id,
      atMs: ports.clock(),
      step,
      reason: `${what}: put back`,
    };
    await ports.ledger.writeIntents([intent], watch.lease());
    const made = await ports.tags.createTag(repository, tag, digest);
    const outcome: Outcome = {
      kind: 'repaired',
      detail: made === 'created' ? `${what}, and was put back` : `${what}, and was pushed again since`,
    };
    await ports.ledger.writeSettlements([{ ...of, index, atMs: ports.clock(), outcome }], watch.lease());
    return outcome;
  } catch (problem) {
    const reason = `${what}, and could not be put back: ${messageOf(problem)} ${byHand}`;
    ports.logger.log('ERROR', 'a tag was lost', { repository: work.repository, tag, digest, reason });
    return { kind: 'failed', retryable: false, reason };
  }
}
