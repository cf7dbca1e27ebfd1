import { messageOf, WardenError } from '../core/error.ts';
import { selectsRepository } from '../core/pattern.ts';
import type { OnPush, Policy } from '../core/policy.ts';
import { commonWaiting, type PushMark, settlePushes } from '../core/push-mark.ts';
import { formatTarget, parseRepository, type Target, withinTarget } from '../core/reference.ts';
import { dueTime } from '../core/schedule.ts';
import { MINUTE_MS } from '../core/units.ts';
import { formatWork, type Work } from '../core/work.ts';
import type {
  Clock,
  CoordinationLedger,
  EstateLedger,
  Lease,
  Logger,
  NewId,
  PolicyReader,
  Publisher,
  RegistryReader,
  RunLedger,
} from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';
import { RUNS_LOOKED_AT } from './finish-interrupted.ts';
import { notePolicies } from './note-policies.ts';
import { watchPlanning } from './watch-planning.ts';

export interface DispatchPorts {
  readonly registry: RegistryReader;
  readonly ledger: CoordinationLedger &
    Pick<EstateLedger, 'policyRoster' | 'savePolicyRoster'> &
    Pick<RunLedger, 'runs'>;
  readonly policies: PolicyReader;
  readonly publisher: Publisher;
  readonly workTopic: string;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly logger: Logger;
  /** The longest that pushes are waited for, whatever a policy says; where it is left out, what the policy says. */
  readonly pushWaitMaxMs?: number;
}

/** What one tick of the scheduler set going. */
export interface Dispatched {
  /** Names of the policies that were due, sorted. */
  readonly due: readonly string[];
  /** Repositories for which work was published, sorted. */
  readonly repositories: readonly string[];
  /** Those among them that were pushed to, sorted. */
  readonly pushed: readonly string[];
  /** Those among them on which a run was killed, sorted. */
  readonly unfinished: readonly string[];
  /** Until when another dispatcher works at the latest, so that this one did nothing; null where none does. */
  readonly busyUntilMs: number | null;
}

/** No repository has this name: there is no `/` in it. */
const DISPATCH = 'dispatch';

/** So much longer than a tick takes, and shorter than from one tick to the next. */
const DISPATCH_LEASE_MS = 4.5 * MINUTE_MS;

/** Messages under way side by side. */
const PUBLISHING_MAX = 50;

/** What one tick looks at; what is more comes at the next. */
const MARKS_MAX = 20_000;
const ABANDONED_MAX = 1_000;

/** The work for one repository, before it is published, and what is settled by its being published. */
interface Piece {
  trigger: Work['trigger'];
  scheduledAtMs: number;
  readonly policies: Set<string>;
  readonly marks: PushMark[];
  lease: Lease | null;
}

/**
 * Publishes one message for each repository that a due policy selects, that was pushed to and has settled, or on
 * which a run was killed. One dispatcher works at a time, under a lease. Whatever made a repository due is
 * settled only after its message is durable: a tick that fails half way, or is killed, is made again by the next
 * one, and a repository that is told twice is cleaned once by its lease.
 * @throws WardenError what the first message failed with that could not be published, after all the others were
 */
export async function dispatch(ports: DispatchPorts, targets: readonly Target[]): Promise<Dispatched> {
  const nowMs = ports.clock();
  const taken = await ports.ledger.acquireLease(DISPATCH, ports.newId(), nowMs, nowMs + DISPATCH_LEASE_MS);
  if (taken.kind === 'held') {
    ports.logger.log('INFO', 'another dispatcher is at work', {
      until: new Date(taken.by.untilMs).toISOString(),
    });
    return { due: [], repositories: [], pushed: [], unfinished: [], busyUntilMs: taken.by.untilMs };
  }
  try {
    return await dispatchAlone(ports, targets, taken.lease, nowMs);
  } finally {
    try {
      await ports.ledger.releaseLease(taken.lease);
    } catch (problem) {
      ports.logger.log('WARNING', "the dispatcher's lease could not be given back and ends by itself", {
        reason: messageOf(problem),
      });
    }
  }
}

