import { readFileSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { type Firestore, Timestamp } from '@google-cloud/firestore';
import { APPLICATION_ID, MIGRATIONS } from '../../shared/adapters/ledger/sqlite/schema.ts';

/**
 * What a ledger held in the form that each collection and table had first, written by the programs of then. It is
 * never made anew: a form that is changed is still read as it was.
 */
interface FirstForms {
  /** By collection and id; times as `{ $timestamp }` and bytes as `{ $bytes }`. */
  readonly documents: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** One a version of the schema that brought tables, with the rows of these. */
  readonly files: readonly {
    readonly schemaVersion: number;
    readonly tables: Readonly<Record<string, readonly Row[]>>;
  }[];
}

const folder = new URL('../fixtures/ledger/', import.meta.url);

export const FIRST_FORMS = JSON.parse(
  readFileSync(fileURLToPath(new URL('first-forms.json', folder)), 'utf8'),
) as FirstForms;

/** What an export has of it. */
export const FIRST_FORMS_EXPORTED: readonly string[] = readFileSync(
  fileURLToPath(new URL('first-forms.jsonl', folder)),
  'utf8',
)
  .trim()
  .split('\n');

/** Puts all documents of then into an empty database. */
export async function putDocuments(client: Firestore): Promise<void> {
  for (const [collection, documents] of Object.entries(FIRST_FORMS.documents)) {
    for (const [id, fields] of Object.entries(documents)) {
      await client
        .collection(collection)
        .doc(id)
        .set(untyped(fields) as Record<string, unknown>);
    }
  }
}

/** Makes an empty file one that every version of the schema was run over, each with the rows of its tables in it. */
export function putRows(database: DatabaseSync): void {
  const newest = FIRST_FORMS.files.reduce((last, { schemaVersion }) => Math.max(last, schemaVersion), 0);
  for (const [at, migration] of MIGRATIONS.slice(0, newest).entries()) {
    database.exec(migration);
    for (const { schemaVersion, tables } of FIRST_FORMS.files) {
      if (schemaVersion === at + 1)
        for (const [table, rows] of Object.entries(tables)) put(database, table, rows);
    }
  }
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${newest};`);
}

type Row = Readonly<Record<string, unknown>>;

function put(database: DatabaseSync, table: string, rows: readonly Row[]): void {
  for (const row of rows) {
    const columns = Object.keys(row);
    const places = columns.map(() => '?').join(', ');
    database
      .prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`)
      .run(...(Object.values(row).map(untyped) as SQLInputValue[]));
  }
}

function untyped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untyped);
  if (value === null || typeof value !== 'object') return value;
  if ('$timestamp' in value) return Timestamp.fromDate(new Date(String(value.$timestamp)));
  if ('$bytes' in value) return Buffer.from(String(value.$bytes), 'base64');
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, untyped(one)]));
}
