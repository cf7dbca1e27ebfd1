import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CHECKS } from '../../shared/core/audit/index.ts';
import { type AuditReport, auditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { followFindings } from '../../shared/core/finding-history.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { renderAuditCsv, renderTableCsv } from '../../shared/report/audit-csv.ts';
import { renderAuditJson } from '../../shared/report/audit-json.ts';
import { lifeOf } from '../../shared/report/audit-life.ts';
import { renderAuditMarkdown } from '../../shared/report/audit-markdown.ts';
import { renderAuditPage } from '../../shared/report/audit-page.ts';
import { renderAuditSarif } from '../../shared/report/audit-sarif.ts';
import { auditSummary } from '../../shared/report/audit-summary.ts';
import { renderAudit } from '../../shared/report/audit-text.ts';
import { accessTable, keyTable } from '../../shared/report/audit-views.ts';
import {
  accountsWith,
  bind,
  keyWith,
  NEVER,
  NOW_MS,
  repliesWith,
  repositoryWith,
} from '../core/audit/replies.ts';
import { isValid } from '../support/json-schema.ts';
import { describeWithPeers } from '../support/peer.ts';

function read(path: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
}

/** Names that try to be more than names. */
const HOSTILE = [
  '=HYPERLINK("http://evil.example","x")',
  '@SUM(1+1)*cmd|"/C calc"!A0',
  '<script>document.title="pwned"</script>',
  '"><img src=x onerror="document.title=\'pwned\'">',
  "</style></script><script>document.title='pwned'</script>",
  '[a](http://evil.example) ![b](http://evil.example/b.png) www.evil.example @everybody',
  'x | y | z\n| --- |\n# heading',
  '```\n</details>\n````',
  '{jndi:x} \u202egnp.exe \u001b[2J',
];

/** The cells of a line as RFC 4180 has them. */
function cellsOf(record: string): string[] {
  return Array.from(record.matchAll(/"((?:[^"]|"")*)"/g), ([, cell = '']) => cell.replaceAll('""', '"'));
}

function reportOf(names: readonly string[]): AuditReport {
  const condition = { expression: names.join(' '), title: names[0] ?? '', description: null };
  const report = auditReport(
    repliesWith({
      projectPolicy: known({
        bindings: names.map((name) => ({ ...bind('roles/storage.admin', `user:${name}`, name), condition })),
      }),
      locations: known([repositoryWith(bind('roles/artifactregistry.reader', 'allUsers', ...names))]),
      accounts: accountsWith(
        ...names.map((name, at) => keyWith({ id: `${at}${name}`, account: name, validBeforeMs: NEVER })),
        keyWith({ id: names[0] ?? '', validAfterMs: unknown(names.join(' ')) }),
      ),
      redirection: unknown(names.join(' ')),
    }),
    NOW_MS,
    DEFAULT_AUDIT_SETTINGS,
  );
  const { findings } = report;
  return {
    ...report,
    policyFiles: [{ file: names.join(' '), contentHash: sha256('x'), gitRevision: known('0123abc') }],
    findings: findings.map((finding, at) =>
      at === 0
        ? {
            ...finding,
            status: 'EXCEPTED',
            exception: {
              owner: names[0] ?? '',
              reason: names.join(' '),
              expiresMs: NOW_MS,
              place: 'x:1',
              contentHash: sha256('x'),
              gitRevision: unknown('no git'),
            },
          }
        : finding,
    ),
    history: followFindings(null, 'acme', NOW_MS, findings),
  };
}

const REPORTS: readonly (readonly [string, AuditReport])[] = [
  ['of an ordinary project', reportOf(['ada@example.com'])],
  ['of a hostile one', reportOf(HOSTILE)],
  ['of an empty one', auditReport(repliesWith(), NOW_MS, DEFAULT_AUDIT_SETTINGS)],
];

