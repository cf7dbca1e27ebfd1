import type { Finding, RemedyStep } from '../../finding.ts';
import { DAY_MS } from '../../units.ts';
import type { ServiceAccount, ServiceAccountKey } from '../access.ts';
import type { AuditCase, Check } from '../check.ts';
import { accountsWith, keyWith, NEVER, pullSecretWith, repliesWith } from '../example.ts';
import { answerForKeys, deleteKey, harmlessNow, retireKeys } from '../key-answer.ts';
import { countSecrets, secretCountText, secretsByKey } from '../key-secrets.ts';
import { keyUses, type LastUse } from '../last-use.ts';
import type { PullSecret } from '../pull-secret.ts';
import { removeSecret, unseenSecrets } from '../pull-secret-answer.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { hasEnded } from '../working-key.ts';

/** More secrets than this are not deleted one by one; a step says how many are left. */
const STEPS_MAX = 20;

/** A key that clusters pull images with. */
export const pullSecretKey: Check = {
  id: 'pull-secret-key',
  title: 'A downloaded key lies in pull secrets',
  severity: 'high',
  rationale:
    'The usual tutorial pastes one key into a secret of every namespace. Whoever may read secrets in one of them has the key, it works from anywhere, and nobody dares to delete it because nobody knows who needs it.',
  decided:
    'A user-managed key of the project whose id (`private_key_id`) is in a pull secret of a cluster that `--pull-secrets` names: `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`, users `_json_key` and `_json_key_base64`. Low where the key or its account is disabled or the key has ended. A key that is in none of them passes only where all of them could be read. Without `--pull-secrets` nothing is asked.',
  references: [
    google(
      'Pull images with an imagePullSecret',
      'https://cloud.google.com/artifact-registry/docs/integrate-gke',
    ),
    google(
      'Service accounts of nodes',
      'https://cloud.google.com/kubernetes-engine/docs/how-to/service-accounts',
    ),
  ],
  examples: [
    {
      title: 'A key in a pull secret',
      replies: () =>
        repliesWith({
          accounts: accountsWith(keyWith()),
          pullSecrets: { secrets: [pullSecretWith()], unseen: [] },
        }),
      answers: ['FAIL high'],
    },
    {
      title: 'A disabled key in a pull secret',
      replies: () =>
        repliesWith({
          accounts: accountsWith(keyWith({ disabled: true })),
          pullSecrets: { secrets: [pullSecretWith()], unseen: [] },
        }),
      answers: ['FAIL low'],
    },
    {
      title: 'A key that is in none',
      replies: () =>
        repliesWith({
          accounts: accountsWith(keyWith({ id: 'c3d4' })),
          pullSecrets: { secrets: [pullSecretWith()], unseen: [] },
        }),
      answers: ['PASS'],
    },
    {
      title: 'A key that is in none of those that could be read',
      replies: () =>
        repliesWith({
          accounts: accountsWith(keyWith()),
          pullSecrets: { secrets: [], unseen: [{ what: 'cluster prod, namespace pay', reason: '403' }] },
        }),
      answers: ['UNKNOWN', 'UNKNOWN'],
    },
    {
      title: 'A project of which nobody asked about pull secrets',
      replies: () =>
        repliesWith({ accounts: accountsWith(keyWith({ validBeforeMs: NEVER })), pullSecrets: null }),
      answers: [],
    },
  ],
  run(audit): readonly Finding[] {
    const { replies } = audit;
    const { pullSecrets } = replies;
    if (pullSecrets === null) return [];
    const byKey = secretsByKey(pullSecrets);
    const unreadable = pullSecrets.secrets.find(holdsUnreadableKey);
    const useOf = keyUses(replies);
    return [
      ...answerForKeys(pullSecretKey, audit, (key, account) => {
        const secrets = byKey.get(key.id) ?? [];
        const name = `Key ${key.id} of ${account.email}`;
        if (secrets.length === 0) {
          const [first] = pullSecrets.unseen;
          const doubt =
            first !== undefined
              ? `those of ${first.what} could not be read`
              : unreadable !== undefined
                ? `what is in ${unreadable.namespace}/${unreadable.name} of ${unreadable.cluster} could not be read`
                : null;
          return doubt === null
            ? { status: 'PASS', evidence: `${name} is in no pull secret that was read` }
            : { status: 'UNKNOWN', evidence: `${name} is in no pull secret that was read, and ${doubt}` };
        }
        const harmless = harmlessNow(key, account);
        const isOver = harmless !== '' || hasEnded(key, audit.nowMs);
        const use = useOf(account, key.id);
        return {
          status: 'FAIL',
          severity: isOver ? 'low' : 'high',
          evidence: `${name}${ageText(key, audit.nowMs)}, is used by ${secretCountText(countSecrets(secrets))}, ${useText(use, audit.nowMs)}${harmless}`,
          datesMs: {
            ...(key.validAfterMs.kind === 'known' ? { created: key.validAfterMs.value } : {}),
            ...(use.kind === 'known' && use.value.lastAuthenticatedMs !== null
              ? { 'last used': use.value.lastAuthenticatedMs }
              : {}),
          },
          risk: 'Whoever may read secrets in one of these namespaces can take the key along and use it from anywhere.',
          remediation: () => remedyFor(key, account, secrets, audit),
        };
      }),
      ...unseenSecrets(pullSecretKey, audit),
    ];
  },
};