async function dispatchAlone(
  ports: DispatchPorts,
  targets: readonly Target[],
  lease: Lease,
  nowMs: number,
): Promise<Dispatched> {
  const { ledger, logger } = ports;
  const { policies, problems } = await ports.policies.read();
  for (const { file, line, column, message } of problems) {
    logger.log('ERROR', 'policy stopped', { place: `${file}:${line}:${column}`, reason: message });
  }
  const pieces = new Map<string, Piece>();
  const pieceOf = (repository: string): Piece => {
    const found = pieces.get(repository) ?? {
      trigger: 'push',
      scheduledAtMs: nowMs,
      policies: new Set(),
      marks: [],
      lease: null,
    };
    pieces.set(repository, found);
    return found;
  };
  const isOurs = (repository: string): boolean => isWithin(targets, repository);

  const ticks = await scheduledPieces(ports, policies, targets, nowMs, pieceOf);
  const marks = await pushedPieces(ports, policies, isOurs, nowMs, pieces, pieceOf);
  const abandoned = await unfinishedPieces(ports, isOurs, nowMs, pieceOf);

  const names = [...pieces.keys()].sort();
  const failed = await publishPieces(ports, pieces, names, lease);
  const told = names.filter((name) => !failed.has(name));
  const done = told.flatMap((name) => pieces.get(name) ?? []);
  const unheard = new Set([...failed.keys()].flatMap((name) => [...(pieces.get(name)?.policies ?? [])]));
  for (const { policy, name, atMs } of ticks) {
    if (!unheard.has(policy)) await claim(ports, name, atMs);
  }
  const forgotten = [...marks, ...done.flatMap((piece) => piece.marks)];
  if (forgotten.length > 0) await ledger.forgetPushes(forgotten);
  for (const over of [...abandoned, ...done.flatMap((piece) => piece.lease ?? [])]) {
    await ledger.releaseLease(over);
  }
  const [first] = failed.values();
  if (first !== undefined) throw first;
  return {
    due: [...new Set(ticks.map(({ policy }) => policy))].sort(),
    repositories: told,
    pushed: told.filter((name) => (pieces.get(name)?.marks.length ?? 0) > 0),
    unfinished: told.filter((name) => pieces.get(name)?.lease !== null),
    busyUntilMs: null,
  };
}

/** Whether a name from the ledger is that of a repository that is looked after. */
function isWithin(targets: readonly Target[], repository: string): boolean {
  try {
    const parsed = parseRepository(repository);
    return targets.some((target) => withinTarget(target, parsed));
  } catch {
    return false;
  }
}

/** A scheduled time to be claimed once everything is published that it set going. */
interface Tick {
  readonly policy: string;
  /** The name to claim it under. */
  readonly name: string;
  readonly atMs: number;
}

/** Adds what due policies select, and tells which scheduled times are done with that. */
async function scheduledPieces(
  ports: DispatchPorts,
  policies: readonly Policy[],
  targets: readonly Target[],
  nowMs: number,
  pieceOf: (repository: string) => Piece,
): Promise<readonly Tick[]> {
  const lastTicks = await ports.ledger.lastTicks();
  const due = new Map<Policy, number>();
  for (const policy of policies) {
    if (policy.schedule === null) continue;
    const atMs = dueTime(policy.schedule, lastTicks[policy.name] ?? null, nowMs);
    if (atMs !== null) due.set(policy, atMs);
  }
  if (due.size === 0) return [];
  for (const { file, line, message } of await watchPlanning(ports, policies, nowMs)) {
    ports.logger.log('WARNING', 'policy only plans', { place: `${file}:${line}`, reason: message });
  }
  await notePolicies(ports, policies, nowMs);
  const ticks: Tick[] = [];
  let complete = true;
  for (const target of targets) {
    const place = formatTarget(target);
    // A target that could be read while another could not has been told, and waits for that one.
    const waiting = [...due].filter(([policy, atMs]) => (lastTicks[tickOf(policy, place)] ?? 0) < atMs);
    if (waiting.length === 0) continue;
    const catalog = await ports.registry.catalog(target);
    if (catalog.completeness.kind === 'incomplete') {
      ports.logger.log('WARNING', 'not all repositories of a target were seen', {
        target: place,
        reason: catalog.completeness.reason,
      });
      // One that can't be read at all is tried again at the next tick; one that was read in part is not, or
      // its readable part would be cleaned at every tick.
      if (catalog.repositories.length === 0) {
        complete = false;
        continue;
      }
    }
    for (const [policy, atMs] of waiting) {
      ticks.push({ policy: policy.name, name: tickOf(policy, place), atMs });
      for (const repository of catalog.repositories) {
        if (!selectsRepository(policy.repositories, repository)) continue;
        const piece = pieceOf(repository);
        piece.scheduledAtMs = piece.trigger === 'schedule' ? Math.max(piece.scheduledAtMs, atMs) : atMs;
        piece.trigger = 'schedule';
        piece.policies.add(policy.name);
      }
    }
  }
  if (!complete) return ticks;
  return [...due].map(([{ name }, atMs]) => ({ policy: name, name, atMs }));
}

/** A policy's times on one target, while another target keeps them from being done. Names hold no space. */
function tickOf(policy: Policy, place: string): string {
  return `${policy.name} ${place}`;
}

const NO_WAITING: OnPush = { settleMs: 0, atMostMs: 0 };

