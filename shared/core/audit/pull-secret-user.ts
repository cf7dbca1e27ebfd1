import { type Fact, known } from '../fact.ts';
import { at, record, records, text } from '../usage/field.ts';
import type { ParsedPullSecret } from './parse-pull-secret.ts';
import type { PullSecret } from './pull-secret.ts';

/** What names pull secrets, by kind, and where each has its pod. */
const PULL_SECRET_USERS = {
  Pod: ['spec'],
  ServiceAccount: [],
  Deployment: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** A kind of object that names pull secrets. */
export type PullSecretUserKind = keyof typeof PULL_SECRET_USERS;

/** An object that names pull secrets, as far as that goes. */
export interface PullSecretUser {
  readonly namespace: string;
  readonly name: string;
  /** Names of secrets in its namespace. */
  readonly secrets: readonly string[];
  /** The account that it runs as; null for an account itself. */
  readonly serviceAccount: string | null;
}

/** Reads which pull secrets an object names. */
export function pullSecretUser(object: unknown, kind: PullSecretUserKind): PullSecretUser {
  const metadata = record(record(object)['metadata']);
  const holder = record(at(object, ...PULL_SECRET_USERS[kind]));
  return {
    namespace: text(metadata['namespace']) ?? '',
    name: text(metadata['name']) ?? '',
    secrets: records(holder['imagePullSecrets']).flatMap((one) => text(one['name']) ?? []),
    serviceAccount: kind === 'ServiceAccount' ? null : (text(holder['serviceAccountName']) ?? 'default'),
  };
}

/** Who names pull secrets in one cluster; each unknown where it could not be listed whole. */
export type PullSecretUsers = Readonly<Record<PullSecretUserKind, Fact<readonly PullSecretUser[]>>>;

/** Joins the secrets of one cluster with whoever names them. */
export function joinPullSecrets(
  cluster: string,
  secrets: readonly ParsedPullSecret[],
  users: PullSecretUsers,
): readonly PullSecret[] {
  const pods = podsBySecret(users);
  const others = othersBySecret(users);
  return secrets
    .map((secret): PullSecret => {
      const key = keyOf(secret.namespace, secret.name);
      return {
        cluster,
        ...secret,
        usedByPods: pods.kind === 'known' ? known(pods.value.get(key) ?? 0) : pods,
        namedElsewhere: others.kind === 'known' ? known(others.value.get(key) ?? 0) : others,
      };
    })
    .sort((a, b) => (keyOf(a.namespace, a.name) < keyOf(b.namespace, b.name) ? -1 : 1));
}

function podsBySecret({ Pod, ServiceAccount }: PullSecretUsers): Fact<ReadonlyMap<string, number>> {
  if (Pod.kind === 'unknown') return Pod;
  if (ServiceAccount.kind === 'unknown') return ServiceAccount;
  const ofAccount = new Map(
    ServiceAccount.value.map(({ namespace, name, secrets }) => [keyOf(namespace, name), secrets]),
  );
  return known(
    counted(
      Pod.value.map((pod) => ({
        ...pod,
        // Kubernetes writes the account's secrets into a pod that has none; one from before is looked up.
        secrets:
          pod.secrets.length > 0
            ? pod.secrets
            : (ofAccount.get(keyOf(pod.namespace, pod.serviceAccount ?? '')) ?? []),
      })),
    ),
  );
}

function othersBySecret(users: PullSecretUsers): Fact<ReadonlyMap<string, number>> {
  const all: PullSecretUser[] = [];
  for (const [kind, found] of Object.entries(users)) {
    if (kind === 'Pod') continue;
    if (found.kind === 'unknown') return found;
    all.push(...found.value);
  }
  return known(counted(all));
}

function counted(users: readonly PullSecretUser[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { namespace, secrets } of users) {
    for (const name of new Set(secrets)) {
      const key = keyOf(namespace, name);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

/** No name of Kubernetes has a slash. */
function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
