import type { Digest } from '../core/digest.ts';
import { messageOf } from '../core/error.ts';
import type { StoredManifest } from '../core/journal.ts';
import { MANIFEST_MEDIA_TYPES, type Manifest, parseManifest } from '../core/manifest.ts';
import { isManifestOf } from '../core/manifest-digest.ts';
import type { Repository } from '../core/reference.ts';
import { closureOf, type Removal, restoreLevels, type Ties } from '../core/removal.ts';
import type { ManifestReturn, RestorationSource, TagReturn } from '../core/restoration.ts';
import type { Clock, RegistryReader, RegistryWriter, RunLedger } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';

export interface SurveyPorts {
  readonly registry: RegistryReader;
  readonly writer: RegistryWriter;
  readonly ledger: RunLedger;
  readonly clock: Clock;
  readonly concurrency: number;
}

/** What there is to bring back in a repository, and what of it can come; nothing is changed for it. */
export interface RestoreSurvey {
  /** Manifests level by level, in the order in which they can be put back. */
  readonly levels: readonly (readonly Digest[])[];
  readonly ties: ReadonlyMap<Digest, Ties>;
  /** The bytes of the manifests, from the ledger. */
  readonly kept: ReadonlyMap<Digest, StoredManifest>;
  readonly manifests: ReadonlyMap<Digest, ManifestReturn>;
  readonly tags: Removal['tags'];
  readonly tagReturns: ReadonlyMap<string, TagReturn>;
}

/** Layers that are fetched from elsewhere; no registry holds them, and none asks for them. */
const FOREIGN_LAYER = /foreign|nondistributable/;

const MANIFESTS: ReadonlySet<string> = new Set(MANIFEST_MEDIA_TYPES);

/** An index may nest; nobody nests deeper. */
const NESTING_MAX = 20;

/** Whether a manifest stands after this outcome, or would. */
export function stands(outcome: ManifestReturn | undefined): boolean {
  return outcome?.kind === 'there' || outcome?.kind === 'restored' || outcome?.kind === 'restorable';
}

/** Finds out what can come back: reads the ledger, and asks the registry for each manifest, blob and tag. */
export async function surveyRestore(
  ports: SurveyPorts,
  repository: Repository,
  source: RestorationSource,
  removal: Removal,
  keptUntilMs: ReadonlyMap<Digest, number>,
): Promise<RestoreSurvey> {
  const found = await readKept(ports, repository, removal);
  const wanted = source.kind === 'image' ? closureOf(source.digest, found.ties, removal.tags) : found.digests;
  const tags = removal.tags.filter(({ digest }) => wanted.has(digest));
  const levels = restoreLevels(wanted, found.ties);
  const manifests = new Map<Digest, ManifestReturn>();
  const blobs = blobReader(ports.writer, repository);
  for (const level of levels) {
    await mapConcurrently(level, ports.concurrency, async (digest) => {
      const judging = { ...found, wanted, manifests, blobs, keptUntilMs };
      manifests.set(digest, await judge(ports, repository, digest, judging));
    });
  }
  const tagReturns = new Map<string, TagReturn>();
  await mapConcurrently(tags, ports.concurrency, async ({ tag, digest }) => {
    tagReturns.set(tag, await judgeTag(ports.registry, repository, tag, digest, manifests));
  });
  return { levels, ties: found.ties, kept: found.kept, manifests, tags, tagReturns };
}

interface Kept {
  /** All that was taken, with everything it points at. */
  readonly digests: ReadonlySet<Digest>;
  readonly kept: ReadonlyMap<Digest, StoredManifest>;
  readonly parsed: ReadonlyMap<Digest, Manifest | string>;
  readonly ties: ReadonlyMap<Digest, Ties>;
}

