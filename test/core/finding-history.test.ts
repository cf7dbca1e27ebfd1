import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding, FindingStatus } from '../../shared/core/finding.ts';
import {
  changesSince,
  type FindingHistory,
  followFindings,
  RESOLVED_KEPT_MS,
} from '../../shared/core/finding-history.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { checkProperty } from './property.ts';

const DAY = 86_400_000;

function finding(name: string, status: FindingStatus, check = 'key-age'): Finding {
  return {
    version: 2,
    fingerprint: sha256(name),
    check,
    title: 't',
    severity: 'high',
    status,
    project: 'acme',
    resource: name,
    evidence: { sentence: `${name} ${status}`, binding: null, datesMs: {} },
    risk: '',
    remediation: { steps: [] },
    exception: null,
  };
}

type Night = readonly Finding[];

/** Audits one night after the other; the changes of each. */
function nights(...all: readonly Night[]): { readonly changes: string[][]; readonly last: FindingHistory } {
  let last: FindingHistory = { previousAtMs: null, changes: [], followed: [] };
  const changes = all.map((findings, night) => {
    const before = night === 0 ? null : { atMs: (night - 1) * DAY, followed: last.followed };
    last = followFindings(before, 'acme', night * DAY, findings);
    return last.changes.map(({ kind, resource }) => `${kind} ${resource}`);
  });
  return { changes, last };
}

const STATUSES: readonly FindingStatus[] = ['FAIL', 'PASS', 'UNKNOWN', 'EXCEPTED'];

describe('findings over time', () => {
  it.each<[string, readonly (FindingStatus | 'gone')[], readonly string[]]>([
    ['tell a failure once', ['FAIL', 'FAIL', 'FAIL'], ['new', '', '']],
    ['tell that it was mended', ['FAIL', 'PASS', 'PASS'], ['new', 'resolved', '']],
    ['take a binding that is gone for mended', ['FAIL', 'gone', 'gone'], ['new', 'resolved', '']],
    ['tell that it came back', ['FAIL', 'gone', 'FAIL'], ['new', 'resolved', 'came back']],
    ['do not take what is not seen for mended', ['FAIL', 'UNKNOWN', 'FAIL'], ['new', 'not seen', '']],
    [
      'tell that it was mended while nobody saw',
      ['FAIL', 'UNKNOWN', 'PASS'],
      ['new', 'not seen', 'resolved'],
    ],
    [
      'tell of an exception and of its end',
      ['FAIL', 'EXCEPTED', 'FAIL'],
      ['new', 'excepted', 'exception ended'],
    ],
    ['tell of a failure under an exception', ['EXCEPTED', 'PASS'], ['excepted', 'resolved']],
    [
      'forget a question that was answered well',
      ['UNKNOWN', 'PASS', 'UNKNOWN'],
      ['not seen', '', 'not seen'],
    ],
    ['say nothing of what never failed', ['PASS', 'PASS'], ['', '']],
  ])('%s', (_name, statuses, changes) => {
    const all = statuses.map((status) => (status === 'gone' ? [] : [finding('a', status)]));
    expect(nights(...all).changes.map((each) => each.join())).toEqual(
      changes.map((kind) => (kind === '' ? '' : `${kind} a`)),
    );
  });

  it('take nothing for mended whose check could not see everything', () => {
    const { changes, last } = nights(
      [finding('a', 'FAIL')],
      [finding('the list of accounts', 'UNKNOWN')],
      [finding('a', 'FAIL')],
    );
    expect(changes).toEqual([['new a'], ['not seen a', 'not seen the list of accounts'].sort(), []]);
    expect(last.followed).toMatchObject([{ resource: 'a', state: 'open', isSeen: true, firstSeenMs: 0 }]);
  });

  it('forget what is mended for so long', () => {
    const open = followFindings(null, 'acme', 0, [finding('a', 'FAIL')]);
    const mended = followFindings({ ...open, atMs: 0 }, 'acme', DAY, []);
    const later = followFindings({ ...mended, atMs: DAY }, 'acme', DAY + RESOLVED_KEPT_MS + 1, []);
    expect(mended.followed).toHaveLength(1);
    expect(later.followed).toEqual([]);
  });

  it('tell what changed since a time', () => {
    const { last } = nights(
      [finding('a', 'FAIL'), finding('b', 'FAIL')],
      [finding('a', 'FAIL')],
      [finding('a', 'FAIL'), finding('c', 'FAIL')],
    );
    const told = (sinceMs: number) =>
      changesSince('acme', last.followed, sinceMs).map(({ kind, resource }) => `${kind} ${resource}`);
    expect(told(2 * DAY)).toEqual(['new c']);
    expect(told(DAY)).toEqual(['new c', 'resolved b']);
    expect(told(0).sort()).toEqual(['new a', 'new c', 'resolved b']);
  });

  it('add up: what the changes tell is what is followed', () => {
    const night = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...STATUSES));
    checkProperty(fc.array(night, { maxLength: 6 }), (all) => {
      const told = new Map<string, string>();
      let before: { atMs: number; followed: FindingHistory['followed'] } | null = null;
      for (const [at, statuses] of all.entries()) {
        const findings = Object.entries(statuses).map(([name, status]) => finding(name, status, name));
        const history = followFindings(before, 'acme', at, findings);
        for (const { kind, resource } of history.changes) told.set(resource, kind);
        for (const one of history.followed) expect(one.change).toBe(told.get(one.resource));
        // Whatever fails now is followed as open; nothing that fails is ever called mended.
        const open = history.followed.filter(({ state, isSeen }) => state === 'open' && isSeen);
        const failing = findings.filter(({ status }) => status === 'FAIL');
        expect(open.map(({ resource }) => resource).sort()).toEqual(
          failing.map(({ resource }) => resource).sort(),
        );
        before = { atMs: at, followed: history.followed };
      }
    });
  });

  it('tell nothing twice: the same audit again changes nothing', () => {
    const night = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...STATUSES));
    checkProperty(fc.tuple(night, night), ([first, second]) => {
      const asFindings = (statuses: Record<string, FindingStatus>) =>
        Object.entries(statuses).map(([name, status]) => finding(name, status));
      const { changes } = nights(asFindings(first), asFindings(second), asFindings(second));
      expect(changes[2]).toEqual([]);
    });
  });
});
