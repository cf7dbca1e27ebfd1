import type { Digest } from '../core/digest.ts';
import type { RepositoryPlan } from '../core/plan.ts';
import type { QuarantineLedger } from '../ports.ts';

/**
 * The artifacts whose time in quarantine a plan took for over, and whose mark stands no more, by root and in words.
 * Asks nobody where there are none.
 * @throws WardenError LEDGER_*
 */
export async function marksAmong(
  ledger: Pick<QuarantineLedger, 'quarantine'>,
  work: RepositoryPlan,
): Promise<ReadonlyMap<Digest, string>> {
  const served = work.quarantine?.served ?? [];
  if (served.length === 0) return new Map();
  const marks = await ledger.quarantine(work.repository);
  const standing = new Map(
    marks.flatMap(({ root, sinceMs, end }) => (end === null ? [[root, sinceMs]] : [])),
  );
  return new Map(
    served.flatMap(({ root, sinceMs }) =>
      standing.get(root) === sinceMs ? [] : [[root, 'its quarantine was ended since the plan'] as const],
    ),
  );
}
