import type { Digest } from '../core/digest.ts';
import { deriveHistory } from '../core/history.ts';
import type { RepositoryPlan } from '../core/plan.ts';
import { hasNewPulls, pulledSince } from '../core/planned-pulls.ts';
import { parseRepository } from '../core/reference.ts';
import type { EventLedger } from '../ports.ts';
import { type RecordedPullPorts, recordedPulls } from './recorded-pulls.ts';

/** The artifacts that a plan would delete and that were pulled since. */
export interface PullsFound {
  /** By root, in words. */
  readonly pulled: ReadonlyMap<Digest, string>;
  /** Why it is not known, or null. */
  readonly gap: string | null;
}

const NOTHING: PullsFound = { pulled: new Map(), gap: null };

/**
 * Looks again whether something that is about to go was pulled since the plan; costs nothing where no rule asked for
 * pulls. The history, which says what a pulled tag stood for, is read only where a pull was recorded meanwhile.
 * @throws WardenError where the ledger fails
 */
export async function pullsAmong(
  ports: RecordedPullPorts & { readonly ledger: Pick<EventLedger, 'historyFacts'> },
  work: RepositoryPlan,
  nowMs: number,
): Promise<PullsFound> {
  if (work.pulls === undefined) return NOTHING;
  const pulls = await recordedPulls(ports, parseRepository(work.repository), nowMs);
  if (pulls.sinceMs.kind === 'unknown') return { pulled: new Map(), gap: pulls.sinceMs.reason };
  if (!hasNewPulls(work.pulls, pulls)) return NOTHING;
  const history = deriveHistory(work.repository, await ports.ledger.historyFacts(work.repository));
  return { pulled: pulledSince(work.pulls, pulls, history, work.decisions), gap: null };
}
