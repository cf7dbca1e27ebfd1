import type { CleanupPolicy, RegistryRepository } from './access.ts';

/** What comes of Artifact Registry's own cleanup policies of a repository. */
export interface Cleanup {
  /** Those that delete, by their ids. */
  readonly deleting: readonly string[];
  /** Those that do nothing, each with the reason. */
  readonly idle: readonly { readonly id: string; readonly why: string }[];
  /** Why it can't be said; null where it can. */
  readonly unclear: string | null;
}

/**
 * Says which of a repository's cleanup policies come to something: a keep policy only guards from delete policies, a
 * dry run only writes to the audit log, and a version is not named by its digest's text.
 * (https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy)
 */
export function cleanupOf({ cleanupPolicies, cleanupDryRun }: RegistryRepository): Cleanup {
  if (cleanupPolicies.kind === 'unknown') return { deleting: [], idle: [], unclear: cleanupPolicies.reason };
  const policies = cleanupPolicies.value;
  const strange = policies.find(({ action }) => action !== 'DELETE' && action !== 'KEEP');
  if (strange !== undefined) {
    return {
      deleting: [],
      idle: [],
      unclear: `cleanup policy ${strange.id} has the action ${strange.action || '(none)'}`,
    };
  }
  if (cleanupDryRun) {
    return {
      deleting: [],
      idle: policies.map(({ id }) => ({ id, why: 'the repository only rehearses (dry run)' })),
      unclear: null,
    };
  }
  const deletes = policies.filter(({ action }) => action === 'DELETE');
  const idle = deletes.flatMap((policy) => {
    const why = selectsNothing(policy);
    return why === null ? [] : [{ id: policy.id, why }];
  });
  const deleting = deletes.map(({ id }) => id).filter((id) => !idle.some((one) => one.id === id));
  const keeps =
    deleting.length > 0
      ? []
      : policies
          .filter(({ action }) => action === 'KEEP')
          .map(({ id }) => ({ id, why: 'it keeps, and nothing deletes' }));
  return { deleting, idle: [...idle, ...keeps], unclear: null };
}

function selectsNothing({ condition }: CleanupPolicy): string | null {
  if (condition === null) return 'it has no condition';
  const { tagPrefixes, versionPrefixes } = condition;
  if (versionPrefixes.length > 0 && versionPrefixes.every(isDigestPrefix)) {
    return 'its prefix of versions begins with sha256:, which matches nothing';
  }
  if (tagPrefixes.length > 0 && tagPrefixes.every(isDigestPrefix)) return 'no tag begins with sha256:';
  return null;
}

function isDigestPrefix(prefix: string): boolean {
  return prefix.startsWith('sha256:');
}
