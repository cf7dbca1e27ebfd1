import { type DayRanges, type ReferenceDays, unionOfDays } from '../../../core/day-ranges.ts';
import type { Database } from './database.ts';
import { json, text } from './row.ts';

/** Days of the references of many names: one row a reference. */
export interface DayTable {
  read(name: string): readonly ReferenceDays[];
  add(name: string, coming: readonly ReferenceDays[]): Promise<void>;
}

export function dayTable(database: Database, table: 'pulls' | 'uses'): DayTable {
  const addOne = (name: string, { reference, days }: ReferenceDays): void => {
    const row = database.get(
      `SELECT days FROM ${table} WHERE repository = ? AND reference = ?`,
      name,
      reference,
    );
    const before = row === null ? [] : json<DayRanges>(row, 'days');
    const after = unionOfDays(before, days);
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    database.run(
      `INSERT INTO ${table} (repository, reference, days) VALUES (?, ?, ?)
       ON CONFLICT (repository, reference) DO UPDATE SET days = excluded.days`,
      name,
      reference,
      JSON.stringify(after),
    );
  };
  return {
    read: (name) =>
      database
        .all(`SELECT reference, days FROM ${table} WHERE repository = ? ORDER BY reference`, name)
        .map((row) => ({ reference: text(row, 'reference'), days: json<DayRanges>(row, 'days') })),
    async add(name, coming) {
      if (coming.length === 0) return;
      await database.together(() => {
        for (const one of coming) addOne(name, one);
      });
    },
  };
}
