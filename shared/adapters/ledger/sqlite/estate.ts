import { scopeOf } from '../../../core/limit-scope.ts';
import type { PolicyEntry } from '../../../core/policy-roster.ts';
import { type RepositorySample, startOfDayMs } from '../../../core/repository-sample.ts';
import type { EstateLedger } from '../../../ports.ts';
import type { Database } from './database.ts';
import { integer, json, text } from './row.ts';

/** How large the estate was: one row a repository and day; and one row a policy. */
export function estateLedger(database: Database): EstateLedger {
  return {
    async recordSample(repository, sample) {
      await database.together(() => {
        database.run(
          `INSERT INTO samples (repository, day_ms, content) VALUES (?, ?, ?)
           ON CONFLICT (repository, day_ms) DO UPDATE SET content = excluded.content`,
          repository,
          startOfDayMs(sample.atMs),
          JSON.stringify(sample),
        );
      });
    },

    async samples({ repository, sinceMs, untilMs, repositoriesMax }) {
      const [fromMs, toMs] = [startOfDayMs(sinceMs), startOfDayMs(untilMs)];
      const names =
        repository === undefined
          ? database
              .all(
                'SELECT DISTINCT repository FROM samples WHERE day_ms BETWEEN ? AND ? ORDER BY repository LIMIT ?',
                fromMs,
                toMs,
                repositoriesMax + 1,
              )
              .map((row) => text(row, 'repository'))
          : [repository];
      const series = names.slice(0, repositoriesMax).map((name) => ({
        repository: name,
        samples: database
          .all(
            'SELECT content FROM samples WHERE repository = ? AND day_ms BETWEEN ? AND ? ORDER BY day_ms',
            name,
            fromMs,
            toMs,
          )
          .map((row) => json<RepositorySample>(row, 'content')),
      }));
      return {
        series: series.filter(({ samples }) => samples.length > 0),
        isAll: names.length <= repositoriesMax,
      };
    },

    async manifestsWithin(scope, sinceMs, untilMs) {
      // With max() SQLite takes the other columns from the row that has it.
      const newest = database.all(
        `SELECT repository, max(day_ms), json_extract(content, '$.manifests') AS manifests
         FROM samples WHERE day_ms BETWEEN ? AND ? GROUP BY repository`,
        startOfDayMs(sinceMs),
        startOfDayMs(untilMs),
      );
      return newest
        .filter((row) => scopeOf(text(row, 'repository'), scope.scope) === scope.of)
        .reduce((sum, row) => sum + integer(row, 'manifests'), 0);
    },

    async policyRoster() {
      return database
        .all('SELECT content FROM policy_roster ORDER BY policy')
        .map((row) => json<PolicyEntry>(row, 'content'));
    },

    async savePolicyRoster(all) {
      database.transaction(() => {
        database.run('DELETE FROM policy_roster');
        for (const entry of all)
          database.run(
            'INSERT INTO policy_roster (policy, content) VALUES (?, ?)',
            entry.name,
            JSON.stringify(entry),
          );
      });
    },
  };
}
