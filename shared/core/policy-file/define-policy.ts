import { stringify } from 'yaml';
import type { PolicyDocument } from './policy-document.ts';

export type { Age, DeleteRule, KeepRule, PolicyDocument, Share, Size } from './policy-document.ts';

/** A policy written in TypeScript: the compiler and the editor know every keyword. Gives it back as it is. */
export function definePolicy(policy: PolicyDocument): PolicyDocument {
  return policy;
}

/**
 * Prints policies as the YAML file that gcr-warden reads, one document each. That file is what belongs into git,
 * where it is reviewed, checked (`gcr-warden policy check`) and tested.
 */
export function printPolicies(...policies: readonly PolicyDocument[]): string {
  return policies.map((policy) => stringify(policy, { lineWidth: 100 })).join('---\n');
}
