import type { Digest } from './digest.ts';

/** What was asked to be brought back: one image with all that belongs to it, or everything that one run took. */
export type RestorationSource =
  | { readonly kind: 'image'; readonly digest: Digest }
  | { readonly kind: 'run'; readonly runId: string };

/** What became of one manifest that was to be brought back. A closed set. */
export type ManifestReturn =
  | { readonly kind: 'restored' }
  /** A dry run: everything that it needs is there. */
  | { readonly kind: 'restorable' }
  /** It stands in the registry, or stood there again already. */
  | { readonly kind: 'there' }
  /** Config or layers that the registry has removed meanwhile; without them no registry takes the manifest. */
  | { readonly kind: 'blobs gone'; readonly blobs: readonly Digest[] }
  /** The ledger has not its bytes: it went without undo. */
  | { readonly kind: 'not kept' }
  /** The ledger has not its bytes any more. */
  | { readonly kind: 'expired'; readonly atMs: number }
  /** It points at, or is about, manifests that did not come back. */
  | { readonly kind: 'incomplete'; readonly missing: readonly Digest[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** What became of one tag. A tag is only ever made where there is none. */
export type TagReturn =
  | { readonly kind: 'restored' }
  | { readonly kind: 'restorable' }
  /** It points at the same digest already. */
  | { readonly kind: 'there' }
  /** It points at something else by now, and stays so. */
  | { readonly kind: 'elsewhere'; readonly digest: Digest | null }
  /** Its manifest did not come back. */
  | { readonly kind: 'no manifest' }
  | { readonly kind: 'failed'; readonly reason: string };

export interface RestoredManifest {
  readonly digest: Digest;
  readonly outcome: ManifestReturn;
}

export interface RestoredTag {
  readonly tag: string;
  readonly digest: Digest;
  readonly outcome: TagReturn;
}

/** One restoration in one repository; the ledger keeps it, so that explanations can tell of it. */
export interface Restoration {
  readonly version: 1;
  readonly id: string;
  /** `HOST/NAME` */
  readonly repository: string;
  readonly source: RestorationSource;
  /** Who asked for it. */
  readonly by: string;
  readonly atMs: number;
  /** null while it is under way, or was killed: asking again finishes it. */
  readonly finishedAtMs: number | null;
  /** Until when the next runs keep what came back; null where nothing was put on hold. */
  readonly heldUntilMs: number | null;
  /** In the order in which they are put back. While it is under way: as they were found before the first. */
  readonly manifests: readonly RestoredManifest[];
  readonly tags: readonly RestoredTag[];
}

/** Whether everything that was asked for stands now, or would after a dry run. */
export function isWhole({ manifests, tags }: Pick<Restoration, 'manifests' | 'tags'>): boolean {
  const came = new Set(['restored', 'restorable', 'there']);
  return [...manifests, ...tags].every(({ outcome }) => came.has(outcome.kind));
}

/** What a manifest's outcome says, as every output shows it. */
export function manifestReturnSentence(outcome: ManifestReturn): string {
  switch (outcome.kind) {
    case 'there':
      return 'is there';
    case 'restorable':
      return 'can be restored';
    case 'blobs gone':
      return `can't come back, the registry has no more: ${outcome.blobs.join(', ')}`;
    case 'not kept':
      return "can't come back: its bytes are not in the ledger";
    case 'expired':
      return `can't come back: its bytes were kept until ${new Date(outcome.atMs).toISOString()}`;
    case 'incomplete':
      return `can't come back, for these did not: ${outcome.missing.join(', ')}`;
    case 'failed':
      return `failed: ${outcome.reason}`;
    default:
      return outcome.kind;
  }
}

/** What a tag's outcome says, as every output shows it. */
export function tagReturnSentence(outcome: TagReturn): string {
  switch (outcome.kind) {
    case 'there':
      return 'is there';
    case 'restorable':
      return 'can be restored';
    case 'elsewhere':
      return outcome.digest === null
        ? 'left: somebody made it meanwhile'
        : `left: it points at ${outcome.digest} now`;
    case 'no manifest':
      return 'not made: its manifest did not come back';
    case 'failed':
      return `failed: ${outcome.reason}`;
    default:
      return outcome.kind;
  }
}

/** What a restoration did for one digest and its tags, and who asked for it. */
export function restorationSentence(
  { by, id, finishedAtMs, manifests, tags }: Restoration,
  digest: Digest,
): string {
  const how = [
    ...manifests.filter((one) => one.digest === digest).map(({ outcome }) => manifestReturnSentence(outcome)),
    ...tags
      .filter((one) => one.digest === digest)
      .map(({ tag, outcome }) => `tag ${tag} ${tagReturnSentence(outcome)}`),
  ];
  const what = finishedAtMs === null ? 'begun, and not finished' : how.join(', ');
  return `${what} (asked for by ${by}, restoration ${id})`;
}
