import type { Finding } from '../finding.ts';
import type { RegistryBucket } from './access.ts';
import { bucketNameOf } from './binding.ts';
import { type Answer, type AuditCase, type Check, findingOf } from './check.ts';
import type { PolicyNode } from './graph.ts';
import { type BucketUse, bucketUse } from './redirection.ts';
import { noStep } from './remedy-step.ts';

/** A bucket of the old registry, with its policy. */
export type BucketNode = PolicyNode & { readonly kind: 'bucket' };

/**
 * Asks a check about every legacy bucket that exists. One that could not be read is UNKNOWN; one that does
 * not exist has nothing to answer. While images may be copied from a bucket the remedy has no command.
 */
export function answerForBuckets(
  check: Check,
  audit: AuditCase,
  judge: (bucket: RegistryBucket, use: BucketUse, node: BucketNode) => Omit<Answer, 'resource' | 'subject'>,
): readonly Finding[] {
  const use = bucketUse(audit.replies.redirection);
  return audit.graph.registries.flatMap((node) => {
    if (node.kind !== 'bucket') return [];
    const { resource } = node;
    if (node.bucket.kind === 'unknown') {
      const evidence = `Bucket ${bucketNameOf(node)} could not be read: ${node.bucket.reason}`;
      return [findingOf(check, audit, { status: 'UNKNOWN', resource, evidence })];
    }
    const answer = judge(node.bucket.value, use, node);
    const remedy = use.kind === 'untouchable' ? { remediation: () => [noStep(use.why)] } : {};
    return [findingOf(check, audit, { ...answer, ...remedy, resource })];
  });
}
