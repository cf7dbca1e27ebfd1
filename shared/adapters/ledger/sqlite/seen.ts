import { closeSync, openSync, readSync } from 'node:fs';
import type { LedgerSeen } from '../../../core/doctor/observation.ts';
import { messageOf } from '../../../core/error.ts';
import { type Fact, known, unknown } from '../../../core/fact.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** Of https://www.sqlite.org/fileformat.html#the_database_header */
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/**
 * What a SQLite file is, by its header alone: even a connection that only reads would leave files beside a ledger
 * in WAL mode. null where there is no file.
 */
export function sqliteLedgerSeen(path: string): Fact<LedgerSeen | null> {
  const header = Buffer.alloc(HEADER_BYTES);
  try {
    const file = openSync(path, 'r');
    try {
      if (readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES)
        return unknown('it is shorter than a ledger');
    } finally {
      closeSync(file);
    }
  } catch (thrown) {
    const isAbsent = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    return isAbsent ? known(null) : unknown(messageOf(thrown));
  }
  const isOurs =
    header.toString('latin1', 0, MAGIC.length) === MAGIC &&
    header.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID;
  if (!isOurs) return unknown('it is no ledger of gcr-warden');
  return known({ version: header.readUInt32BE(USER_VERSION_AT), newest: MIGRATIONS.length, expiring: null });
}
