import type { Finding } from '../../../core/finding.ts';
import type { FollowedFinding } from '../../../core/finding-history.ts';
import type { FindingLedger } from '../../../ports.ts';
import type { Documents } from './documents.ts';
import { readRecord, replaceRecord } from './packed-record.ts';
import { Stored } from './stored.ts';

/** Findings and what is followed of them are one list, so that they are replaced together. */
type Item = { readonly finding: Finding } | { readonly followed: FollowedFinding };

const PROJECTS_MAX = 100_000;

/** What the audit found. */
export function findingLedger(documents: Documents): FindingLedger {
  return {
    async saveFindings(project, { atMs, findings, followed }) {
      const at = { method: 'saveFindings', collection: 'findings', name: project };
      const items: readonly Item[] = [
        ...findings.map((finding) => ({ finding })),
        ...followed.map((one) => ({ followed: one })),
      ];
      await replaceRecord(documents, at, { project, atMs }, items);
    },

    async findings(project) {
      const at = { method: 'findings', collection: 'findings', name: project };
      const record = await readRecord<Item>(documents, at);
      if (record === null) return null;
      const { head, items } = record;
      // What the first form of findings held is not of use any more: as if there had been no audit.
      if (items.some((item) => !('finding' in item || 'followed' in item))) return null;
      return {
        atMs: head.integer('atMs'),
        findings: items.flatMap((item) => ('finding' in item ? [item.finding] : [])),
        followed: items.flatMap((item) => ('followed' in item ? [item.followed] : [])),
      };
    },

    async auditedProjects() {
      const heads = documents.collection('findings').select('version', 'project');
      const found = await documents.all('auditedProjects', heads, PROJECTS_MAX);
      return found.map((snapshot) => new Stored(snapshot).text('project')).sort();
    },
  };
}
