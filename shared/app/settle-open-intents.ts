import { messageOf } from '../core/error.ts';
import type { Intent, Outcome, Settlement } from '../core/journal.ts';
import { formatRepository, type Repository } from '../core/reference.ts';
import type { Clock, Lease, Logger, RegistryReader, RunLedger } from '../ports.ts';

export interface SettlePorts {
  readonly registry: RegistryReader;
  readonly ledger: RunLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes the outcome of what an earlier run began and did not finish, by asking the registry. Nothing is
 * sent again: what still stands is found again by the next plan. What the registry doesn't answer stays open.
 */
export async function settleOpenIntents(
  ports: SettlePorts,
  repository: Repository,
  lease?: Lease,
): Promise<number> {
  const open = await ports.ledger.openIntents(formatRepository(repository));
  const settlements: Settlement[] = [];
  for (const intent of open) {
    try {
      const { runId, index } = intent;
      const outcome = await outcomeOf(ports, repository, intent);
      settlements.push({
        version: 1,
        runId,
        repository: intent.repository,
        index,
        atMs: ports.clock(),
        outcome,
      });
    } catch (problem) {
      ports.logger.log('WARNING', 'an interrupted step could not be settled yet', {
        repository: intent.repository,
        digest: intent.step.digest,
        reason: messageOf(problem),
      });
    }
  }
  if (settlements.length > 0) await ports.ledger.writeSettlements(settlements, lease);
  return settlements.length;
}

const INTERRUPTED: Outcome = {
  kind: 'failed',
  retryable: true,
  reason: 'the run was interrupted before this was done',
};

async function outcomeOf(
  ports: SettlePorts,
  repository: Repository,
  { step, putBack }: Intent,
): Promise<Outcome> {
  if (step.kind === 'delete') {
    const standing = await ports.registry.readManifest(repository, step.digest);
    return standing === null ? { kind: 'deleted' } : INTERRUPTED;
  }
  const now = await ports.registry.resolveTag(repository, step.tag);
  if (putBack !== undefined) {
    return now === null
      ? INTERRUPTED
      : { kind: 'repaired', detail: `tag ${step.tag} was lost, and points at ${now} again` };
  }
  if (now === null) return { kind: 'deleted' };
  if (now === step.digest) return INTERRUPTED;
  // Whether the interrupted run had removed it before somebody put it elsewhere can't be told any more.
  return { kind: 'skipped', why: 'moved', detail: `tag ${step.tag} points at ${now} now` };
}
