import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { ReferenceDays } from '../../../core/day-ranges.ts';
import { WardenError } from '../../../core/error.ts';
import type { HistoryFact } from '../../../core/history.ts';
import type { Hold } from '../../../core/hold.ts';
import type { ImageDeed } from '../../../core/image-deed.ts';
import type { Run, StoredManifest } from '../../../core/journal.ts';
import type { LedgerRecord } from '../../../core/ledger-record.ts';
import type { RepositorySample } from '../../../core/repository-sample.ts';
import type { Restoration } from '../../../core/restoration.ts';
import type { Archived, ArchiveLedger } from '../../../ports.ts';
import { type ArchiveSource, archivedOf, problemOf, type Readers } from '../archive.ts';
import { intentName } from '../intent-name.ts';
import { dayShards } from './day-shards.ts';
import { nameOfPart } from './document-name.ts';
import type { Documents } from './documents.ts';
import { eventOf } from './events.ts';
import { batchOf } from './journal.ts';
import { leaseAt, leaseOf } from './lease.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Documents have up to 900 KiB. */
const PAGE_DOCUMENTS = 20;

/** Of some hundred bytes each. */
const SMALL_PAGE_DOCUMENTS = 300;

type ScannedNoun = Parameters<ArchiveSource['scan']>[0];

interface Scan {
  readonly collection: string;
  readonly pageDocuments: number;
  readonly read: (snapshot: DocumentSnapshot) => Iterable<Archived>;
}

function record(of: LedgerRecord): Archived {
  return { kind: 'record', record: of };
}

function packed<T>(collection: string, field: string, make: (item: T, stored: Stored) => LedgerRecord): Scan {
  return {
    collection,
    pageDocuments: PAGE_DOCUMENTS,
    *read(snapshot) {
      const stored = new Stored(snapshot);
      if (stored.integer('count') === 0) return;
      for (const item of stored.list<T>(field, 'count')) yield record(make(item, stored));
    },
  };
}

function small(collection: string, make: (stored: Stored, id: string) => LedgerRecord | null): Scan {
  return {
    collection,
    pageDocuments: SMALL_PAGE_DOCUMENTS,
    *read(snapshot) {
      const made = make(new Stored(snapshot), snapshot.id);
      if (made !== null) yield record(made);
    },
  };
}

/** The plain name, of which a document may hold only what stands in ids. */
function plainName(stored: Stored): string {
  if (stored.has('repository')) return stored.text('repository');
  return nameOfPart(stored.text('repositoryName'));
}

function days(noun: 'pulls' | 'uses'): Scan {
  return packed<ReferenceDays>(noun, noun, (one, stored) => ({ noun, of: plainName(stored), ...one }));
}

