import type { DocumentSnapshot, Query } from '@google-cloud/firestore';
import { WardenError } from '../../../core/error.ts';
import { sha256 } from '../../../core/hash.ts';
import type { Intent, JournalEntry, Settlement } from '../../../core/journal.ts';
import type { Lease, RunLedger } from '../../../ports.ts';
import { compareEntries, intentName, intentUnknown } from '../intent-name.ts';
import { checkedLimit } from '../limit.ts';
import { type PackLimits, packList } from '../packed.ts';
import { documentName, namePart } from './document-name.ts';
import type { Documents, Write } from './documents.ts';
import { fenceOf } from './lease.ts';
import { placeInTime, placesOf } from './newest-first.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/**
 * The intents of one call are one document, with room left for their outcomes: both are below 400 KiB,
 * compressed, so that all of it stays below 900 KiB.
 */
const INTENT_LIMITS: PackLimits = { itemsMax: 1000, contentBytesMax: 400 * 1024 };
const SETTLEMENT_LIMITS: PackLimits = { itemsMax: 1000, contentBytesMax: 400 * 1024 };

/** Writers of outcomes to one document at once: a run, and one that settles what it left. */
const ATTEMPTS_MAX = 20;

/** Of one repository's open intents, one run's steps, or one digest's mentions. */
const DOCUMENTS_MAX = 20_000;

/** Journal pages are small: a document holds up to 1,000 entries. */
const PAGE_DOCUMENTS = 20;

/** One document: intents that were written together, and the outcomes so far. */
interface Batch {
  readonly snapshot: DocumentSnapshot;
  readonly newestAtMs: number;
  readonly intents: readonly Intent[];
  readonly settlements: ReadonlyMap<string, Settlement>;
}

export function batchOf(snapshot: DocumentSnapshot): Batch {
  const stored = new Stored(snapshot);
  const settlements =
    stored.integer('settled') === 0 ? [] : stored.list<Settlement>('settlements', 'settled');
  return {
    snapshot,
    newestAtMs: stored.integer('newestAtMs'),
    intents: stored.list<Intent>('intents', 'count'),
    settlements: new Map(settlements.map((settlement) => [intentName(settlement), settlement])),
  };
}

/** Entries of batches, each intent once: the first written, and the outcome wherever it stands. */
function entriesOf(batches: Iterable<Batch>): JournalEntry[] {
  const entries = new Map<string, JournalEntry>();
  for (const batch of batches) {
    for (const intent of batch.intents) {
      const name = intentName(intent);
      const other = entries.get(name);
      const settlement = earlier(other?.settlement ?? null, batch.settlements.get(name) ?? null);
      const isFirst = other === undefined || intent.atMs < other.intent.atMs;
      entries.set(name, { intent: isFirst ? intent : other.intent, settlement });
    }
  }
  return [...entries.values()];
}

function earlier(a: Settlement | null, b: Settlement | null): Settlement | null {
  if (a === null || b === null) return a ?? b;
  return b.atMs < a.atMs ? b : a;
}

type JournalLedger = Pick<RunLedger, 'writeIntents' | 'writeSettlements' | 'openIntents' | 'journal'>;

/**
 * The journal: intents that are written together share a document, and their outcomes come into it.
 *
 *     writeIntents       create  { intents, openRepository }          1 write
 *       … requests to the registry …
 *     writeSettlements   read what is open, then                      1 read a document that is open
 *                        update { settlements } if unchanged,         1 write
 *                        and without openRepository once all are settled
 *
 * A crash between the two leaves `openRepository`, by which `openIntents` finds the document with one read,
 * and with one read that nothing is open.
 */
