import type { Digest } from '../core/digest.ts';
import type { Fact } from '../core/fact.ts';
import { buildGraph } from '../core/graph.ts';
import type { ListedManifest, Listing } from '../core/listing.ts';

/** What a manifest is to the one above it. */
export type Nesting = 'child' | 'about';

/** One line of a listing: a manifest, and where it stands. */
export interface ListedRow {
  readonly manifest: ListedManifest;
  /** 0 for what stands by itself. */
  readonly depth: number;
  /** The manifest it is nested under, and as what; null at depth 0. */
  readonly under: { readonly digest: Digest; readonly as: Nesting } | null;
  /** Whether what is nested under it was shown with an earlier line. */
  readonly isRepeated: boolean;
}

/**
 * Puts a listing into lines: what was uploaded last comes first, and under each manifest come the children of
 * an index and what is about it: signatures, attestations, other referrers. What belongs to two stands under
 * both.
 */
export function listedRows(listing: Listing): ListedRow[] {
  const graph = buildGraph(listing);
  const nodeOf = new Map(graph.nodes.map((node) => [node.manifest.digest, node]));
  const shown = new Set<Digest>();
  const rows: ListedRow[] = [];
  const roots = [...graph.roots].sort((a, b) => time(b.uploadedAtMs) - time(a.uploadedAtMs));
  for (const root of roots) {
    const open: Pick<ListedRow, 'manifest' | 'depth' | 'under'>[] = [
      { manifest: root, depth: 0, under: null },
    ];
    for (let row = open.pop(); row !== undefined; row = open.pop()) {
      const { digest } = row.manifest;
      const node = nodeOf.get(digest);
      const isRepeated = shown.has(digest);
      rows.push({ ...row, isRepeated });
      shown.add(digest);
      if (isRepeated || node === undefined) continue;
      const nested = [
        ...node.children.map((child) => ({ child, as: 'child' as const })),
        ...node.referrers.map((child) => ({ child, as: 'about' as const })),
      ];
      // The last one is taken up first.
      for (const { child, as } of nested.reverse())
        open.push({ manifest: child.manifest, depth: row.depth + 1, under: { digest, as } });
    }
  }
  return rows;
}

function time(fact: Fact<number>): number {
  return fact.kind === 'known' ? fact.value : 0;
}