/** A secret of which nobody can say which keys it holds. */
function holdsUnreadableKey({ entries }: PullSecret): boolean {
  if (entries.kind === 'unknown') return true;
  return entries.value.some(
    ({ credential }) => credential.kind === 'key' && credential.key.kind === 'unknown',
  );
}

function ageText(key: ServiceAccountKey, nowMs: number): string {
  if (key.validAfterMs.kind === 'unknown') return '';
  const days = daysText(nowMs - key.validAfterMs.value);
  return key.origin === 'GOOGLE_PROVIDED' ? `, ${days} old` : `, claimed age ${days}`;
}

function useText(use: ReturnType<ReturnType<typeof keyUses>>, nowMs: number): string {
  if (use.kind === 'unknown') return 'and when it last authenticated is not known';
  const { lastAuthenticatedMs }: LastUse = use.value;
  return lastAuthenticatedMs === null
    ? 'and was not seen to authenticate'
    : `last authenticated ${dayText(nowMs - lastAuthenticatedMs)}`;
}

function daysText(ageMs: number): string {
  const days = Math.max(0, Math.floor(ageMs / DAY_MS));
  return `${days} ${days === 1 ? 'day' : 'days'}`;
}

/** Policy Analyzer has whole days only. */
function dayText(agoMs: number): string {
  if (agoMs < DAY_MS) return 'today';
  return agoMs < 2 * DAY_MS ? 'yesterday' : `${daysText(agoMs)} ago`;
}

function remedyFor(
  key: ServiceAccountKey,
  account: ServiceAccount,
  secrets: readonly PullSecret[],
  { nowMs, replies: { project } }: AuditCase,
): readonly RemedyStep[] {
  const removals = secrets.slice(0, STEPS_MAX).map((secret) => removeSecret(secret, key.id));
  const left = secrets.length - removals.length;
  const isWhole = left === 0 && removals.every(({ gcloud }) => gcloud.length > 0);
  const isOver = key.disabled || account.disabled || hasEnded(key, nowMs);
  return [
    handStep(
      'Workload identity instead of the key: nodes of GKE pull with their own account, without any secret. Give that account roles/artifactregistry.reader on the repositories that its pods pull from. Clusters elsewhere can federate: https://cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes.',
    ),
    handStep(
      'Take the secrets out of `imagePullSecrets` of pods, of templates and of Kubernetes service accounts, and roll out.',
      'until new pods have pulled without them',
    ),
    ...removals,
    ...(left > 0
      ? [handStep(`There is no command for this here: delete the key's other ${left} secrets likewise.`)]
      : []),
    ...(isWhole
      ? isOver
        ? deleteKey(key, project)
        : retireKeys([key], project)
      : [handStep(`When no secret holds it any more: disable key ${key.id}, wait, and delete it.`)]),
  ];
}
