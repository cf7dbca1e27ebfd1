import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/error.ts';
import type { Outcome } from '../core/journal.ts';
import type { RepositoryPlan, Step } from '../core/plan.ts';
import { MINUTE_MS, SECOND_MS } from '../core/units.ts';
import type { Lease } from '../ports.ts';
import type { ApplyPorts, ApplyRequest } from './apply-request.ts';
import { firstClaims, toldClaims } from './claims-among.ts';
import { holdsAmong } from './holds-among.ts';
import { marksAmong } from './marks-among.ts';
import { pullsAmong } from './pulls-among.ts';
import type { StopWatch } from './stop-watch.ts';
import { usesAmong } from './uses-among.ts';

/** How long a lease holds after it was taken or renewed. */
export const LEASE_MS = 15 * MINUTE_MS;

/** A lease is renewed when it holds no longer than this. */
const LEASE_RENEW_MS = 10 * MINUTE_MS;

/** A renewal that failed is tried again after this time. */
const LEASE_RETRY_MS = 10 * SECOND_MS;

/** No request is sent this close to the lease's end, so that at most the requests in flight overlap it. */
const LEASE_MARGIN_MS = 45 * SECOND_MS;

/** What is in use, pulled, on hold and claimed is read again when it is older than this. */
const FACTS_AGE_MAX_MS = 10 * MINUTE_MS;

/** What a run over one repository keeps an eye on while it works. */
export interface RunWatch {
  /** As it was renewed last; named by every write of the run. */
  readonly lease: () => Lease;
  /** Reads again what has become too old, and renews the lease. Called before every step; mostly free. */
  refresh(): Promise<void>;
  /** Whether another digest may be begun. */
  mayBegin(): boolean;
  /** Whether a digest that has lost a tag may be finished, although the run is to end. */
  mayGoOn(): boolean;
  /** Why this artifact has to stay now although the plan says otherwise, or null. */
  objection(step: Step): Outcome | null;
  /** Why the run ends before its last step, for people; null where nothing but its caller or its time ends it. */
  ended(): string | null;
}

/** What is known now of the artifacts that are to go. */
interface Facts {
  /** Who uses or pulled them. */
  readonly users: ReadonlyMap<Digest, string>;
  readonly held: ReadonlyMap<Digest, string>;
  /** What was claimed since the plan, by chain. */
  readonly claimed: ReadonlyMap<number, string>;
  /** Until when what was told is among that. */
  readonly toldUntilMs: number;
  readonly readAtMs: number;
}

/** Makes the watch of one run, with its first look: what is in use, pulled, on hold and claimed now. Never throws. */
export async function watchRun(
  ports: ApplyPorts,
  work: RepositoryPlan,
  request: ApplyRequest,
  stop: StopWatch,
  taken: Lease,
): Promise<RunWatch> {
  const { clock } = ports;
  const factsAgeMaxMs = request.factsAgeMaxMs ?? FACTS_AGE_MAX_MS;
  let lease = taken;
  let ended: string | null = null;
  let renewAgainAtMs = 0;
  let facts: Facts | null = null;
  let refreshing: Promise<void> | null = null;

  /** What can't be read ends the run: the facts stay what they were, and nobody goes by them any more. */
  const read = async <T extends object>(
    what: string,
    reading: () => Promise<T & { readonly gap: string | null }>,
  ): Promise<T | null> => {
    try {
      const found = await reading();
      if (found.gap === null) return found;
      ended ??= `${what} could not be read again: ${found.gap}`;
    } catch (problem) {
      ended ??= `${what} could not be read again: ${messageOf(problem)}`;
    }
    return null;
  };

  const look = async (): Promise<void> => {
    const readAtMs = clock();
    const held = await read('What is on hold', async () => {
      const holds = holdsAmong(work, await ports.ledger.holds(work.repository), readAtMs);
      return { held: new Map([...(await marksAmong(ports.ledger, work)), ...holds]), gap: null };
    });
    const used = work.asksUsage ? await read('What is in use', () => usesAmong(ports, work)) : null;
    const pulls = await read('What is pulled', () => pullsAmong(ports, work, readAtMs));
    const claims = await read('What was pushed since the plan', () =>
      facts === null
        ? firstClaims(ports, work, readAtMs)
        : toldClaims(ports, work, facts.toldUntilMs, readAtMs),
    );
    facts = {
      users: new Map([...(pulls?.pulled ?? []), ...(used?.users ?? [])]),
      held: held?.held ?? new Map(),
      claimed: new Map([...(facts?.claimed ?? []), ...(claims?.claimed ?? [])]),
      toldUntilMs: claims?.knownUntilMs ?? readAtMs,
      readAtMs,
    };
  };

  const renew = async (): Promise<void> => {
    try {
      const renewed = await ports.ledger.renewLease(lease, clock() + LEASE_MS);
      if (renewed === null) ended ??= 'Another run has taken the repository meanwhile.';
      else lease = renewed;
    } catch (problem) {
      renewAgainAtMs = clock() + LEASE_RETRY_MS;
      ports.logger.log('WARNING', 'a lease could not be renewed and ends by itself', {
        repository: work.repository,
        reason: messageOf(problem),
      });
    }
  };

  const isLeaseOld = (): boolean => lease.untilMs - clock() < LEASE_RENEW_MS && clock() >= renewAgainAtMs;
  // A clock that was set back has nothing to say about how old the facts are.
  const areFactsOld = (): boolean => facts === null || Math.abs(clock() - facts.readAtMs) >= factsAgeMaxMs;

  const mayGoOn = (): boolean => {
    ended ??= stop.refusal() ?? frozen(work, clock());
    return ended === null && clock() < lease.untilMs - LEASE_MARGIN_MS;
  };

  await look();
  return {
    lease: () => lease,
    async refresh() {
      if (ended !== null || !(isLeaseOld() || areFactsOld())) return;
      refreshing ??= (async () => {
        if (isLeaseOld()) await renew();
        if (areFactsOld()) await look();
      })().finally(() => {
        refreshing = null;
      });
      await refreshing;
    },
    mayBegin: () =>
      mayGoOn() && !request.isStopped() && (request.untilMs === null || clock() < request.untilMs),
    mayGoOn,
    objection({ root, chain }) {
      const user = facts?.users.get(root);
      if (user !== undefined) return { kind: 'skipped', why: 'in use', detail: user };
      const hold = facts?.held.get(root);
      if (hold !== undefined) return { kind: 'skipped', why: 'held', detail: hold };
      const claim = facts?.claimed.get(chain);
      return claim === undefined ? null : { kind: 'skipped', why: 'claimed', detail: claim };
    },
    ended: () => ended,
  };
}

/** Why nothing may go at this time, or null. */
function frozen(work: RepositoryPlan, nowMs: number): string | null {
  const freeze = (work.limits?.freeze ?? []).find(
    ({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs,
  );
  if (freeze === undefined) return null;
  return `Policy ${freeze.policy} freezes deletions until ${new Date(freeze.untilMs).toISOString()}.`;
}
