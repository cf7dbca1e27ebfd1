import type { Grant } from '../../../core/audit/grants.ts';
import type { KeyRow } from '../../../core/audit/report.ts';
import type { Finding } from '../../../core/finding.ts';
import type { FollowedFinding } from '../../../core/finding-history.ts';
import type { StoredSize } from '../../../core/stored-size.ts';
import type { AccessRecord, FindingLedger } from '../../../ports.ts';
import type { Documents } from './documents.ts';
import { readRecord, replaceRecord } from './packed-record.ts';
import { Stored } from './stored.ts';

/** All that one audit found is one list, so that it is replaced together. */
type Item =
  | { readonly finding: Finding }
  | { readonly followed: FollowedFinding }
  | { readonly key: KeyRow }
  | { readonly grant: Grant }
  | { readonly notSeen: string }
  | { readonly stored: StoredSize };

const PROJECTS_MAX = 100_000;

/** What the audit found. */
export function findingLedger(documents: Documents): FindingLedger {
  return {
    async saveFindings(project, { atMs, findings, followed, access, stored }) {
      const at = { method: 'saveFindings', collection: 'findings', name: project };
      const items: readonly Item[] = [
        ...findings.map((finding) => ({ finding })),
        ...followed.map((one) => ({ followed: one })),
        ...itemsOf(access),
        ...stored.map((one) => ({ stored: one })),
      ];
      await replaceRecord(documents, at, { project, atMs, hasAccess: access !== null }, items);
    },

    async findings(project) {
      const at = { method: 'findings', collection: 'findings', name: project };
      const record = await readRecord<Item>(documents, at);
      if (record === null) return null;
      const { head, items } = record;
      // What the first form of findings held is not of use any more: as if there had been no audit.
      if (!items.every(isItem)) return null;
      return {
        atMs: head.integer('atMs'),
        findings: items.flatMap((item) => ('finding' in item ? [item.finding] : [])),
        followed: items.flatMap((item) => ('followed' in item ? [item.followed] : [])),
        access: head.has('hasAccess') && head.flag('hasAccess') ? accessOf(items) : null,
        stored: items.flatMap((item) => ('stored' in item ? [item.stored] : [])),
      };
    },

    async auditedProjects() {
      const heads = documents.collection('findings').select('version', 'project');
      const found = await documents.all('auditedProjects', heads, PROJECTS_MAX);
      return found.map((snapshot) => new Stored(snapshot).text('project')).sort();
    },
  };
}

const KINDS = ['finding', 'followed', 'key', 'grant', 'notSeen', 'stored'];

function isItem(item: object): boolean {
  return KINDS.some((kind) => kind in item);
}

function itemsOf(access: AccessRecord | null): Item[] {
  if (access === null) return [];
  return [
    ...access.keys.map((key) => ({ key })),
    ...access.grants.map((grant) => ({ grant })),
    ...access.notSeen.map((notSeen) => ({ notSeen })),
  ];
}

function accessOf(items: readonly Item[]): AccessRecord {
  return {
    keys: items.flatMap((item) => ('key' in item ? [item.key] : [])),
    grants: items.flatMap((item) => ('grant' in item ? [item.grant] : [])),
    notSeen: items.flatMap((item) => ('notSeen' in item ? [item.notSeen] : [])),
  };
}
