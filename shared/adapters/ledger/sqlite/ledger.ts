import type { Clock, Ledger } from '../../../ports.ts';
import { archiveLedger } from './archive.ts';
import { coordinationLedger } from './coordination.ts';
import { Database } from './database.ts';
import { deedLedger } from './deeds.ts';
import { estateLedger } from './estate.ts';
import { eventLedger } from './events.ts';
import { findingLedger } from './findings.ts';
import { pullLedger } from './pulls.ts';
import { quarantineLedger } from './quarantine.ts';
import { restorationLedger } from './restorations.ts';
import { restraintLedger } from './restraints.ts';
import { runLedger } from './runs.ts';
import { usageLedger } from './uses.ts';

export interface SqliteLedgerOptions {
  /** How long a write waits for another process's, in milliseconds. */
  readonly busyTimeoutMs?: number;
  /** What has ended by this time is not found any more. Default: the system's. */
  readonly clock?: Clock;
}

/**
 * Opens the ledger of one machine: a SQLite file, created where there is none. Several processes may have
 * it open at once; every write is on the disk when its promise resolves.
 * @throws WardenError LEDGER_UNAVAILABLE, LEDGER_UNREADABLE, LEDGER_VERSION (written by a newer gcr-warden),
 * LEDGER_BUSY (retryable)
 */
export async function openSqliteLedger(path: string, options: SqliteLedgerOptions = {}): Promise<Ledger> {
  const database = new Database(path, options.busyTimeoutMs ?? 10_000);
  const nouns = {
    ...eventLedger(database),
    ...runLedger(database, options.clock ?? Date.now),
    ...coordinationLedger(database),
    ...restorationLedger(database),
    ...restraintLedger(database),
    ...estateLedger(database),
    ...findingLedger(database),
    ...pullLedger(database),
    ...usageLedger(database),
    ...quarantineLedger(database),
    ...deedLedger(database),
  };
  return {
    ...nouns,
    ...archiveLedger(database, nouns),
    async close() {
      database.close();
    },
  };
}
