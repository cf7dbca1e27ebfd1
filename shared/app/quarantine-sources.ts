import type { HistoryFact } from '../core/history.ts';
import type { Hold } from '../core/hold.ts';
import type { Policy } from '../core/policy.ts';
import { lastPushes, type QuarantineSources } from '../core/quarantine.ts';
import type { QuarantineLedger, UsageLedger } from '../ports.ts';

/** What a plan has read of a repository before. */
interface ReadBefore {
  readonly facts: readonly HistoryFact[];
  readonly holds: readonly Hold[];
  /** Those that select it, with all of their rules. */
  readonly policies: readonly Policy[];
}

/**
 * What is in quarantine in a repository, and what could have ended it. The marks are read for every repository, also
 * where no rule has a quarantine any more: one that comes back must not find what an earlier one left. The rest is
 * read only where something is marked.
 * @returns null where nothing is
 * @throws WardenError LEDGER_*
 */
export async function quarantineSources(
  ledger: Pick<QuarantineLedger, 'quarantine'> & Pick<UsageLedger, 'usageRecord'>,
  repository: string,
  { facts, holds, policies }: ReadBefore,
): Promise<QuarantineSources | null> {
  const marks = await ledger.quarantine(repository);
  if (marks.every(({ end }) => end !== null)) return null;
  const usage = await ledger.usageRecord(repository);
  return { marks, pushes: lastPushes(facts), usage, holds, policies };
}
