import { type Answer, type Status, worstOf } from './answer.ts';
import type { Check } from './check.ts';
import { apis } from './checks/apis.ts';
import { auditLogs } from './checks/audit-logs.ts';
import { clock } from './checks/clock.ts';
import { deadLetters } from './checks/dead-letters.ts';
import { functions } from './checks/functions.ts';
import { ledger } from './checks/ledger.ts';
import { notificationTopic } from './checks/notification-topic.ts';
import { accountPermissions, callerPermissions } from './checks/permissions.ts';
import { policies } from './checks/policies.ts';
import { publisherBinding } from './checks/publisher-binding.ts';
import { pushSubscriptions } from './checks/push-subscriptions.ts';
import { scheduler } from './checks/scheduler.ts';
import type { Observations } from './observation.ts';

/** All checks, in the order in which one would mend. */
export const CHECKS: readonly Check[] = [
  clock,
  apis,
  callerPermissions,
  functions,
  accountPermissions,
  notificationTopic,
  publisherBinding,
  pushSubscriptions,
  deadLetters,
  scheduler,
  ledger,
  policies,
  auditLogs,
];

/** What one check says. */
export interface CheckReport {
  readonly id: string;
  readonly title: string;
  readonly status: Status;
  readonly answers: readonly Answer[];
}

/** What all of them say. */
export interface DoctorReport {
  readonly version: 1;
  readonly project: string;
  readonly region: string;
  readonly checks: readonly CheckReport[];
}

/** Judges what was seen. */
export function doctorReport(seen: Observations): DoctorReport {
  const { project, region } = seen.deployment;
  const checks = CHECKS.map((check): CheckReport => {
    const answers = check.answers(seen);
    return { id: check.id, title: check.title, status: worstOf(answers), answers };
  });
  return { version: 1, project, region, checks };
}

/** Whether nothing is missing, and nothing could not be seen. */
export function isHealthy({ checks }: DoctorReport): boolean {
  return checks.every(({ status }) => status === 'fine' || status === 'not used');
}