const SCANS: Readonly<Record<ScannedNoun, Scan>> = {
  event: {
    collection: 'events',
    pageDocuments: SMALL_PAGE_DOCUMENTS,
    *read(snapshot) {
      const event = eventOf(snapshot);
      yield {
        kind: 'record',
        record: { noun: 'event', event },
        isPacked: !new Stored(snapshot).has('repositoryName'),
      };
    },
  },
  fact: packed<HistoryFact>('observations', 'facts', (fact, stored) => ({
    noun: 'fact',
    repository: plainName(stored),
    fact,
  })),
  run: packed<Run>('runs', 'run', (run) => ({ noun: 'run', run })),
  step: {
    collection: 'intents',
    pageDocuments: PAGE_DOCUMENTS,
    *read(snapshot) {
      const { intents, settlements } = batchOf(snapshot);
      const announced = new Set(intents.map(intentName));
      for (const intent of intents) {
        yield record({ noun: 'step', intent, settlement: settlements.get(intentName(intent)) ?? null });
      }
      for (const [name, { runId, repository, index }] of settlements) {
        if (announced.has(name)) continue;
        const detail = `There is an outcome of step ${index} of run ${runId} over ${repository}, which was never announced.`;
        yield { kind: 'problem', code: 'OUTCOME_WITHOUT_INTENT', place: snapshot.ref.path, detail };
      }
    },
  },
  manifest: packed<StoredManifest>('manifests', 'manifests', (manifest, stored) => ({
    noun: 'manifest',
    manifest,
    ...(stored.has('expiresAt') ? { untilMs: stored.timeMs('expiresAt') } : {}),
  })),
  restoration: packed<Restoration>('restorations', 'restoration', (restoration) => ({
    noun: 'restoration',
    restoration,
  })),
  lease: small('leases', (stored) => ({ noun: 'lease', ...leaseOf(stored) })),
  push: small('pushes', (stored) => ({
    noun: 'push',
    repository: stored.text('repository'),
    fromMs: stored.integer('fromMs'),
    untilMs: stored.integer('untilMs'),
  })),
  hold: small('holds', (stored) => ({ noun: 'hold', hold: stored.json<Hold>('hold') })),
  reservation: small('reservations', (stored, id) => {
    const [policy = '', day = ''] = id.split('~').map(nameOfPart);
    return { noun: 'reservation', policy, day, reserved: stored.integer('reserved') };
  }),
  sample: {
    collection: 'samples',
    pageDocuments: PAGE_DOCUMENTS,
    *read(snapshot) {
      const stored = new Stored(snapshot);
      const repository = stored.text('repository');
      for (const text of stored.texts('days')) {
        yield record({ noun: 'sample', repository, sample: JSON.parse(text) as RepositorySample });
      }
    },
  },
  deed: packed<ImageDeed>('deeds', 'deeds', (deed, stored) => ({
    noun: 'deed',
    repository: plainName(stored),
    deed,
  })),
  pulls: days('pulls'),
  uses: days('uses'),
};

/** Everything in the database: every document once, in pages. */
export function archiveLedger(documents: Documents, readers: Readers): ArchiveLedger {
  const source: ArchiveSource = {
    async *repositoriesWith(noun) {
      const heads = documents.collection(noun).select('version', 'name');
      for await (const page of documents.pages('archived', heads)) {
        for (const snapshot of page) {
          const stored = new Stored(snapshot);
          yield stored.has('name') ? stored.text('name') : nameOfPart(snapshot.id);
        }
      }
    },
    async *scan(noun) {
      const { collection, pageDocuments, read } = SCANS[noun];
      const all = documents.collection(collection);
      for await (const page of documents.pages('archived', all, pageDocuments)) {
        for (const snapshot of page) yield* reading(snapshot, read);
      }
    },
  };

  return {
    archived: (noun) => archivedOf(readers, source, noun),

    async restoreLease(lease) {
      const at = leaseAt(documents, lease.repository);
      const [snapshot] = await documents.get('restoreLease', [at]);
      const fields = { ...lease, mark: 'restored', version: FORM_VERSION };
      if (snapshot === undefined) {
        await documents.commit('restoreLease', [{ kind: 'create', at, fields }]);
      } else if (leaseOf(new Stored(snapshot)).fencingToken < lease.fencingToken) {
        // Changed since means taken since: then it has a newer token.
        await documents.commit('restoreLease', [{ kind: 'update', ifUnchangedSince: snapshot, fields }]);
      }
    },

    restoreDays: (noun, of, all) => dayShards(documents, noun).add('restoreDays', of, all),
  };
}

function reading(snapshot: DocumentSnapshot, read: Scan['read']): readonly Archived[] {
  try {
    return [...read(snapshot)];
  } catch (thrown) {
    if (thrown instanceof SyntaxError) {
      const why = new WardenError('LEDGER_UNREADABLE', `${snapshot.ref.path} holds broken JSON.`);
      return [problemOf(why, snapshot.ref.path)];
    }
    return [problemOf(thrown, snapshot.ref.path)];
  }
}
