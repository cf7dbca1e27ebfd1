import type { UsageLedger } from '../../../ports.ts';
import { daysOfSighting, usageRecordOf } from '../usage-days.ts';
import { dayShards } from './day-shards.ts';
import type { Documents } from './documents.ts';

/** On which days what was in use. */
export function usageLedger(documents: Documents): UsageLedger {
  const shards = dayShards(documents, 'uses');

  return {
    recordUsage: (repository, sighting) => shards.add('recordUsage', repository, daysOfSighting(sighting)),
    usageRecord: async (repository) => usageRecordOf(await shards.read('usageRecord', repository)),
  };
}
