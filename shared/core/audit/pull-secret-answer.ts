import type { Finding, RemedyStep } from '../finding.ts';
import { type Answer, type AuditCase, type Check, findingOf } from './check.ts';
import { command } from './command.ts';
import type { PullSecret } from './pull-secret.ts';
import { handStep } from './remedy-step.ts';
import { terraformName, terraformRemoval, terraformResource } from './terraform.ts';

/** What a check says of one secret; the rest of the answer is the same for all secrets. */
export type SecretAnswer = Omit<Answer, 'resource' | 'subject'>;

/** The name that the audit gives a secret: no API of Google's has one for it. */
function secretResource({ cluster, namespace, name }: PullSecret): string {
  return `//kubernetes/${cluster}/namespaces/${namespace}/secrets/${name}`;
}

/** `secret prod/gcr-key of prod-cluster`, for people. */
export function secretLabel({ cluster, namespace, name }: PullSecret): string {
  return `Secret ${namespace}/${name} of ${cluster}`;
}

/**
 * Asks a check about every pull secret, and says UNKNOWN for what could not be read. Where nobody asked for pull
 * secrets there is nothing to say.
 * @param judge null where the check has nothing to ask about the secret
 */
export function answerForSecrets(
  check: Check,
  audit: AuditCase,
  judge: (secret: PullSecret) => SecretAnswer | null,
): readonly Finding[] {
  const { pullSecrets } = audit.replies;
  if (pullSecrets === null) return [];
  return [
    ...pullSecrets.secrets.flatMap((secret) => {
      const answer = judge(secret);
      return answer === null ? [] : findingOf(check, audit, { ...answer, resource: secretResource(secret) });
    }),
    ...unseenSecrets(check, audit),
  ];
}

/** UNKNOWN for each cluster, namespace or list of them that could not be read. */
export function unseenSecrets(check: Check, audit: AuditCase): readonly Finding[] {
  return (audit.replies.pullSecrets?.unseen ?? []).map(({ what, reason }) =>
    findingOf(check, audit, {
      status: 'UNKNOWN',
      resource: `//kubernetes/${what}`,
      evidence: `The pull secrets of ${what} could not be read: ${reason}`,
    }),
  );
}

/**
 * Deletes a secret that holds nothing but what has to go; of one that has more, the reader takes the entry out.
 * @param keyId the key that has to go; null for the whole secret, whatever it holds
 */
export function removeSecret(secret: PullSecret, keyId: string | null): RemedyStep {
  const { cluster, namespace, name, type, entries } = secret;
  const others =
    keyId === null || entries.kind === 'unknown'
      ? []
      : entries.value.filter(
          ({ credential }) =>
            !(
              credential.kind === 'key' &&
              credential.key.kind === 'known' &&
              credential.key.value.keyId === keyId
            ),
        );
  if (others.length > 0) {
    return handStep(
      `There is no command for this: ${namespace}/${name} of ${cluster} also has what is needed for ${others
        .slice(0, 3)
        .map(({ host }) => host)
        .join(', ')}${others.length > 3 ? ', …' : ''}. Take the key out of it and leave the rest.`,
    );
  }
  const block = terraformResource(
    'kubernetes_secret',
    terraformName(name, [cluster, namespace, name]),
    {
      type,
    },
    [{ name: 'metadata', attributes: { name, namespace } }],
  );
  return {
    say: `Delete secret ${namespace}/${name} of ${cluster}.`,
    gcloud: [
      command('kubectl', `--context=${cluster}`, `--namespace=${namespace}`, 'delete', 'secret', name),
    ],
    terraform: terraformRemoval(block),
  };
}
