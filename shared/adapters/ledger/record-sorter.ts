import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type LedgerRecord, mergeRecords, recordLine, recordName } from '../../core/ledger-record.ts';
import type { RecordSorter } from '../../ports.ts';

/** Of what SQLite keeps in memory. */
const CACHE_KIB = 64 * 1024;

/** Sorts in a file of its own in the system's directory for temporary files, which goes with it. */
export function openRecordSorter(): RecordSorter {
  const directory = mkdtempSync(join(tmpdir(), 'gcr-warden-sort-'));
  const database = new DatabaseSync(join(directory, 'records.sqlite'));
  // Nobody needs it after a crash.
  database.exec(`
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -${CACHE_KIB};
    CREATE TABLE records (noun TEXT, name BLOB, line TEXT NOT NULL, PRIMARY KEY (noun, name)) WITHOUT ROWID;
    CREATE TABLE texts (text TEXT PRIMARY KEY) WITHOUT ROWID;
    BEGIN;
  `);
  const insert = database.prepare('INSERT INTO records VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const former = database.prepare('SELECT line FROM records WHERE noun = ? AND name = ?');
  const replace = database.prepare('UPDATE records SET line = ? WHERE noun = ? AND name = ?');
  const insertText = database.prepare('INSERT INTO texts VALUES (?) ON CONFLICT DO NOTHING');
  const findText = database.prepare('SELECT 1 FROM texts WHERE text = ?');

  return {
    add(record) {
      // Bytes sort the same everywhere, and may hold what no text may.
      const name = Buffer.from(recordName(record));
      if (insert.run(record.noun, name, recordLine(record)).changes === 1) return;
      const before = JSON.parse(String(former.get(record.noun, name)?.['line'])) as LedgerRecord;
      replace.run(recordLine(mergeRecords(before, record)), record.noun, name);
    },
    *sorted(noun) {
      const rows = database.prepare('SELECT line FROM records WHERE noun = ? ORDER BY name');
      for (const { line } of rows.iterate(noun)) yield JSON.parse(String(line)) as LedgerRecord;
    },
    remember(text) {
      insertText.run(text);
    },
    remembers: (text) => findText.get(text) !== undefined,
    close() {
      database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
