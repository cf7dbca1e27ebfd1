import type { QueryDocumentSnapshot } from '@google-cloud/firestore';
import type { Digest } from '../../../core/digest.ts';
import { sha256 } from '../../../core/hash.ts';
import type { StoredManifest } from '../../../core/journal.ts';
import type { RunLedger } from '../../../ports.ts';
import { type PackLimits, packList } from '../packed.ts';
import { documentName, namePart } from './document-name.ts';
import type { Documents, Write } from './documents.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Manifests of one repository share most of their layers: some 200 bytes each, compressed. */
const PACK_LIMITS: PackLimits = { itemsMax: 4_000, contentBytesMax: 800 * 1024 };

/** A pack with fewer, and not large either, is packed anew with what is new. */
const ROOMY_ITEMS = 3_000;
const ROOMY_BYTES = 400 * 1024;

/** Of one repository: more than a million manifests. */
const PACKS_MAX = 1_000;

type ListedManifest = Omit<StoredManifest, 'repository'>;

interface Pack {
  readonly snapshot: QueryDocumentSnapshot;
  readonly sizeBytes: number;
  readonly items: readonly ListedManifest[];
}

/**
 * The manifests that a listing of a repository needs, thousands to a document, for as long as they are listed. They
 * are in `manifests` too, for as long as undo wants them. Nothing is lost with a document of these: what it had is
 * read from there, and what is not there from the registry.
 */
export function listedManifestLedger(
  documents: Documents,
  stored: Pick<RunLedger, 'manifests' | 'saveManifests'>,
): Pick<RunLedger, 'manifests' | 'listedManifests' | 'saveListedManifests'> {
  const packs = documents.collection('listed-manifests');

  const read = async (method: string, repository: string): Promise<readonly Pack[]> => {
    const ofRepository = packs.where('repositoryName', '==', namePart(repository));
    return (await documents.allAtOnce(method, ofRepository, PACKS_MAX)).map((snapshot) => {
      const of = new Stored(snapshot);
      return {
        snapshot,
        sizeBytes: of.sizeBytes('manifests'),
        items: of.list<ListedManifest>('manifests', 'count'),
      };
    });
  };

  const pack = async (
    method: string,
    repository: string,
    { there, fresh, digests }: PackedAnew,
  ): Promise<void> => {
    const isListed = new Set<Digest>(digests);
    const members = new Map<Digest, ListedManifest>();
    const replaced: string[] = [];
    for (const { snapshot, sizeBytes, items } of there) {
      const listed = items.filter(({ digest }) => isListed.has(digest));
      const hasRoom = items.length < ROOMY_ITEMS && sizeBytes < ROOMY_BYTES;
      if (!hasRoom && listed.length > items.length / 2) continue;
      for (const one of listed) members.set(one.digest, one);
      replaced.push(snapshot.id);
    }
    for (const { digest, mediaType, content } of fresh) members.set(digest, { digest, mediaType, content });
    const made = packList([...members.values()], PACK_LIMITS).map(({ content, count }) => ({
      kind: 'set' as const,
      at: packs.doc(documentName(repository, sha256(content))),
      fields: {
        version: FORM_VERSION,
        repositoryName: namePart(repository),
        count,
        manifests: content,
      },
    }));
    const names = new Set(made.map(({ at }) => at.id));
    const stale = replaced.filter((name) => !names.has(name));
    await documents.commitInParts(method, [
      ...made,
      ...stale.map((name): Write => ({ kind: 'delete', at: packs.doc(name) })),
    ]);
  };

  const among = (
    repository: string,
    there: readonly Pack[],
    wanted: ReadonlySet<Digest>,
  ): Map<Digest, StoredManifest> => {
    const found = new Map<Digest, StoredManifest>();
    for (const { items } of there) {
      for (const one of items) if (wanted.has(one.digest)) found.set(one.digest, { repository, ...one });
    }
    return found;
  };

  return {
    async manifests(repository, digests) {
      const kept = await stored.manifests(repository, digests);
      const has = new Set(kept.map(({ digest }) => digest));
      const missing = new Set(digests.filter((digest) => !has.has(digest)));
      if (missing.size === 0) return kept;
      return [...kept, ...among(repository, await read('manifests', repository), missing).values()];
    },

    async listedManifests(repository, digests) {
      const there = await read('listedManifests', repository);
      const wanted = new Set(digests);
      const found = among(repository, there, wanted);
      const missing = [...wanted].filter((digest) => !found.has(digest));
      const others = missing.length === 0 ? [] : await stored.manifests(repository, missing);
      // Of a release without these documents, or of an image that is back: once.
      if (others.length > 0) {
        const all = there.flatMap(({ items }) => items.map(({ digest }) => digest));
        await pack('listedManifests', repository, { there, fresh: others, digests: [...all, ...digests] });
      }
      return [...found.values(), ...others];
    },

    async saveListedManifests(repository, fresh, digests, untilMs) {
      if (fresh.length === 0) return;
      await stored.saveManifests(fresh, untilMs);
      const there = await read('saveListedManifests', repository);
      await pack('saveListedManifests', repository, { there, fresh, digests });
    },
  };
}

interface PackedAnew {
  readonly there: readonly Pack[];
  readonly fresh: readonly StoredManifest[];
  /** What is listed: the rest is left out. */
  readonly digests: readonly Digest[];
}
