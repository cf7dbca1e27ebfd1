import type { Finding } from '../../../core/finding.ts';
import type { FindingLedger } from '../../../ports.ts';
import type { Database } from './database.ts';
import { integer, json, text } from './row.ts';

/** What the audit found: one row a project. */
export function findingLedger(database: Database): FindingLedger {
  return {
    async saveFindings(project, atMs, findings) {
      database.run(
        `INSERT INTO findings (project, at_ms, content) VALUES (?, ?, ?)
         ON CONFLICT (project) DO UPDATE SET at_ms = excluded.at_ms, content = excluded.content`,
        project,
        atMs,
        JSON.stringify(findings),
      );
    },

    async findings(project) {
      const row = database.get('SELECT at_ms, content FROM findings WHERE project = ?', project);
      if (row === null) return null;
      return { atMs: integer(row, 'at_ms'), findings: json<readonly Finding[]>(row, 'content') };
    },

    async auditedProjects() {
      return database
        .all('SELECT project FROM findings')
        .map((row) => text(row, 'project'))
        .sort();
    },
  };
}
