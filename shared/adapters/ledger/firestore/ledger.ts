import type { Settings } from '@google-cloud/firestore';
import type { Clock, Ledger } from '../../../ports.ts';
import { archiveLedger } from './archive.ts';
import { coordinationLedger } from './coordination.ts';
import { deedLedger } from './deeds.ts';
import { type BilledOperations, Documents } from './documents.ts';
import { estateLedger } from './estate.ts';
import { eventLedger } from './events.ts';
import { findingLedger } from './findings.ts';
import { pullLedger } from './pulls.ts';
import { quarantineLedger } from './quarantine.ts';
import { restorationLedger } from './restorations.ts';
import { restraintLedger } from './restraints.ts';
import { runLedger } from './runs.ts';
import { usageLedger } from './uses.ts';

/** A query's page of the largest documents takes some seconds; a caller that waits longer is gone. */
const DEADLINE_MS = 30_000;

export interface FirestoreLedgerOptions {
  readonly projectId: string;
  /** `(default)` where it is left out. */
  readonly databaseId?: string;
  /**
   * `grpc` records about three times as many events a second; `rest` answers its first call sooner and
   * passes proxies that know HTTP/1.1 only. `grpc` where it is left out.
   */
  readonly transport?: 'grpc' | 'rest';
  /** How long one request may take, in milliseconds. */
  readonly deadlineMs?: number;
  /** Told about everything that Firestore bills, as it is asked for. */
  readonly onBilled?: (billed: BilledOperations) => void;
  /** For the retention of facts. */
  readonly clock?: Clock;
}

/**
 * Opens the ledger in Firestore, in native mode, with Application Default Credentials; nothing has to be
 * created in the database before. Opening sends no request.
 *
 * With `FIRESTORE_EMULATOR_HOST` set, Google's client talks to that host instead, and no credential is
 * asked for or sent.
 * @throws never for what Firestore answers: the first call does
 */
export async function openFirestoreLedger(options: FirestoreLedgerOptions): Promise<Ledger> {
  // Loaded here and not above: the client is most of what a function takes to start.
  const { Firestore, FieldValue, Timestamp } = await import('@google-cloud/firestore');
  const settings: Settings = {
    projectId: options.projectId,
    databaseId: options.databaseId ?? '(default)',
    preferRest: options.transport === 'rest',
  };
  if ((process.env['FIRESTORE_EMULATOR_HOST'] ?? '') !== '') {
    const { PassThroughClient } = await import('google-auth-library');
    settings['authClient'] = new PassThroughClient();
  }
  const documents = new Documents(
    new Firestore(settings),
    { FieldValue, Timestamp },
    options.deadlineMs ?? DEADLINE_MS,
    options.onBilled ?? (() => {}),
  );
  const nouns = {
    ...eventLedger(documents, options.clock ?? Date.now),
    ...runLedger(documents, options.clock ?? Date.now),
    ...coordinationLedger(documents),
    ...restorationLedger(documents),
    ...restraintLedger(documents),
    ...estateLedger(documents),
    ...findingLedger(documents),
    ...pullLedger(documents),
    ...usageLedger(documents),
    ...quarantineLedger(documents),
    ...deedLedger(documents),
  };
  return {
    ...nouns,
    ...archiveLedger(documents, nouns),
    close: () => documents.close(),
  };
}
