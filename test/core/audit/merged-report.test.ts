import { describe, expect, it } from 'vitest';
import { Grants } from '../../../shared/core/audit/grants.ts';
import { auditSubject, mergeReports } from '../../../shared/core/audit/merged-report.ts';
import type { AuditReport, KeyRow } from '../../../shared/core/audit/report.ts';
import { known, unknown } from '../../../shared/core/fact.ts';

const NOW_MS = Date.UTC(2026, 0, 31, 3);

function key(account: string, ageMs: KeyRow['ageMs']): KeyRow {
  return {
    account,
    keyId: 'k',
    ageMs,
    claimed: false,
    disabled: false,
    accountDisabled: false,
    endsAtMs: known(null),
    lastAuthenticatedMs: known(null),
  } as KeyRow;
}

function report(project: string, more: Partial<AuditReport> = {}): AuditReport {
  return {
    version: 2,
    project,
    atMs: NOW_MS,
    findings: [],
    keys: [],
    grants: new Grants(() => []),
    notSeen: [],
    policyFiles: [],
    history: null,
    ...more,
  };
}

describe('the reports of many projects as one', () => {
  it('tells what is of which project, and what was not listed or is being deleted', () => {
    const merged = mergeReports(
      {
        parent: 'folders/12',
        reports: [report('a', { notSeen: ['The clusters: 403'] }), report('b', { atMs: NOW_MS - 5 })],
        deleting: ['gone'],
        unlisted: [{ parent: 'folders/13', reason: '403' }],
      },
      NOW_MS,
    );
    expect(merged).toMatchObject({ project: 'folders/12', atMs: NOW_MS - 5 });
    expect(merged.notSeen).toEqual([
      'What is below folders/13 was not listed whole: 403',
      'gone: it is being deleted, and nothing of it was read',
      'a: The clusters: 403',
    ]);
  });

  it('has the oldest keys first, over all projects, and those of unknown age before them', () => {
    const merged = mergeReports(
      {
        parent: 'organizations/1',
        reports: [
          report('a', { keys: [key('young', known(1)), key('unknown', unknown('403'))] }),
          report('b', { keys: [key('old', known(9))] }),
        ],
        deleting: [],
        unlisted: [],
      },
      NOW_MS,
    );
    expect(merged.keys.map(({ account }) => account)).toEqual(['unknown', 'old', 'young']);
  });

  it('has a history only where every project has one', () => {
    const history = { previousAtMs: 5, changes: [], followed: [] };
    const of = (...reports: readonly AuditReport[]) =>
      mergeReports({ parent: 'folders/1', reports, deleting: [], unlisted: [] }, NOW_MS).history;
    expect(of(report('a', { history }), report('b', { history: { ...history, previousAtMs: 3 } }))).toEqual({
      ...history,
      previousAtMs: 3,
    });
    expect(of(report('a', { history }), report('b'))).toBeNull();
    expect(of()).toBeNull();
  });

  it('is named by what was audited', () => {
    expect([report('acme'), report('folders/12')].map(auditSubject)).toEqual(['project acme', 'folders/12']);
  });
});
