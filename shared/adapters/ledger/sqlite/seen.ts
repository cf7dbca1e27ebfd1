import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { LedgerSeen } from '../../../core/doctor/observation.ts';
import { messageOf } from '../../../core/error.ts';
import { type Fact, known, unknown } from '../../../core/fact.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** Of https://www.sqlite.org/fileformat.html#the_database_header */
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/** What says which program a file is of, and in which version. */
interface Kind {
  readonly applicationId: number;
  readonly version: number;
}

/** What a SQLite file is, without writing anything. null where there is no file. */
export function sqliteLedgerSeen(path: string): Fact<LedgerSeen | null> {
  if (!existsSync(path)) return known(null);
  let kind: Kind | null;
  try {
    // A connection to a file in WAL mode makes files beside it, even one that only reads. Where they are there
    // already, somebody works with the ledger, and its header may be older than what it holds.
    kind = existsSync(`${path}-wal`) ? kindByConnection(path) : kindByHeader(path);
  } catch (thrown) {
    return unknown(messageOf(thrown));
  }
  if (kind?.applicationId !== APPLICATION_ID) return unknown('it is no ledger of gcr-warden');
  return known({ version: kind.version, newest: MIGRATIONS.length, expiring: null });
}

function kindByConnection(path: string): Kind {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
    return { applicationId: pragma('application_id'), version: pragma('user_version') };
  } finally {
    database.close();
  }
}

/** null where it is no SQLite file. */
function kindByHeader(path: string): Kind | null {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) return null;
  return {
    applicationId: header.readUInt32BE(APPLICATION_ID_AT),
    version: header.readUInt32BE(USER_VERSION_AT),
  };
}
