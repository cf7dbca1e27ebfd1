import { known, unknown } from '../../fact.ts';
import type { AuditCase, Check } from '../check.ts';
import { accountsWith, keyWith, pullSecretWith, repliesWith } from '../example.ts';
import type { KeyIdentity, PullSecret } from '../pull-secret.ts';
import { answerForSecrets, removeSecret, type SecretAnswer, secretLabel } from '../pull-secret-answer.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';

/** A cluster with one pull secret, in a project whose account has these keys. */
const withKeys = (...keys: readonly ReturnType<typeof keyWith>[]) =>
  repliesWith({
    accounts: accountsWith(...keys),
    pullSecrets: { secrets: [pullSecretWith()], unseen: [] },
  });

/** A pull secret that can't pull any more. */
export const pullSecretKeyGone: Check = {
  id: 'pull-secret-key-gone',
  title: 'A pull secret holds a key that is gone',
  severity: 'low',
  rationale:
    'Pods that name it can start only where the image is there already, and it looks as if it were needed. The key was deleted; its copy says nothing but that it was here.',
  decided:
    "The key id in a pull secret (of a cluster that `--pull-secrets` names) is none of the keys that IAM lists for the account, or the account itself is gone. UNKNOWN where the keys could not be listed, where the key belongs to an account of another project, and where the secret can't be understood. Secrets without a key of a service account are not asked about.",
  references: [
    google('Delete service account keys', 'https://cloud.google.com/iam/docs/keys-create-delete#deleting'),
  ],
  examples: [
    { title: 'A key that was deleted', replies: () => withKeys(), answers: ['FAIL low'] },
    { title: 'A key that is there', replies: () => withKeys(keyWith()), answers: ['PASS'] },
    {
      title: 'A key of an account that was deleted',
      replies: () => ({ ...withKeys(), accounts: known([]) }),
      answers: ['FAIL low'],
    },
    {
      title: 'A key of another project',
      replies: () =>
        repliesWith({
          pullSecrets: {
            secrets: [pullSecretWith({}, 'ci@other-project.iam.gserviceaccount.com')],
            unseen: [],
          },
        }),
      answers: ['UNKNOWN'],
    },
    {
      title: 'Keys that could not be listed',
      replies: () => ({ ...withKeys(), accounts: unknown('403') }),
      answers: ['UNKNOWN'],
    },
    {
      title: 'A secret whose text is no configuration of docker',
      replies: () =>
        repliesWith({
          pullSecrets: { secrets: [pullSecretWith({ entries: unknown('it is none') })], unseen: [] },
        }),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    return answerForSecrets(pullSecretKeyGone, audit, (secret) => {
      const label = secretLabel(secret);
      if (secret.entries.kind === 'unknown') {
        return { status: 'UNKNOWN', evidence: `${label} can't be understood: ${secret.entries.reason}` };
      }
      const answers = secret.entries.value.flatMap(({ host, credential }) => {
        if (credential.kind !== 'key') return [];
        return credential.key.kind === 'unknown'
          ? [
              {
                status: 'UNKNOWN' as const,
                evidence: `${label} has a key for ${host} that can't be understood: ${credential.key.reason}`,
              },
            ]
          : [answerFor(secret, credential.key.value, audit)];
      });
      return (
        answers.find(({ status }) => status === 'FAIL') ??
        answers.find(({ status }) => status === 'UNKNOWN') ??
        answers[0] ??
        null
      );
    });
  },
};

function answerFor(secret: PullSecret, { keyId, account }: KeyIdentity, audit: AuditCase): SecretAnswer {
  const { accounts, project } = audit.replies;
  const label = secretLabel(secret);
  const name = `key ${keyId} of ${account}`;
  if (accounts.kind === 'unknown') {
    return { status: 'UNKNOWN', evidence: `${label} holds ${name}: the accounts could not be listed` };
  }
  const reply = accounts.value.find((each) => each.account.email === account);
  if (reply === undefined && !isOfProject(account, project)) {
    return { status: 'UNKNOWN', evidence: `${label} holds ${name}, which is not an account of ${project}` };
  }
  if (reply?.keys.kind === 'unknown') {
    return {
      status: 'UNKNOWN',
      evidence: `${label} holds ${name}: its keys could not be listed: ${reply.keys.reason}`,
    };
  }
  if (reply?.keys.value.some(({ id }) => id === keyId) === true) {
    return { status: 'PASS', evidence: `${label} holds ${name}, which is there` };
  }
  return {
    status: 'FAIL',
    evidence: `${label} holds ${name}, and ${reply === undefined ? 'that account' : 'that key'} is gone`,
    risk: 'What names it can pull nothing with it, which shows when a node has to pull again.',
    remediation: () => [
      handStep(
        'If pods name it, see how they pull: nodes of GKE do with their own account. Take it out of `imagePullSecrets` first.',
      ),
      removeSecret(secret, keyId),
    ],
  };
}

/** Whether an address is one that this project gives to its accounts: `NAME@PROJECT.iam.gserviceaccount.com`. */
function isOfProject(account: string, project: string): boolean {
  const [name = project, domain] = project.split(':').reverse();
  const host = domain === undefined ? name : `${name}.${domain}`;
  return account.endsWith(`@${host}.iam.gserviceaccount.com`);
}
