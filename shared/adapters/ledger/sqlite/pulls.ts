import { type DayRanges, unionOfDays } from '../../../core/day-ranges.ts';
import type { PullLedger } from '../../../ports.ts';
import { DRAINED, evidenceOf } from '../pull-evidence.ts';
import type { Database } from './database.ts';
import { json, text } from './row.ts';

/** On which days what was pulled: one row a reference. */
export function pullLedger(database: Database): PullLedger {
  const daysOf = (repository: string, reference: string): DayRanges => {
    const row = database.get(
      'SELECT days FROM pulls WHERE repository = ? AND reference = ?',
      repository,
      reference,
    );
    return row === null ? [] : json<DayRanges>(row, 'days');
  };
  const add = (repository: string, reference: string, days: DayRanges): void => {
    const before = daysOf(repository, reference);
    const after = unionOfDays(before, days);
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    database.run(
      `INSERT INTO pulls (repository, reference, days) VALUES (?, ?, ?)
       ON CONFLICT (repository, reference) DO UPDATE SET days = excluded.days`,
      repository,
      reference,
      JSON.stringify(after),
    );
  };

  return {
    async recordPulls(repository, pulls) {
      if (pulls.length === 0) return;
      await database.together(() => {
        for (const { reference, days } of pulls) add(repository, reference, days);
      });
    },
    async pulls(repository) {
      return database
        .all('SELECT reference, days FROM pulls WHERE repository = ? ORDER BY reference', repository)
        .map((row) => ({ reference: text(row, 'reference'), days: json<DayRanges>(row, 'days') }));
    },
    async recordPullEvidence(project, days) {
      await database.together(() => add(evidenceOf(project), 'days', days));
    },
    async recordDrained(days) {
      await database.together(() => add(DRAINED, 'days', days));
    },
    async pullRecording(project) {
      return { evidence: daysOf(evidenceOf(project), 'days'), drained: daysOf(DRAINED, 'days') };
    },
  };
}
