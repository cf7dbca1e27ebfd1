import type { DayRanges } from '../../../core/day-ranges.ts';
import type { Digest } from '../../../core/digest.ts';
import type { HistoryFact } from '../../../core/history.ts';
import type { Hold } from '../../../core/hold.ts';
import type { ImageDeed } from '../../../core/image-deed.ts';
import type { Intent, Run, Settlement } from '../../../core/journal.ts';
import type { LedgerRecord } from '../../../core/ledger-record.ts';
import type { RepositorySample } from '../../../core/repository-sample.ts';
import type { Restoration } from '../../../core/restoration.ts';
import type { Archived, ArchiveLedger } from '../../../ports.ts';
import { type ArchiveSource, archivedOf, problemOf, type Readers } from '../archive.ts';
import { unpackChunk } from '../packed.ts';
import type { Database, Row } from './database.ts';
import { dayTable } from './day-table.ts';
import { eventOf } from './events.ts';
import { leaseKey, leaseOf } from './lease.ts';
import { storedManifestOf } from './manifests.ts';
import { bytes, integer, json, text } from './row.ts';

/** A row as records. */
type Reading = (
  row: Row,
) => Iterable<LedgerRecord | { readonly record: LedgerRecord; readonly isPacked: boolean }>;

function packedOf<T>(row: Row): readonly T[] {
  const chunk = { content: bytes(row, 'content'), count: integer(row, 'count') };
  return unpackChunk<T>(chunk, 'A packed row');
}

/** The tables in which a record is a row, or a row is several. */
const SCANS: Readonly<
  Record<Parameters<ArchiveSource['scan']>[0], { readonly sql: string; readonly read: Reading }>
> = {
  event: {
    sql: 'SELECT * FROM events',
    read: (row) => [
      { record: { noun: 'event', event: eventOf(row) }, isPacked: integer(row, 'is_folded') === 1 },
    ],
  },
  fact: {
    sql: 'SELECT * FROM observed_facts',
    *read(row) {
      const repository = text(row, 'repository');
      for (const fact of packedOf<HistoryFact>(row)) yield { noun: 'fact', repository, fact };
    },
  },
  run: {
    sql: 'SELECT content FROM runs',
    read: (row) => [{ noun: 'run', run: json<Run>(row, 'content') }],
  },
  step: {
    sql: 'SELECT content, settlement FROM intents',
    read: (row) => [
      {
        noun: 'step',
        intent: json<Intent>(row, 'content'),
        settlement: row['settlement'] === null ? null : json<Settlement>(row, 'settlement'),
      },
    ],
  },
  manifest: {
    sql: 'SELECT * FROM kept_manifests',
    read: (row) => [
      {
        noun: 'manifest',
        manifest: storedManifestOf(row),
        ...(row['until_ms'] === null ? {} : { untilMs: integer(row, 'until_ms') }),
      },
    ],
  },
  restoration: {
    sql: 'SELECT 1 AS count, content FROM restorations',
    *read(row) {
      for (const restoration of packedOf<Restoration>(row)) yield { noun: 'restoration', restoration };
    },
  },
  lease: {
    sql: 'SELECT * FROM leases',
    read: (row) => [{ noun: 'lease', ...leaseOf(row) }],
  },
  push: {
    sql: 'SELECT * FROM push_marks',
    read: (row) => [
      {
        noun: 'push',
        repository: text(row, 'repository'),
        fromMs: integer(row, 'from_ms'),
        untilMs: integer(row, 'until_ms'),
      },
    ],
  },
  hold: {
    sql: 'SELECT content FROM holds',
    read: (row) => [{ noun: 'hold', hold: json<Hold>(row, 'content') }],
  },
  reservation: {
    sql: 'SELECT * FROM deletions',
    read: (row) => [
      {
        noun: 'reservation',
        policy: text(row, 'policy'),
        day: text(row, 'day'),
        reserved: integer(row, 'reserved'),
      },
    ],
  },
  sample: {
    sql: 'SELECT * FROM samples',
    read: (row) => [
      {
        noun: 'sample',
        repository: text(row, 'repository'),
        sample: json<RepositorySample>(row, 'content'),
      },
    ],
  },
  deed: {
    sql: 'SELECT * FROM deeds',
    read: (row) => [
      { noun: 'deed', repository: text(row, 'repository'), deed: json<ImageDeed>(row, 'deed') },
    ],
  },
  pulls: { sql: 'SELECT * FROM pulls', read: (row) => [daysOf('pulls', row)] },
  uses: { sql: 'SELECT * FROM uses', read: (row) => [daysOf('uses', row)] },
};

function daysOf(noun: 'pulls' | 'uses', row: Row): LedgerRecord {
  return {
    noun,
    of: text(row, 'repository'),
    reference: text(row, 'reference') as Digest,
    days: json<DayRanges>(row, 'days'),
  };
}

/** Everything in the file. */
export function archiveLedger(database: Database, readers: Readers): ArchiveLedger {
  const source: ArchiveSource = {
    async *repositoriesWith(noun) {
      for (const row of database.each(`SELECT DISTINCT repository FROM ${noun}`))
        yield text(row, 'repository');
    },
    async *scan(noun) {
      const { sql, read } = SCANS[noun];
      for (const row of database.each(sql)) yield* reading(noun, row, read);
    },
  };
  return {
    archived: (noun) => archivedOf(readers, source, noun),

    async restoreLease({ repository, holder, fencingToken, untilMs }) {
      await database.together(() => {
        database.run(
          `INSERT INTO leases (repository, name, holder, fencing_token, until_ms) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (repository) DO UPDATE
           SET name = excluded.name, holder = excluded.holder, fencing_token = excluded.fencing_token, until_ms = excluded.until_ms
           WHERE excluded.fencing_token > fencing_token`,
          leaseKey(repository),
          repository,
          holder,
          fencingToken,
          untilMs,
        );
      });
    },

    restoreDays: (noun, of, days) => dayTable(database, noun).add(of, days),
  };
}

function reading(noun: string, row: Row, read: Reading): readonly Archived[] {
  try {
    return [...read(row)].map((one) =>
      'noun' in one ? { kind: 'record', record: one } : { kind: 'record', ...one },
    );
  } catch (thrown) {
    const names = ['repository', 'id', 'run_id', 'message_id', 'digest', 'hash', 'policy'];
    const place = names.flatMap((name) => (typeof row[name] === 'string' ? String(row[name]) : []));
    return [problemOf(thrown, `${noun} ${place.join(' ')}`)];
  }
}
