import { WardenError } from '../core/error.ts';
import type { HoldSubject } from '../core/hold.ts';
import type { QuarantineEnd, QuarantineMark } from '../core/quarantine-mark.ts';
import type { CoordinationLedger, NewId } from '../ports.ts';
import { changeQuarantine, type QuarantinePorts } from './change-quarantine.ts';
import { HELD_LEASE_MS } from './held-lease.ts';

export interface EndQuarantinePorts extends QuarantinePorts {
  readonly ledger: QuarantinePorts['ledger'] & CoordinationLedger;
  readonly newId: NewId;
}

/** The marks that stand on an image: on its digest, or on what bore the tag when it was marked. */
export function marksOn(marks: readonly QuarantineMark[], on: HoldSubject): readonly QuarantineMark[] {
  return marks.filter(({ root, tags, end }) => {
    return end === null && (on.kind === 'digest' ? root === on.digest : tags.includes(on.tag));
  });
}

/**
 * Ends the quarantine of an image beside all runs. Where nothing of it is in quarantine nobody's lease is taken.
 * @returns how many marks were ended
 * @throws WardenError QUARANTINE_BUSY, LEDGER_*
 */
export async function endQuarantine(
  ports: EndQuarantinePorts,
  repository: string,
  on: HoldSubject,
  ending: { readonly why: QuarantineEnd; readonly detail: string },
): Promise<number> {
  if (marksOn(await ports.ledger.quarantine(repository), on).length === 0) return 0;
  const nowMs = ports.clock();
  const taken = await ports.ledger.acquireLease(repository, ports.newId(), nowMs, nowMs + HELD_LEASE_MS);
  if (taken.kind === 'held') {
    throw new WardenError(
      'QUARANTINE_BUSY',
      `A run works on ${repository} until ${new Date(taken.by.untilMs).toISOString()} at the latest, so its quarantine can't be changed now. Try again when it has ended.`,
      { retryable: true },
    );
  }
  try {
    const standing = marksOn(await ports.ledger.quarantine(repository), on);
    const end = standing.map(({ root, sinceMs }) => ({ root, sinceMs, ...ending }));
    await changeQuarantine(ports, taken.lease, { enter: [], end }, nowMs);
    return end.length;
  } finally {
    await ports.ledger.releaseLease(taken.lease);
  }
}
