import type { LedgerSeen } from '../../core/doctor/observation.ts';
import { type Fact, unknown } from '../../core/fact.ts';
import type { GoogleRest } from '../google/rest.ts';
import { EXPECTED, FIRESTORE } from './open-ledger.ts';

/** What is stored where a ledger should be, without opening it: nothing is written. null where nothing is. */
export async function ledgerSeen(name: string, rest: GoogleRest): Promise<Fact<LedgerSeen | null>> {
  if (name.startsWith('firestore:')) {
    const [, project, database] = FIRESTORE.exec(name) ?? [];
    if (project === undefined || database === undefined) return unknown(`that names no ledger. ${EXPECTED}`);
    const { firestoreLedgerSeen } = await import('./firestore/seen.ts');
    return firestoreLedgerSeen(rest, project, database);
  }
  const { sqliteLedgerSeen } = await import('./sqlite/seen.ts');
  return sqliteLedgerSeen(name.replace(/^sqlite:/, ''));
}
