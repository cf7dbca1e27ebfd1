import type { Digest } from '../../../core/digest.ts';
import { sha256 } from '../../../core/hash.ts';
import type { Run, StoredManifest } from '../../../core/journal.ts';
import type { PolicySummary } from '../../../core/policy.ts';
import type { RunLedger } from '../../../ports.ts';
import { checkedLimit } from '../limit.ts';
import { joinNotes, type NotedDecision, splitNotes } from '../noted-decision.ts';
import { type PackLimits, packList } from '../packed.ts';
import { documentName } from './document-name.ts';
import type { Documents, Write } from './documents.ts';
import { journalLedger } from './journal.ts';
import { fenceOf } from './lease.ts';
import { placeInTime, placesOf } from './newest-first.ts';
import { readRecord, replaceRecord } from './packed-record.ts';
import { RUN_RETENTION_MS } from './retention.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Manifests of some kilobytes, whose digests hardly compress. */
const MANIFEST_LIMITS: PackLimits = { itemsMax: 200, contentBytesMax: 800 * 1024 };

/** Firestore's limit for the values of one `array-contains-any`. */
const ANY_OF_MAX = 30;

/** Documents that hold one of thirty digests; the same manifest may have been saved several times. */
const MANIFEST_DOCUMENTS_MAX = 2_000;

/** What was done. */
export function runLedger(documents: Documents): RunLedger {
  const { Timestamp } = documents.module;
  const runs = documents.collection('runs');
  const manifests = documents.collection('manifests');

  return {
    ...journalLedger(documents),

    async saveRun(run, lease) {
      const [chunk] = packList([run]);
      const write: Write = {
        kind: 'set',
        at: runs.doc(documentName(run.id, run.repository)),
        fields: {
          version: FORM_VERSION,
          startedAtMs: run.startedAtMs,
          place: placeInTime(run.repository, run.startedAtMs),
          expiresAt: Timestamp.fromMillis(run.startedAtMs + RUN_RETENTION_MS),
          count: 1,
          run: chunk?.content ?? null,
        },
      };
      await documents.commit('saveRun', [write], fenceOf(documents, lease));
    },

    async runs({ repository, limit }) {
      const countMax = checkedLimit(limit);
      let query = runs.orderBy('startedAtMs', 'desc');
      if (repository !== undefined) {
        const { from, before } = placesOf(repository);
        query = runs.where('place', '>=', from).where('place', '<', before).orderBy('place', 'desc');
      }
      const found = await documents.query('runs', query.limit(countMax));
      return found.flatMap((snapshot) => new Stored(snapshot).list<Run>('run', 'count'));
    },

    async saveDecisions(repository, { runId, planId, atMs, policies, decisions, notes }, lease) {
      const fields = { runId, planId, atMs, policies: JSON.stringify(policies) };
      const at = { method: 'saveDecisions', collection: 'decisions', name: repository };
      await replaceRecord(documents, at, fields, joinNotes(decisions, notes), fenceOf(documents, lease));
    },

    async lastDecisions(repository) {
      const at = { method: 'lastDecisions', collection: 'decisions', name: repository };
      const record = await readRecord<NotedDecision>(documents, at);
      if (record === null) return null;
      const { head, items } = record;
      return {
        runId: head.text('runId'),
        planId: head.text('planId') as Digest,
        atMs: head.integer('atMs'),
        policies: head.has('policies') ? head.json<readonly PolicySummary[]>('policies') : [],
        ...splitNotes(items),
      };
    },

    async saveManifests(stored, lease) {
      const writes: Write[] = [];
      for (const [repository, group] of Map.groupBy(stored, (manifest) => manifest.repository)) {
        let from = 0;
        for (const { content, count } of packList(group, MANIFEST_LIMITS)) {
          const members = group.slice(from, from + count);
          from += count;
          writes.push({
            kind: 'set',
            // Named by its content: the same manifests written again are the same document.
            at: manifests.doc(documentName(repository, sha256(content))),
            fields: {
              version: FORM_VERSION,
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
          for (const manifest of new Stored(snapshot).list<StoredManifest>('manifests', 'count')) {
            if (manifest.repository === repository) found.set(manifest.digest, manifest);
          }
        }
      }
      return wanted.flatMap((digest) => found.get(digest) ?? []);
    },
  };
}