/** Adds repositories that were pushed to and have settled, and returns marks that ask for no run. */
async function pushedPieces(
  ports: DispatchPorts,
  policies: readonly Policy[],
  isOurs: (repository: string) => boolean,
  nowMs: number,
  pieces: ReadonlyMap<string, Piece>,
  pieceOf: (repository: string) => Piece,
): Promise<readonly PushMark[]> {
  const maxMs = ports.pushWaitMaxMs ?? Number.POSITIVE_INFINITY;
  const waitingOf = ({ onPush }: Policy): OnPush | null =>
    onPush && { settleMs: Math.min(onPush.settleMs, maxMs), atMostMs: Math.min(onPush.atMostMs, maxMs) };
  const forgotten: PushMark[] = [];
  const all = await ports.ledger.pushMarks(MARKS_MAX);
  for (const [repository, marks] of Map.groupBy(all, (mark) => mark.repository)) {
    const asking = isOurs(repository)
      ? policies.filter((one) => one.onPush !== null && selectsRepository(one.repositories, repository))
      : [];
    // A run that comes anyhow, for all of the policies that ask for one, sees the pushes too.
    const scheduled = pieces.get(repository)?.policies;
    const isServed = scheduled !== undefined && asking.every(({ name }) => scheduled.has(name));
    const waiting = commonWaiting(asking.map(isServed ? () => NO_WAITING : waitingOf));
    const { isDue, done } = settlePushes(marks, waiting, nowMs);
    if (!isDue) {
      forgotten.push(...done);
      continue;
    }
    const piece = pieceOf(repository);
    piece.marks.push(...done);
    for (const { name } of asking) piece.policies.add(name);
  }
  return forgotten;
}

/**
 * Adds repositories whose run was killed: the policies that it was made for speak again, and what it left open is
 * settled. Returns leases that nobody can be told of.
 */
async function unfinishedPieces(
  ports: DispatchPorts,
  isOurs: (repository: string) => boolean,
  nowMs: number,
  pieceOf: (repository: string) => Piece,
): Promise<readonly Lease[]> {
  const others: Lease[] = [];
  for (const lease of await ports.ledger.abandonedLeases(nowMs, ABANDONED_MAX)) {
    const { repository } = lease;
    if (!isOurs(repository)) {
      others.push(lease);
      continue;
    }
    const runs = await ports.ledger.runs({ repository, limit: RUNS_LOOKED_AT });
    const killed = runs.filter(({ mode, finishedAtMs }) => mode === 'apply' && finishedAtMs === null);
    const piece = pieceOf(repository);
    piece.lease = lease;
    if (!killed.some(({ trigger }) => trigger === 'push')) piece.trigger = 'schedule';
    for (const name of killed.flatMap(({ due = [] }) => due)) piece.policies.add(name);
    ports.logger.log('WARNING', 'a run was killed and is continued', {
      repository,
      runs: killed.map(({ id }) => id),
    });
  }
  return others;
}

/** Publishes the pieces and returns those that could not be, with what each failed with. */
async function publishPieces(
  ports: DispatchPorts,
  pieces: ReadonlyMap<string, Piece>,
  names: readonly string[],
  lease: Lease,
): Promise<ReadonlyMap<string, unknown>> {
  const failed = new Map<string, unknown>();
  let current: Lease | null = lease;
  let renewing: Promise<void> | null = null;
  const renew = async (): Promise<void> => {
    const nowMs = ports.clock();
    if (current !== null) current = await ports.ledger.renewLease(current, nowMs + DISPATCH_LEASE_MS);
    renewing = null;
  };
  await mapConcurrently(names, PUBLISHING_MAX, async (repository) => {
    const piece = pieces.get(repository);
    if (piece === undefined) return;
    try {
      if (current !== null && current.untilMs - ports.clock() < DISPATCH_LEASE_MS / 2) {
        renewing ??= renew();
        await renewing;
      }
      if (current === null) {
        throw new WardenError(
          'DISPATCH_OVERTAKEN',
          'Another dispatcher has taken over; this one stood still.',
        );
      }
      const { trigger, scheduledAtMs, policies } = piece;
      await ports.publisher.publish(
        ports.workTopic,
        formatWork({ version: 1, repository, trigger, policies: [...policies].sort(), scheduledAtMs }),
      );
    } catch (problem) {
      failed.set(repository, problem);
    }
  });
  return failed;
}

async function claim(ports: DispatchPorts, policy: string, atMs: number): Promise<void> {
  try {
    await ports.ledger.claimTick(policy, atMs);
  } catch (problem) {
    ports.logger.log('WARNING', 'a scheduled time could not be claimed and will come again', {
      policy,
      reason: messageOf(problem),
    });
  }
}
