import { known, unknown } from '../../fact.ts';
import type { Check } from '../check.ts';
import { pullSecretWith, repliesWith } from '../example.ts';
import { answerForSecrets, removeSecret, secretLabel } from '../pull-secret-answer.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';

/** A cluster with this one pull secret. */
const only = (different: Parameters<typeof pullSecretWith>[0]) =>
  repliesWith({ pullSecrets: { secrets: [pullSecretWith(different)], unseen: [] } });

/** A pull secret that nothing pulls with. */
export const pullSecretUnused: Check = {
  id: 'pull-secret-unused',
  title: 'No pod uses a pull secret',
  severity: 'low',
  rationale:
    'A credential that nothing uses is a copy to lose and nothing else; it stays behind when a namespace or a registry is given up.',
  decided:
    'A pull secret of a cluster that `--pull-secrets` names, which no pod names, itself or by its service account, and no service account, deployment, stateful set, daemon set or cron job either. Where only pods are missing it passes: the next pod will use it. What uses it by other ways (a build that mounts it) is not seen. UNKNOWN where one of these lists could not be read.',
  references: [
    google('Kubernetes secrets in GKE', 'https://cloud.google.com/kubernetes-engine/docs/concepts/secret'),
  ],
  examples: [
    {
      title: 'A secret that nothing names',
      replies: () => only({ usedByPods: known(0), namedElsewhere: known(0) }),
      answers: ['FAIL low'],
    },
    { title: 'A secret that a pod names', replies: () => only({}), answers: ['PASS'] },
    {
      title: 'A secret of a deployment without pods',
      replies: () => only({ usedByPods: known(0), namedElsewhere: known(1) }),
      answers: ['PASS'],
    },
    {
      title: 'Pods that could not be listed',
      replies: () => only({ usedByPods: unknown('403'), namedElsewhere: known(0) }),
      answers: ['UNKNOWN'],
    },
    {
      title: 'A cluster that could not be read',
      replies: () =>
        repliesWith({
          pullSecrets: { secrets: [], unseen: [{ what: 'cluster prod', reason: 'no answer' }] },
        }),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    return answerForSecrets(pullSecretUnused, audit, (secret) => {
      const { usedByPods, namedElsewhere } = secret;
      const label = secretLabel(secret);
      if (usedByPods.kind === 'known' && usedByPods.value > 0) {
        return {
          status: 'PASS',
          evidence: `${label} is used by ${usedByPods.value} ${usedByPods.value === 1 ? 'pod' : 'pods'}`,
        };
      }
      if (namedElsewhere.kind === 'known' && namedElsewhere.value > 0) {
        return {
          status: 'PASS',
          evidence: `${label} is named by ${namedElsewhere.value} service accounts or templates`,
        };
      }
      for (const fact of [usedByPods, namedElsewhere]) {
        if (fact.kind === 'unknown') {
          return { status: 'UNKNOWN', evidence: `Who uses ${label} could not be seen: ${fact.reason}` };
        }
      }
      return {
        status: 'FAIL',
        evidence: `${label} is used by no pod and named by nothing`,
        risk: 'It gives access to whoever may read secrets there, and nobody would miss it.',
        remediation: () => [
          handStep('Make sure that nothing reads it in another way, such as a build that mounts it.'),
          removeSecret(secret, null),
        ],
      };
    });
  },
};
