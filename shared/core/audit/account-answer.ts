import type { Finding } from '../finding.ts';
import type { ServiceAccountKey } from './access.ts';
import { type Answer, type AuditCase, type Check, findingOf } from './check.ts';
import { accountResource, projectResource } from './graph.ts';
import type { AccountReply } from './replies.ts';
import { workingKeys } from './working-key.ts';

/** What a check says of one account; the rest of the answer is the same for all accounts. */
export type AccountAnswer = Omit<Answer, 'resource' | 'subject'>;

/** Asks a check about every account of the project; null where the check has nothing to ask about it. */
export function answerForAccounts(
  check: Check,
  audit: AuditCase,
  judge: (reply: AccountReply) => AccountAnswer | null,
): readonly Finding[] {
  const { accounts, project } = audit.replies;
  if (accounts.kind === 'unknown') {
    return [
      findingOf(check, audit, {
        status: 'UNKNOWN',
        resource: projectResource(project),
        evidence: `The service accounts could not be listed: ${accounts.reason}`,
      }),
    ];
  }
  return accounts.value.flatMap((reply) => {
    const answer = judge(reply);
    const resource = accountResource(project, reply.account.email);
    return answer === null ? [] : [findingOf(check, audit, { ...answer, resource })];
  });
}

/**
 * Asks a check about every account that has a key with which somebody can be that account today. Where that can't be
 * said the answer is UNKNOWN; where it has none, the check has nothing to ask.
 */
export function answerForKeyHolders(
  check: Check,
  audit: AuditCase,
  judge: (reply: AccountReply, keys: readonly ServiceAccountKey[]) => AccountAnswer | null,
): readonly Finding[] {
  return answerForAccounts(check, audit, (reply) => {
    const { keys, doubt } = workingKeys(reply, audit.nowMs);
    if (keys.length > 0) return judge(reply, keys);
    return doubt === null ? null : { status: 'UNKNOWN', evidence: doubt };
  });
}
