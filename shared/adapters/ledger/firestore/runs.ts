import type { Digest } from '../../../core/digest.ts';
import type { Run } from '../../../core/journal.ts';
import { joinNotes, type NotedDecision, splitNotes } from '../../../core/noted-decision.ts';
import type { PolicySummary } from '../../../core/policy.ts';
import type { Clock, RunLedger } from '../../../ports.ts';
import { checkedLimit } from '../limit.ts';
import { packList } from '../packed.ts';
import { documentName } from './document-name.ts';
import type { Documents, Write } from './documents.ts';
import { journalLedger } from './journal.ts';
import { fenceOf } from './lease.ts';
import { listedManifestLedger } from './listed-manifests.ts';
import { manifestLedger } from './manifests.ts';
import { placeInTime, placesOf } from './newest-first.ts';
import { readRecord, replaceRecord } from './packed-record.ts';
import { RUN_RETENTION_MS } from './retention.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** What was done. */
export function runLedger(documents: Documents, clock: Clock): RunLedger {
  const { Timestamp } = documents.module;
  const runs = documents.collection('runs');
  const manifests = manifestLedger(documents, clock);

  return {
    ...journalLedger(documents),
    ...manifests,
    ...listedManifestLedger(documents, manifests),

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
  };
}
