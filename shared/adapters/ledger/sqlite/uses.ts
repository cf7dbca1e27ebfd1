import type { UsageLedger } from '../../../ports.ts';
import { daysOfSighting, usageRecordOf } from '../usage-days.ts';
import type { Database } from './database.ts';
import { dayTable } from './day-table.ts';

/** On which days what was in use. */
export function usageLedger(database: Database): UsageLedger {
  const table = dayTable(database, 'uses');

  return {
    recordUsage: (repository, sighting) => table.add(repository, daysOfSighting(sighting)),
    usageRecord: async (repository) => usageRecordOf(table.read(repository)),
  };
}
