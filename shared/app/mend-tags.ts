import type { Digest } from '../core/digest.ts';
import { messageOf, WardenError } from '../core/error.ts';
import type { Intent, Outcome } from '../core/journal.ts';
import { type LostTag, lostTags, type RemovedTag } from '../core/lost-tag.ts';
import type { Step } from '../core/plan.ts';
import { parseRepository } from '../core/reference.ts';
import type { Lease } from '../ports.ts';
import type { ApplyPorts } from './apply-request.ts';

/** A step that removed a tag, and when. */
export interface Untagging {
  readonly step: Extract<Step, { kind: 'untag' }>;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The run whose tags are looked after: one that is at its end, or one that was killed. */
export interface MendedRun {
  readonly runId: string;
  readonly repository: string;
  readonly planId: Digest;
  /** What is put back is journalled from this position on, after the run's own steps. */
  readonly nextIndex: number;
  readonly lease: () => Lease;
}

/**
 * Looks once more whether somebody moved a tag in the moment between our look at it and its removal: the
 * registry has no condition for that, and the push would be lost. On Artifact Registry the tag is put back,
 * unless yet another push has made it since; elsewhere it is told with the command that mends it.
 * @returns what became of such tags, by tag; null where it could not be found out
 */
export async function mendTags(
  ports: ApplyPorts,
  run: MendedRun,
  untaggings: readonly Untagging[],
): Promise<ReadonlyMap<string, Outcome> | null> {
  const mended = new Map<string, Outcome>();
  if (untaggings.length === 0) return mended;
  const steps = new Map(untaggings.map(({ step }) => [step.tag, step]));
  let lost: readonly LostTag[];
  try {
    const removed = untaggings.map(
      ({ step: { tag, digest }, fromMs, untilMs }): RemovedTag => ({ tag, digest, fromMs, untilMs }),
    );
    lost = lostTags(removed, await ports.ledger.historyFacts(run.repository));
  } catch (problem) {
    ports.logger.log('ERROR', 'whether a tag was moved while it was removed is not known', {
      repository: run.repository,
      reason: messageOf(problem),
    });
    return null;
  }
  for (const [position, one] of lost.entries()) {
    const step = steps.get(one.removed.tag);
    const outcome = step === undefined ? null : await mend(ports, run, one, { step, position });
    if (outcome !== null) mended.set(one.removed.tag, outcome);
  }
  return mended;
}

/** Mends one tag, written down before and after like any step; null where it is there again already. */
async function mend(
  ports: ApplyPorts,
  { runId, planId, nextIndex, lease, ...run }: MendedRun,
  { removed, digest }: LostTag,
  { step, position }: { readonly step: Step; readonly position: number },
): Promise<Outcome | null> {
  const repository = parseRepository(run.repository);
  const { tag } = removed;
  const what = `tag ${tag} was moved to ${digest} while it was removed from ${removed.digest}`;
  const byHand = `Unless it was pushed again since: crane tag ${run.repository}@${digest} ${tag}`;
  try {
    if ((await ports.registry.resolveTag(repository, tag)) !== null) return null;
    if (ports.tags?.keeps(repository) !== true) {
      ports.logger.log('ERROR', 'a tag was lost', { repository: run.repository, tag, digest, mend: byHand });
      return { kind: 'failed', retryable: false, reason: `${what}, and is lost. ${byHand}` };
    }
    const of = { version: 1, runId, repository: run.repository, index: nextIndex + position } as const;
    const reason = `${what}: put back`;
    const intent: Intent = { ...of, planId, atMs: ports.clock(), step, reason, putBack: digest };
    await ports.ledger.writeIntents([intent], lease());
    const made = await ports.tags.createTag(repository, tag, digest);
    const outcome: Outcome = {
      kind: 'repaired',
      detail: made === 'created' ? `${what}, and was put back` : `${what}, and was pushed again since`,
    };
    await ports.ledger.writeSettlements([{ ...of, atMs: ports.clock(), outcome }], lease());
    return outcome;
  } catch (problem) {
    const reason = `${what}, and could not be put back: ${messageOf(problem)} ${byHand}`;
    ports.logger.log('ERROR', 'a tag was lost', { repository: run.repository, tag, digest, reason });
    return { kind: 'failed', retryable: problem instanceof WardenError && problem.retryable, reason };
  }
}
