import type { Decision } from './decision.ts';
import type { Digest } from './digest.ts';
import type { ArtifactReader } from './inventory.ts';

/**
 * The oldest of the artifacts that may go, by upload, as many as have at most `digestsMax` manifests together: a
 * neglected repository can so be taken in parts. What may be older than is known counts as no older, and what
 * has no known age comes last.
 * @returns in the order of `going`
 */
export function oldestPart(
  going: readonly Decision[],
  artifacts: ArtifactReader,
  digestsMax: number,
): Decision[] {
  const uploadedAtMs = new Map<Digest, number>();
  for (let at = 0; at < artifacts.length; at++) {
    const { root, uploadedAtMs: uploaded } = artifacts.at(at);
    if (uploaded.kind !== 'unknown' && uploaded.value !== null) uploadedAtMs.set(root, uploaded.value);
  }
  const ageOrder = (decision: Decision): number =>
    uploadedAtMs.get(decision.root) ?? Number.POSITIVE_INFINITY;
  const oldestFirst = going.toSorted((a, b) => {
    const [first, second] = [ageOrder(a), ageOrder(b)];
    return first < second ? -1 : first > second ? 1 : a.root < b.root ? -1 : 1;
  });
  const part = new Set<Decision>();
  let digests = 0;
  for (const decision of oldestFirst) {
    digests += 1 + decision.members.length;
    // Nothing younger instead of something that does not fit: the part is the oldest one.
    if (digests > digestsMax) break;
    part.add(decision);
  }
  return going.filter((decision) => part.has(decision));
}
