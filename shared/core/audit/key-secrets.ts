import type { PullSecret, PullSecretReading } from './pull-secret.ts';

/** In how many places a key lies in pull secrets. */
export interface SecretCount {
  readonly secrets: number;
  readonly namespaces: number;
  readonly clusters: number;
}

/** The pull secrets that hold a key, by the key's id, in the order of the reading. */
export function secretsByKey({
  secrets,
}: Pick<PullSecretReading, 'secrets'>): ReadonlyMap<string, readonly PullSecret[]> {
  const found = new Map<string, PullSecret[]>();
  for (const secret of secrets) {
    for (const keyId of new Set(keyIdsOf(secret))) {
      const of = found.get(keyId) ?? [];
      of.push(secret);
      found.set(keyId, of);
    }
  }
  return found;
}

/** The ids of the keys in a secret, as far as they can be read. */
function keyIdsOf({ entries }: PullSecret): readonly string[] {
  if (entries.kind === 'unknown') return [];
  return entries.value.flatMap(({ credential }) =>
    credential.kind === 'key' && credential.key.kind === 'known' ? [credential.key.value.keyId] : [],
  );
}

/** Counts secrets, and the namespaces and clusters that they are in. */
export function countSecrets(secrets: readonly PullSecret[]): SecretCount {
  return {
    secrets: secrets.length,
    namespaces: new Set(secrets.map(({ cluster, namespace }) => `${cluster}/${namespace}`)).size,
    clusters: new Set(secrets.map(({ cluster }) => cluster)).size,
  };
}

/** `14 secrets in 9 namespaces of 2 clusters`. */
export function secretCountText({ secrets, namespaces, clusters }: SecretCount): string {
  return `${plural(secrets, 'secret')} in ${plural(namespaces, 'namespace')} of ${plural(clusters, 'cluster')}`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
