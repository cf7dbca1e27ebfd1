import type { FindingLedger, FindingRecord } from '../../../ports.ts';
import type { Database } from './database.ts';
import { integer, json, text } from './row.ts';

/** What the audit found: one row a project. */
export function findingLedger(database: Database): FindingLedger {
  return {
    async saveFindings(project, { atMs, ...content }) {
      database.run(
        `INSERT INTO findings (project, at_ms, content) VALUES (?, ?, ?)
         ON CONFLICT (project) DO UPDATE SET at_ms = excluded.at_ms, content = excluded.content`,
        project,
        atMs,
        JSON.stringify(content),
      );
    },

    async findings(project) {
      const row = database.get('SELECT at_ms, content FROM findings WHERE project = ?', project);
      if (row === null) return null;
      const content = json<Omit<FindingRecord, 'atMs'> | readonly unknown[]>(row, 'content');
      // What the first form of findings held is not of use any more: as if there had been no audit.
      if (!('followed' in content)) return null;
      return {
        ...content,
        access: content.access ?? null,
        stored: content.stored ?? [],
        atMs: integer(row, 'at_ms'),
      };
    },

    async auditedProjects() {
      return database
        .all('SELECT project FROM findings')
        .map((row) => text(row, 'project'))
        .sort();
    },
  };
}
