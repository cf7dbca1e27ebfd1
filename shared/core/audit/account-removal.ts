import type { RemedyStep } from '../finding.ts';
import type { ServiceAccount } from './access.ts';
import { accountBindings, unreadPolicies } from './account-binding.ts';
import { removeMember } from './binding.ts';
import type { AuditCase } from './check.ts';
import { command } from './command.ts';
import { bucketUse } from './redirection.ts';
import { handStep } from './remedy-step.ts';
import { terraformName, terraformRemoval, terraformResource } from './terraform.ts';

/** More bindings than this are not taken away one by one; the last step says how many are left. */
const STEPS_MAX = 20;

/**
 * Takes an account out of every binding of this project that names it. Where a registry still moves out of its
 * bucket, the bucket's bindings are left to the reader.
 */
export function unbindAccount(
  { email }: ServiceAccount,
  { graph, replies }: AuditCase,
): readonly RemedyStep[] {
  const places = accountBindings(graph).get(email) ?? [];
  const isMoving = bucketUse(replies.redirection).kind === 'untouchable';
  const steps = places
    .slice(0, STEPS_MAX)
    .map(({ node, binding }) =>
      node.kind === 'bucket' && isMoving
        ? handStep(
            `When the move to Artifact Registry is over: take ${binding.role} on ${node.label} from serviceAccount:${email}.`,
          )
        : removeMember(node, binding, `serviceAccount:${email}`, replies.project),
    );
  const left = places.length - steps.length;
  if (left > 0) steps.push(handStep(`And the same for ${left} more bindings.`));
  const unread = unreadPolicies(graph);
  if (unread.length > 0) {
    steps.push(
      handStep(
        `Look yourself for bindings of it where none could be read: ${unread.slice(0, 3).join(', ')}${unread.length > 3 ? ', …' : ''}.`,
      ),
    );
  }
  return steps;
}

/** Stops an account from authenticating; it can be enabled again. */
export function disableAccount({ email }: ServiceAccount, project: string, wait: string): RemedyStep {
  return {
    say: `Disable ${email}. It can be enabled again, and nothing of it is lost.`,
    gcloud: [command('gcloud', 'iam', 'service-accounts', 'disable', email, `--project=${project}`)],
    terraform: accountBlock(email, project, true),
    wait,
  };
}

/** Deletes an account with its keys. It can be undeleted for 30 days. */
export function deleteAccount({ email }: ServiceAccount, project: string): RemedyStep {
  return {
    say: `Delete ${email} with its keys. It can be undeleted for 30 days, by its number.`,
    gcloud: [
      command('gcloud', 'iam', 'service-accounts', 'delete', email, `--project=${project}`, '--quiet'),
    ],
    terraform: terraformRemoval(accountBlock(email, project, false)),
  };
}

function accountBlock(email: string, project: string, disabled: boolean): string {
  const id = email.split('@')[0] ?? '';
  return terraformResource('google_service_account', terraformName(id, [email]), {
    project,
    account_id: id,
    ...(disabled ? { disabled: { expression: 'true' } } : {}),
  });
}