/** Reads the kept manifests of what was taken and of what those point at, level by level. */
async function readKept(ports: SurveyPorts, repository: Repository, removal: Removal): Promise<Kept> {
  const digests = new Set<Digest>([...removal.digests, ...removal.tags.map(({ digest }) => digest)]);
  const kept = new Map<Digest, StoredManifest>();
  const parsed = new Map<Digest, Manifest | string>();
  const ties = new Map<Digest, Ties>();
  let asked = [...digests];
  for (let depth = 0; asked.length > 0 && depth <= NESTING_MAX; depth += 1) {
    const below = new Set<Digest>();
    for (const stored of await ports.ledger.manifests(`${repository.host}/${repository.name}`, asked)) {
      kept.set(stored.digest, stored);
      const manifest = readManifest(stored);
      parsed.set(stored.digest, manifest);
      if (typeof manifest === 'string') continue;
      // BuildKit's caches list blobs as the children of an index.
      const children = manifest.children.filter(({ mediaType }) => MANIFESTS.has(mediaType));
      ties.set(stored.digest, {
        children: children.map(({ digest }) => digest),
        subject: manifest.subject?.digest ?? null,
      });
      for (const { digest } of children) if (!digests.has(digest)) below.add(digest);
    }
    asked = [...below];
    for (const digest of asked) digests.add(digest);
  }
  return { digests, kept, parsed, ties };
}

/** A kept manifest, or what is wrong with its bytes. */
function readManifest({ content, digest, mediaType }: StoredManifest): Manifest | string {
  if (!isManifestOf(content, digest)) return 'the bytes that were kept are not those of its digest';
  try {
    return parseManifest(content, mediaType);
  } catch (problem) {
    return messageOf(problem);
  }
}

interface Judging extends Kept {
  readonly wanted: ReadonlySet<Digest>;
  /** Of the levels below. */
  readonly manifests: ReadonlyMap<Digest, ManifestReturn>;
  readonly blobs: (digest: Digest) => Promise<boolean>;
  readonly keptUntilMs: ReadonlyMap<Digest, number>;
}

async function judge(
  { registry, clock }: SurveyPorts,
  repository: Repository,
  digest: Digest,
  { kept, parsed, ties, wanted, manifests, blobs, keptUntilMs }: Judging,
): Promise<ManifestReturn> {
  try {
    if ((await registry.readManifest(repository, digest)) !== null) return { kind: 'there' };
    const manifest = parsed.get(digest);
    if (!kept.has(digest) || manifest === undefined) {
      const untilMs = keptUntilMs.get(digest);
      const isOver = untilMs !== undefined && untilMs <= clock();
      return isOver ? { kind: 'expired', atMs: untilMs } : { kind: 'not kept' };
    }
    if (typeof manifest === 'string') return { kind: 'failed', reason: manifest };
    const missing = needsOf(ties.get(digest), wanted).filter((one) => !stands(manifests.get(one)));
    if (missing.length > 0) return { kind: 'incomplete', missing };
    const held = [
      ...manifest.blobs,
      ...manifest.children.filter(({ mediaType }) => !MANIFESTS.has(mediaType)),
    ]
      .filter(({ mediaType }) => !FOREIGN_LAYER.test(mediaType))
      .map((blob) => blob.digest);
    const answers = await Promise.all(held.map(async (blob) => [blob, await blobs(blob)] as const));
    const gone = new Set(answers.filter(([, isThere]) => !isThere).map(([blob]) => blob));
    return gone.size === 0 ? { kind: 'restorable' } : { kind: 'blobs gone', blobs: [...gone] };
  } catch (problem) {
    return { kind: 'failed', reason: messageOf(problem) };
  }
}

/** What has to stand before a manifest is put back: its children, and what it is about if that is to come too. */
export function needsOf(ties: Ties | undefined, wanted: { has(digest: Digest): boolean }): readonly Digest[] {
  if (ties === undefined) return [];
  const { children, subject } = ties;
  return subject !== null && wanted.has(subject) ? [...children, subject] : children;
}

/** Asks for each blob once: images share most of theirs. */
function blobReader(writer: RegistryWriter, repository: Repository): (digest: Digest) => Promise<boolean> {
  const asked = new Map<Digest, Promise<boolean>>();
  return (digest) => {
    const known = asked.get(digest) ?? writer.hasBlob(repository, digest);
    asked.set(digest, known);
    return known;
  };
}

async function judgeTag(
  registry: RegistryReader,
  repository: Repository,
  tag: string,
  digest: Digest,
  manifests: ReadonlyMap<Digest, ManifestReturn>,
): Promise<TagReturn> {
  try {
    const now = await registry.resolveTag(repository, tag);
    if (now === digest) return { kind: 'there' };
    if (now !== null) return { kind: 'elsewhere', digest: now };
    return stands(manifests.get(digest)) ? { kind: 'restorable' } : { kind: 'no manifest' };
  } catch (problem) {
    return { kind: 'failed', reason: messageOf(problem) };
  }
}
