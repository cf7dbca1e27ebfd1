import type { DayRanges } from '../../../core/day-ranges.ts';
import type { PullLedger } from '../../../ports.ts';
import { DRAINED, evidenceOf } from '../pull-evidence.ts';
import type { Database } from './database.ts';
import { dayTable } from './day-table.ts';

/** On which days what was pulled. */
export function pullLedger(database: Database): PullLedger {
  const table = dayTable(database, 'pulls');
  const daysOf = (name: string): DayRanges => table.read(name)[0]?.days ?? [];

  return {
    recordPulls: (repository, pulls) => table.add(repository, pulls),
    pulls: async (repository) => table.read(repository),
    recordPullEvidence: (project, days) => table.add(evidenceOf(project), [{ reference: 'days', days }]),
    recordDrained: (days) => table.add(DRAINED, [{ reference: 'days', days }]),
    pullRecording: async (project) => ({
      evidence: daysOf(evidenceOf(project)),
      drained: daysOf(DRAINED),
    }),
  };
}