describe.each(REPORTS)('the report %s', (_name, report) => {
  it('is JSON as its schema says', () => {
    const schema = read('../../docs/schemas/audit-report.schema.json');
    expect(isValid(schema, JSON.parse(renderAuditJson(report)))).toBe(true);
    expect(isValid(schema, { ...report, more: 1 })).toBe(false);
  });

  it('tells changes as their schema says', () => {
    const schema = read('../../docs/schemas/finding-change.schema.json');
    const changes = report.history?.changes ?? [];
    expect(changes.filter((change) => !isValid(schema, change))).toEqual([]);
    expect(isValid(schema, { version: 1 })).toBe(false);
  });

  it('is SARIF 2.1.0 by the schema of OASIS', () => {
    const schema = read('../fixtures/sarif/sarif-schema-2.1.0.json');
    const log = JSON.parse(renderAuditSarif(report, CHECKS));
    expect(isValid(schema, log)).toBe(true);
    expect(isValid(schema, { ...log, version: '2.0.0' })).toBe(false);
    expect(log.runs[0].results).toHaveLength(report.findings.length);
    for (const result of log.runs[0].results) expect(result.kind === 'fail').toBe(result.level !== 'none');
  });

  it('is CSV of as many records as findings, and no cell is a formula', () => {
    for (const [text, rows] of [
      [renderAuditCsv(report), report.findings.length],
      [[...renderTableCsv(keyTable(report))].join(''), report.keys.length],
      [[...renderTableCsv(accessTable(report))].join(''), [...accessTable(report).rows].length],
    ] as const) {
      const records = text.split('\r\n').slice(0, -1);
      expect(records).toHaveLength(rows + 1);
      const width = cellsOf(records[0] ?? '').length;
      for (const record of records) {
        const cells = cellsOf(record);
        expect(record).toMatch(/^(?:"(?:[^"]|"")*"(?:,|$))+$/);
        expect(cells).toHaveLength(width);
        expect(cells.filter((cell) => /^\s*[=+\-@|%]/.test(cell))).toEqual([]);
      }
    }
  });

  it('is Markdown in which names are only text', () => {
    const text = renderAuditMarkdown(report);
    const prose = text.replace(/^( *)(`{3,})\w+\n[\s\S]*?\n\1\2$/gm, '').replace(/\\[\\`*_[\]<>|~#!&$]/g, '');
    expect(prose).not.toMatch(/<|@|!\[|\]\(|:\/\/|www\.|^# heading/m);
    const rows = prose.split('\n').filter((line) => line.startsWith('|'));
    expect(new Set(rows.map((row) => row.split('|').length))).toSatisfy((widths: Set<number>) =>
      [...widths].every((width) => [6, 7, 9].includes(width)),
    );
  });

  it('is a page in which names are only text', () => {
    const page = renderAuditPage(report);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page.match(/<\/script/g)).toHaveLength(1);
    expect(page).not.toMatch(/<img|\son[a-z]+="|\u202e/);
    expect(page).not.toContain('\u001b');
  });
});

describe('the summary', () => {
  it('says what is wrong, what is worst, what to do next and what was not seen', () => {
    const summary = auditSummary(reportOf(['ada@example.com']));
    expect(summary.wrong).toMatch(/^\d+ FAIL \(.*\), \d+ UNKNOWN, 1 EXCEPTED, \d+ PASS$/);
    expect(summary.worst).toMatch(/^Images are open to everybody: allUsers has /);
    expect(summary.next).toMatch(/^Take roles\/artifactregistry.reader on /);
    expect(summary.notSeen).toMatch(/could not be (decided|read)/);
  });

  it('has no worst where nothing fails', () => {
    const { worst, next } = auditSummary(auditReport(repliesWith(), NOW_MS, DEFAULT_AUDIT_SETTINGS));
    expect([worst, next]).toEqual([null, null]);
  });
});

describeWithPeers(['chromium'], 'the page in a browser', () => {
  it('runs its own script from a file, and nothing that names bring along', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'audit-page-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    // The script of the test drives the page as a person would: it is appended after the page, with a hash of its
    // own nowhere in the policy, so the page's policy is widened for it alone.
    const drive = `const table = (name) => document.querySelector('table[data-name=' + name + ']');
const box = table('findings-table').closest('.scroll').previousElementSibling.querySelector('input');
box.value = 'key-never-expires'; box.dispatchEvent(new Event('input'));
table('keys-table').querySelector('th button').click();
const rows = [...table('findings-table').tBodies[0].rows];
document.body.dataset.seen = rows.filter((row) => !row.hidden).length + ' of ' + rows.length + ' ' + table('keys-table').querySelector('th').getAttribute('aria-sort');`;
    const page = renderAuditPage(reportOf(HOSTILE));
    const file = join(folder, 'audit.html');
    const nonce = page
      .replace("script-src 'sha256", "script-src 'nonce-test' 'sha256")
      .replace('script-src &#39;sha256', 'script-src &#39;nonce-test&#39; &#39;sha256');
    await writeFile(file, nonce.replace('</body>', `<script nonce="test">${drive}</script></body>`));
    const { stdout, status } = spawnSync(
      'chromium',
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        `--user-data-dir=${join(folder, 'profile')}`,
        '--dump-dom',
        `file://${file}`,
      ],
      { encoding: 'utf8', timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
    );
    expect(status).toBe(0);
    expect(stdout).toContain('<title>Audit of project acme</title>');
    const total = reportOf(HOSTILE).findings.length;
    const shown = reportOf(HOSTILE).findings.filter(({ check }) => check === 'key-never-expires').length;
    expect(stdout).toContain(`data-seen="${shown} of ${total} ascending"`);
    expect(stdout).not.toMatch(/<img|<script>document/);
    // What an injected script or handler would have set.
    expect(/<title>([^<]*)/.exec(stdout)?.[1]).not.toContain('pwned');
  }, 90_000);
});

describe('since when a finding is as it is', () => {
  const bound = (...members: string[]) =>
    repliesWith({ locations: known([repositoryWith(bind('roles/artifactregistry.reader', ...members))]) });
  /** The report of an audit so many days after the first, with what the ones before it found. */
  const audited = (days: readonly (readonly string[])[]): AuditReport => {
    let last: AuditReport | null = null;
    for (const [day, members] of days.entries()) {
      const atMs = NOW_MS + day * 86_400_000;
      const report = auditReport(bound(...members), atMs, DEFAULT_AUDIT_SETTINGS);
      const before: Parameters<typeof followFindings>[0] =
        last === null ? null : { atMs: last.atMs, followed: last.history?.followed ?? [] };
      last = { ...report, history: followFindings(before, 'acme', atMs, report.findings) };
    }
    if (last === null) throw new Error('no day');
    return last;
  };
  const day = (at: number): string => new Date(NOW_MS + at * 86_400_000).toISOString().slice(0, 10);

  it.each<[string, readonly (readonly string[])[], string]>([
    ['says nothing at the first audit', [['allUsers']], ''],
    ['is new where it was not there before', [[], ['allUsers']], 'new'],
    ['is open since it began', [[], ['allUsers'], ['allUsers']], `since ${day(1)}`],
    ['came back', [['allUsers'], [], ['allUsers'], ['allUsers']], `came back ${day(2)}`],
  ])('%s', (_name, days, life) => {
    const report = audited(days);
    const finding = report.findings.find(
      ({ check, status }) => check === 'public-access' && status === 'FAIL',
    );
    if (finding === undefined) throw new Error('it does not fail');
    expect(lifeOf(report)(finding)).toBe(life);
    const texts = [
      renderAudit(report, { widthColumns: 160, colour: false, clock: { nowMs: NOW_MS, timeZone: 'UTC' } }),
      renderAuditMarkdown(report),
      renderAuditCsv(report),
      renderAuditPage(report),
    ];
    if (life !== '') for (const text of texts) expect(text).toContain(life);
  });
});
