import { messageOf } from '../core/error.ts';
import { selectsRepository } from '../core/pattern.ts';
import type { Policy } from '../core/policy.ts';
import { formatTarget, type Target } from '../core/reference.ts';
import { dueTime } from '../core/schedule.ts';
import { formatWork } from '../core/work.ts';
import type {
  Clock,
  CoordinationLedger,
  EstateLedger,
  Logger,
  PolicyReader,
  Publisher,
  RegistryReader,
} from '../ports.ts';
import { notePolicies } from './note-policies.ts';
import { watchPlanning } from './watch-planning.ts';

export interface DispatchPorts {
  readonly registry: RegistryReader;
  readonly ledger: CoordinationLedger & Pick<EstateLedger, 'policyRoster' | 'savePolicyRoster'>;
  readonly policies: PolicyReader;
  readonly publisher: Publisher;
  readonly workTopic: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What one tick of the scheduler set going. */
export interface Dispatched {
  /** Names of the policies that were due, sorted. */
  readonly due: readonly string[];
  /** Repositories for which work was published, sorted. */
  readonly repositories: readonly string[];
}

/**
 * Finds the policies that are due and publishes one message for each repository that they select. A policy's
 * time is claimed only after all its messages are durable: a tick that fails half way is made again by the
 * next one, and a repository that is told twice is cleaned once by its lease.
 */
export async function dispatch(ports: DispatchPorts, targets: readonly Target[]): Promise<Dispatched> {
  const nowMs = ports.clock();
  const { policies, problems } = await ports.policies.read();
  for (const { file, line, column, message } of problems) {
    ports.logger.log('ERROR', 'policy stopped', { place: `${file}:${line}:${column}`, reason: message });
  }
  const lastTicks = await ports.ledger.lastTicks();
  const due = new Map<Policy, number>();
  for (const policy of policies) {
    if (policy.schedule === null) continue;
    const atMs = dueTime(policy.schedule, lastTicks[policy.name] ?? null, nowMs);
    if (atMs !== null) due.set(policy, atMs);
  }
  if (due.size === 0) return { due: [], repositories: [] };
  for (const { file, line, message } of await watchPlanning(ports, policies, nowMs)) {
    ports.logger.log('WARNING', 'policy only plans', { place: `${file}:${line}`, reason: message });
  }
  await notePolicies(ports, policies, nowMs);

  const repositories = new Set<string>();
  let complete = true;
  for (const target of targets) {
    const catalog = await ports.registry.catalog(target);
    if (catalog.completeness.kind === 'incomplete') {
      complete = false;
      ports.logger.log('WARNING', 'not all repositories of a target were seen', {
        target: formatTarget(target),
        reason: catalog.completeness.reason,
      });
    }
    for (const repository of catalog.repositories) repositories.add(repository);
  }
  const told: string[] = [];
  for (const repository of [...repositories].sort()) {
    const selecting = [...due].filter(([policy]) => selectsRepository(policy.repositories, repository));
    if (selecting.length === 0) continue;
    const names = selecting.map(([policy]) => policy.name).sort();
    const scheduledAtMs = Math.max(...selecting.map(([, atMs]) => atMs));
    await ports.publisher.publish(
      ports.workTopic,
      formatWork({ version: 1, repository, trigger: 'schedule', policies: names, scheduledAtMs }),
    );
    told.push(repository);
  }
  // A catalog that can't be read at all is tried again at the next tick; one that was read in part is not,
  // or its readable part would be cleaned at every tick.
  if (complete || told.length > 0) {
    for (const [policy, atMs] of due) await claim(ports, policy, atMs);
  }
  return { due: [...due.keys()].map((policy) => policy.name).sort(), repositories: told };
}

async function claim(ports: DispatchPorts, policy: Policy, atMs: number): Promise<void> {
  try {
    await ports.ledger.claimTick(policy.name, atMs);
  } catch (problem) {
    ports.logger.log('WARNING', 'a scheduled time could not be claimed and will come again', {
      policy: policy.name,
      reason: messageOf(problem),
    });
  }
}
