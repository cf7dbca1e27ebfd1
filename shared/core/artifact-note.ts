import type { Digest } from './digest.ts';
import type { GraphNode } from './graph.ts';
import type { Artifact } from './inventory.ts';

/** What a manifest is to the one above it. */
export type Nesting = 'child' | 'about';

/** A manifest that lives and dies with a root, and where it stands below it. */
export interface NestedManifest {
  readonly digest: Digest;
  readonly as: Nesting;
  /** 1 directly below the root. */
  readonly depth: number;
}

/** What an artifact was like when it was judged, kept beside the decision for whoever looks later. */
export interface ArtifactNote
  extends Pick<Artifact, 'mediaType' | 'sizeBytes' | 'uploadedAtMs' | 'lastPulledAtMs' | 'usedBy'> {
  /** In the order of a tree, each below what it belongs to; at most `NESTED_MAX`, the artifact's members say how many there are. */
  readonly nested: readonly NestedManifest[];
}

/** An index may name thousands of manifests, and a page shows some. */
export const NESTED_MAX = 50;

const NOTHING: readonly NestedManifest[] = [];

/** @param node null for an artifact that consists of its root alone */
export function artifactNote(
  { mediaType, sizeBytes, uploadedAtMs, lastPulledAtMs, usedBy }: Artifact,
  node: GraphNode | null,
): ArtifactNote {
  const nested = node === null || node.artifact.length === 1 ? NOTHING : nestedUnder(node);
  return { mediaType, sizeBytes, uploadedAtMs, lastPulledAtMs, usedBy, nested };
}

function nestedUnder(root: GraphNode): NestedManifest[] {
  const nested: NestedManifest[] = [];
  const seen = new Set([root]);
  const open = below(root, 1);
  for (let one = open.pop(); one !== undefined && nested.length < NESTED_MAX; one = open.pop()) {
    if (seen.has(one.node)) continue;
    seen.add(one.node);
    nested.push({ digest: one.node.manifest.digest, as: one.as, depth: one.depth });
    open.push(...below(one.node, one.depth + 1));
  }
  return nested;
}

/** The last one is taken up first. */
function below({ children, referrers }: GraphNode, depth: number) {
  return [
    ...children.map((node) => ({ node, as: 'child' as const, depth })),
    ...referrers.map((node) => ({ node, as: 'about' as const, depth })),
  ].reverse();
}
