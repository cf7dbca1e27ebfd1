import { WardenError } from '../../core/error.ts';
import type { Ledger } from '../../ports.ts';

/** `firestore:PROJECT/DATABASE` */
export const FIRESTORE = /^firestore:([a-z][a-z0-9.:-]*)\/([a-z0-9-]+|\(default\))$/;
/** How a ledger is named. */
export const EXPECTED = 'Write firestore:PROJECT/DATABASE or sqlite:PATH.';

/**
 * Opens the ledger that a text names: `firestore:PROJECT/DATABASE`, `sqlite:PATH`, or a path alone. Only the
 * adapter that is meant is loaded.
 * @throws WardenError LEDGER_UNKNOWN
 */
export async function openLedger(name: string): Promise<Ledger> {
  if (name.startsWith('firestore:')) {
    const [, projectId, databaseId] = FIRESTORE.exec(name) ?? [];
    if (projectId === undefined || databaseId === undefined) {
      throw new WardenError('LEDGER_UNKNOWN', `${JSON.stringify(name)} names no ledger. ${EXPECTED}`);
    }
    const { openFirestoreLedger } = await import('./firestore/ledger.ts');
    return openFirestoreLedger({ projectId, databaseId });
  }
  const path = name.startsWith('sqlite:') ? name.slice('sqlite:'.length) : name;
  if (path === '') throw new WardenError('LEDGER_UNKNOWN', `The name of the ledger is empty. ${EXPECTED}`);
  const { openSqliteLedger } = await import('./sqlite/ledger.ts');
  return openSqliteLedger(path);
}
