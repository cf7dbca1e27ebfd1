import type { Digest } from '../core/digest.ts';
import { deriveHistory } from '../core/history.ts';
import type { RepositoryPlan } from '../core/plan.ts';
import { standingFor } from '../core/usage/standing.ts';
import { formerUsers, indexUsage, type TagUse, tagUsesFor } from '../core/usage/users.ts';
import type { EventLedger, UsageReader } from '../ports.ts';

/** Who uses the artifacts that a plan would delete. */
export interface UsesFound {
  /** By the artifact's root. */
  readonly users: ReadonlyMap<Digest, string>;
  /** Why the answer proves nothing, or null. */
  readonly gap: string | null;
}

/**
 * Looks again whether something that is about to go came into use since the plan. A use by tag protects what has the
 * tag in the plan, and what had it, as planning does: the ledger is asked for that where a workload goes by a tag alone.
 * @throws WardenError LEDGER_*
 */
export async function usesAmong(
  ports: { readonly usage: UsageReader; readonly ledger: Pick<EventLedger, 'historyFacts'> },
  work: RepositoryPlan,
): Promise<UsesFound> {
  const usage = await ports.usage.read();
  const standing = standingFor(usage, work.repository);
  const isEnough =
    standing.kind === 'complete' || (standing.kind === 'best effort' && work.trustsBestEffort === true);
  if (!isEnough) return { users: new Map(), gap: standing.reason };
  const { byDigest } = indexUsage(usage);
  const tagged = tagUsesFor(usage, work.repository);
  const former = await formerUsersOf(ports, work, tagged);
  const users = new Map<Digest, string>();
  for (const { root, tags, members, verdict } of work.decisions) {
    if (verdict !== 'delete') continue;
    const digests = [root, ...members];
    const user =
      digests.map((digest) => byDigest.get(digest)?.[0]).find((by) => by !== undefined) ??
      tags.map((tag) => tagged.get(tag)?.[0]?.by).find((by) => by !== undefined) ??
      digests.map((digest) => former.get(digest)).find((by) => by !== undefined);
    if (user !== undefined) users.set(root, user);
  }
  return { users, gap: null };
}

async function formerUsersOf(
  { ledger }: { readonly ledger: Pick<EventLedger, 'historyFacts'> },
  { repository, steps }: RepositoryPlan,
  tagged: ReadonlyMap<string, readonly TagUse[]>,
): Promise<ReadonlyMap<Digest, string>> {
  const goesByTag = [...tagged.values()].some((uses) => uses.some(({ sinceMs }) => sinceMs !== null));
  if (!goesByTag) return new Map();
  const history = deriveHistory(repository, await ledger.historyFacts(repository));
  // Planning wrote what its listing showed to the ledger, which has been told of changes since.
  const resolved = new Set(
    Object.values(history.digests).flatMap(({ tags }) =>
      tags.flatMap(({ tag, untilMs }) => (untilMs === null ? tag : [])),
    ),
  );
  // What this plan takes away may point at nothing by now, whether that was told or not.
  for (const step of steps) if (step.kind === 'untag') resolved.delete(step.tag);
  return new Map(formerUsers(tagged, history, resolved));
}