export function journalLedger(documents: Documents): JournalLedger {
  const { FieldValue } = documents.module;
  const batches = documents.collection('intents');

  const openBatches = async (method: string, repository: string): Promise<readonly Batch[]> => {
    const open = batches.where('openRepository', '==', namePart(repository));
    return (await documents.all(method, open, DOCUMENTS_MAX)).map(batchOf);
  };

  const batchesOfRun = async (method: string, runId: string): Promise<readonly Batch[]> => {
    const ofRun = batches.where('run', '==', namePart(runId));
    return (await documents.all(method, ofRun, DOCUMENTS_MAX)).map(batchOf);
  };

  const settle = async (
    repository: string,
    settlements: readonly Settlement[],
    lease: Lease | undefined,
  ): Promise<void> => {
    const fence = fenceOf(documents, lease);
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const open = await openBatches('writeSettlements', repository);
      const missing = new Map(settlements.map((settlement) => [intentName(settlement), settlement]));
      for (const batch of open) for (const intent of batch.intents) missing.delete(intentName(intent));
      // What is not open has its outcome already, or was never written.
      for (const runId of new Set([...missing.values()].map((settlement) => settlement.runId))) {
        for (const batch of await batchesOfRun('writeSettlements', runId)) {
          for (const intent of batch.intents) missing.delete(intentName(intent));
        }
      }
      for (const settlement of missing.values()) throw intentUnknown(settlement);

      // Each document by itself: outcomes of one are worth keeping whatever becomes of another.
      let isDone = true;
      for (const write of open.flatMap((batch) => settleBatch(batch, settlements))) {
        if ((await documents.commit('writeSettlements', [write], fence)) !== 'done') isDone = false;
      }
      if (isDone) return;
    }
    throw new WardenError(
      'LEDGER_CONTENDED',
      `Outcomes for ${repository} could not be written: others wrote at the same time, ${ATTEMPTS_MAX} times. Try again.`,
      { retryable: true },
    );
  };

  const settleBatch = (batch: Batch, settlements: readonly Settlement[]): Write[] => {
    const names = new Set(batch.intents.map(intentName));
    const merged = new Map(batch.settlements);
    for (const settlement of settlements) {
      const name = intentName(settlement);
      if (names.has(name) && !merged.has(name)) merged.set(name, settlement);
    }
    if (merged.size === batch.settlements.size) return [];
    const [chunk, surplus] = packList([...merged.values()], SETTLEMENT_LIMITS);
    if (chunk === undefined || surplus !== undefined) {
      throw new WardenError(
        'LEDGER_TOO_LARGE',
        `The outcomes of ${batch.snapshot.ref.path} are over ${SETTLEMENT_LIMITS.contentBytesMax} bytes and were not written; shorten their reasons.`,
      );
    }
    const isSettled = [...names].every((name) => merged.has(name));
    return [
      {
        kind: 'update',
        ifUnchangedSince: batch.snapshot,
        fields: {
          settled: chunk.count,
          settlements: chunk.content,
          ...(isSettled ? { openRepository: FieldValue.delete() } : {}),
        },
      },
    ];
  };

  /** The newest `limit` entries of a query that is sorted by time, newest first. */
  const newestOf = async (query: Query, limit: number): Promise<readonly JournalEntry[]> => {
    const read: Batch[] = [];
    for await (const page of documents.pages('journal', query, PAGE_DOCUMENTS)) {
      read.push(...page.map(batchOf));
      const entries = entriesOf(read).sort(compareEntries);
      const last = entries[limit - 1];
      const readDownToMs = read.at(-1)?.newestAtMs ?? 0;
      // Batches not read yet hold nothing newer than the last one read.
      if (last !== undefined && last.intent.atMs > readDownToMs) return entries.slice(0, limit);
    }
    return entriesOf(read).sort(compareEntries).slice(0, limit);
  };

  return {
    async writeIntents(intents, lease) {
      const fence = fenceOf(documents, lease);
      const groups = Map.groupBy(intents, (intent) => JSON.stringify([intent.runId, intent.repository]));
      const writes: (Write & { kind: 'create' })[] = [];
      for (const group of groups.values()) {
        let from = 0;
        for (const { content, count } of packList(group, INTENT_LIMITS)) {
          const members = group.slice(from, from + count);
          from += count;
          const [first] = members;
          if (first === undefined) continue;
          const newestAtMs = members.reduce((newest, intent) => Math.max(newest, intent.atMs), 0);
          const steps = sha256(JSON.stringify(members.map((intent) => intent.index)));
          writes.push({
            kind: 'create',
            // Named by the intents in it: the same ones written again are the same document.
            at: batches.doc(documentName(first.runId, first.repository, steps)),
            fields: {
              version: FORM_VERSION,
              run: namePart(first.runId),
              place: placeInTime(first.repository, newestAtMs),
              newestAtMs,
              openRepository: namePart(first.repository),
              digests: [...new Set(members.map((intent) => intent.step.digest))],
              count,
              intents: content,
              settled: 0,
              settlements: null,
            },
          });
        }
      }
      if (writes.length === 0 || (await documents.commit('writeIntents', writes, fence)) === 'done') return;
      // Written before, all of them or some: by a call whose answer was lost, or by a run that is resumed.
      const found = await documents.get(
        'writeIntents',
        writes.map((write) => write.at),
        ['version'],
      );
      const there = new Set(found.map((snapshot) => snapshot.id));
      const rest = writes.filter((write) => !there.has(write.at.id));
      if (rest.length === 0 || (await documents.commit('writeIntents', rest, fence)) === 'done') return;
      throw new WardenError(
        'LEDGER_CONTENDED',
        'Two writers wrote the same intents at once. Only the holder of the lease may write; try again.',
        { retryable: true },
      );
    },

    async writeSettlements(settlements, lease) {
      const groups = Map.groupBy(settlements, (settlement) => settlement.repository);
      for (const [repository, group] of groups) await settle(repository, group, lease);
    },

    async openIntents(repository) {
      const read = new Map<string, Batch>();
      const open = await openBatches('openIntents', repository);
      for (const batch of open) read.set(batch.snapshot.id, batch);
      // An intent that was written twice may have its outcome in a document that is not open.
      const runIds = new Set(open.flatMap((batch) => batch.intents.map((intent) => intent.runId)));
      for (const runId of runIds) {
        for (const batch of await batchesOfRun('openIntents', runId)) read.set(batch.snapshot.id, batch);
      }
      return entriesOf(read.values())
        .filter((entry) => entry.intent.repository === repository)
        .filter((entry) => entry.settlement === null)
        .map((entry) => entry.intent)
        .sort((a, b) => a.atMs - b.atMs || compareText(a.runId, b.runId) || a.index - b.index);
    },

    async journal({ repository, digest, runId, limit }) {
      const countMax = checkedLimit(limit);
      const isAsked = ({ intent }: JournalEntry): boolean =>
        (repository === undefined || intent.repository === repository) &&
        (digest === undefined || intent.step.digest === digest) &&
        (runId === undefined || intent.runId === runId);
      if (digest !== undefined || runId !== undefined) {
        const found =
          digest === undefined
            ? batches.where('run', '==', namePart(runId ?? ''))
            : batches.where('digests', 'array-contains', digest);
        const all = (await documents.all('journal', found, DOCUMENTS_MAX)).map(batchOf);
        return entriesOf(all).filter(isAsked).sort(compareEntries).slice(0, countMax);
      }
      if (repository === undefined) {
        return await newestOf(batches.orderBy('newestAtMs', 'desc'), countMax);
      }
      const { from, before } = placesOf(repository);
      return await newestOf(
        batches.where('place', '>=', from).where('place', '<', before).orderBy('place', 'desc'),
        countMax,
      );
    },
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
