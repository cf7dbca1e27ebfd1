import { MINUTE_MS, SECOND_MS } from '../core/units.ts';
import type { Clock, CoordinationLedger, Lease } from '../ports.ts';

/**
 * How long such a lease holds after it was taken or renewed. Shorter than a run's: a person whose command was
 * killed waits for its end before the same command can finish the work.
 */
export const HELD_LEASE_MS = 2 * MINUTE_MS;

/** A lease is renewed when it holds no longer than this: longer than one request can take. */
const RENEW_MS = 80 * SECOND_MS;

/** A lease on a repository for work that is no run of a plan. */
export interface HeldLease {
  /** As it was renewed last; named by every write. */
  current(): Lease;
  /** Renews it where it is about to end; false once another has taken the repository. @throws WardenError LEDGER_* */
  holds(): Promise<boolean>;
  /** Gives it back. One that can't be given back ends by itself. @throws WardenError LEDGER_* */
  release(): Promise<void>;
}

/** How often it is looked at while nobody asks: reading can take longer than the lease holds. */
const LOOK_MS = 20 * SECOND_MS;

/** Keeps a lease that was just taken, until it is released. */
export function holdLease(ledger: CoordinationLedger, clock: Clock, taken: Lease): HeldLease {
  let lease = taken;
  let isLost = false;
  let renewing: Promise<void> | null = null;
  const renew = async (): Promise<void> => {
    const renewed = await ledger.renewLease(lease, clock() + HELD_LEASE_MS);
    if (renewed === null) isLost = true;
    else lease = renewed;
  };
  const holds = async (): Promise<boolean> => {
    if (!isLost && lease.untilMs - clock() < RENEW_MS) {
      renewing ??= renew().finally(() => {
        renewing = null;
      });
      await renewing;
    }
    return !isLost;
  };
  // What fails here fails again, and is told, where the lease is needed.
  const looking = setInterval(() => void holds().catch(() => {}), LOOK_MS);
  looking.unref();
  return {
    current: () => lease,
    holds,
    async release() {
      clearInterval(looking);
      await renewing?.catch(() => {});
      await ledger.releaseLease(lease);
    },
  };
}
