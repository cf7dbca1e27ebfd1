import type { Condition, Policy } from './policy.ts';

/**
 * The facts that do not stand with a listed manifest: each has to be looked up by its digest, in the ledger,
 * among what is in use or among the manifests read, which costs more than all else that is known of it.
 */
export type SoughtFact = 'artifactType' | 'untaggedSinceMs' | 'taggedAtMs' | 'lastPulledAtMs' | 'usedBy';

export const ALL_FACTS: ReadonlySet<SoughtFact> = new Set([
  'artifactType',
  'untaggedSinceMs',
  'taggedAtMs',
  'lastPulledAtMs',
  'usedBy',
]);

/** The facts that some rule of these policies asks for. */
export function factsAskedBy(policies: readonly Policy[]): ReadonlySet<SoughtFact> {
  const asked = new Set<SoughtFact>();
  for (const policy of policies) {
    for (const rule of [...policy.keep, ...policy.delete]) {
      for (const condition of rule.conditions) {
        const fact = factAskedBy(condition);
        if (fact !== null) asked.add(fact);
      }
      if (rule.quarantine !== undefined) for (const fact of ENDING_QUARANTINE) asked.add(fact);
    }
  }
  return asked;
}

/** What ends a quarantine, whatever the conditions of its rule ask. */
const ENDING_QUARANTINE: readonly SoughtFact[] = ['lastPulledAtMs', 'usedBy'];

function factAskedBy({ kind }: Condition): SoughtFact | null {
  switch (kind) {
    case 'untaggedFor':
      return 'untaggedSinceMs';
    case 'taggedWithin':
      return 'taggedAtMs';
    case 'inUse':
      return 'usedBy';
    case 'pulledWithin':
    case 'notPulledFor':
      return 'lastPulledAtMs';
    case 'mediaTypes':
      return 'artifactType';
    case 'all':
    case 'orphaned':
    case 'state':
    case 'tags':
    case 'olderThan':
    case 'newerThan':
    case 'digests':
    case 'largerThan':
      return null;
  }
}
