import type { GoogleAccess } from '../../ports.ts';
import { artifactRegistryReads } from './artifact-registry.ts';
import { cloudIdentityReads } from './cloud-identity.ts';
import { containerReads } from './container.ts';
import { factReads } from './fact-reads.ts';
import { iamReads } from './iam.ts';
import { monitoringReads } from './monitoring.ts';
import { orgPolicyReads } from './org-policy.ts';
import { policyAnalyzerReads } from './policy-analyzer.ts';
import { pubsubReads } from './pubsub.ts';
import { resourceManagerReads } from './resource-manager.ts';
import type { GoogleRest } from './rest.ts';
import { storageReads } from './storage.ts';

/**
 * Reads who may do what from Google's services. Google leaves empty fields out of its replies, so a missing
 * list is an empty one and a missing flag is false. A field of another type than documented makes the whole
 * read unknown.
 */
export function googleAccess(rest: GoogleRest): GoogleAccess {
  const reads = factReads(rest);
  return {
    ...artifactRegistryReads(reads),
    ...cloudIdentityReads(reads),
    ...containerReads(reads),
    ...iamReads(reads),
    ...monitoringReads(reads),
    ...orgPolicyReads(reads),
    ...policyAnalyzerReads(reads),
    ...pubsubReads(reads),
    ...resourceManagerReads(reads),
    ...storageReads(reads),
  };
}
