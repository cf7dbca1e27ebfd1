import type { Digest } from '../../../core/digest.ts';
import { sha256 } from '../../../core/hash.ts';
import type { StoredManifest } from '../../../core/journal.ts';
import type { Clock, RunLedger } from '../../../ports.ts';
import { type PackLimits, packList } from '../packed.ts';
import { documentName } from './document-name.ts';
import type { Documents, Write } from './documents.ts';
import { fenceOf } from './lease.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Manifests of some kilobytes, whose digests hardly compress. */
const MANIFEST_LIMITS: PackLimits = { itemsMax: 200, contentBytesMax: 800 * 1024 };

/** Firestore's limit for the values of one `array-contains-any`. */
const ANY_OF_MAX = 30;

/** Documents that hold one of thirty digests; the same manifest may have been saved several times. */
const MANIFEST_DOCUMENTS_MAX = 2_000;

/** Manifests as they were served, so that what is deleted can be put back. */
export function manifestLedger(
  documents: Documents,
  clock: Clock,
): Pick<RunLedger, 'manifests' | 'saveManifests'> {
  const { Timestamp } = documents.module;
  const manifests = documents.collection('manifests');

  return {
    async saveManifests(stored, untilMs, lease) {
      const writes: Write[] = [];
      for (const [repository, group] of Map.groupBy(stored, (manifest) => manifest.repository)) {
        let from = 0;
        for (const { content, count } of packList(group, MANIFEST_LIMITS)) {
          const members = group.slice(from, from + count);
          from += count;
          writes.push({
            kind: 'set',
            // Named by its content and end: the same manifests written again are the same document, and one that ends
            // later stays.
            at: manifests.doc(documentName(repository, sha256(`${untilMs} ${sha256(content)}`))),
            fields: {
              version: FORM_VERSION,
              ...(untilMs === null ? {} : { expiresAt: Timestamp.fromMillis(untilMs) }),
              places: members.map(({ digest }) => documentName(repository, digest)),
              count,
              manifests: content,
            },
          });
        }
      }
      await documents.commitInParts('saveManifests', writes, fenceOf(documents, lease));
    },

    async manifests(repository, digests) {
      const wanted = [...new Set(digests)];
      const found = new Map<Digest, StoredManifest>();
      for (let from = 0; from < wanted.length; from += ANY_OF_MAX) {
        const places = wanted
          .slice(from, from + ANY_OF_MAX)
          .map((digest) => documentName(repository, digest));
        const holding = manifests.where('places', 'array-contains-any', places);
        for (const snapshot of await documents.all('manifests', holding, MANIFEST_DOCUMENTS_MAX)) {
          const of = new Stored(snapshot);
          // Deleted by Firestore some day; what was kept before there were ends has none.
          if (of.has('expiresAt') && of.timeMs('expiresAt') <= clock()) continue;
          for (const manifest of of.list<StoredManifest>('manifests', 'count')) {
            if (manifest.repository === repository) found.set(manifest.digest, manifest);
          }
        }
      }
      return wanted.flatMap((digest) => found.get(digest) ?? []);
    },
  };
}
