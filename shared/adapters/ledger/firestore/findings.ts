import type { Finding } from '../../../core/finding.ts';
import type { FindingLedger } from '../../../ports.ts';
import type { Documents } from './documents.ts';
import { readRecord, replaceRecord } from './packed-record.ts';
import { Stored } from './stored.ts';

const PROJECTS_MAX = 100_000;

/** What the audit found. */
export function findingLedger(documents: Documents): FindingLedger {
  return {
    async saveFindings(project, atMs, findings) {
      const at = { method: 'saveFindings', collection: 'findings', name: project };
      await replaceRecord(documents, at, { project, atMs }, findings);
    },

    async findings(project) {
      const at = { method: 'findings', collection: 'findings', name: project };
      const record = await readRecord<Finding>(documents, at);
      return record === null ? null : { atMs: record.head.integer('atMs'), findings: record.items };
    },

    async auditedProjects() {
      const heads = documents.collection('findings').select('version', 'project');
      const found = await documents.all('auditedProjects', heads, PROJECTS_MAX);
      return found.map((snapshot) => new Stored(snapshot).text('project')).sort();
    },
  };
}
