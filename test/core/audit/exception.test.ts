import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type AuditException, applyExceptions } from '../../../shared/core/audit/exception.ts';
import { type AuditFolder, NO_AUDIT_FOLDER, unreadAuditFolder } from '../../../shared/core/audit/folder.ts';
import { runChecks } from '../../../shared/core/audit/index.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import { sha256 } from '../../../shared/core/hash.ts';
import { checkPolicyFolder } from '../../../shared/core/policy-file/check.ts';
import { parseAuditFolder } from '../../../shared/core/policy-file/parse-audit-folder.ts';
import { parseExceptions } from '../../../shared/core/policy-file/parse-exceptions.ts';
import { bind, NOW_MS, repliesWith, repositoryWith } from './replies.ts';

const PUBLIC = { locations: known([repositoryWith(bind('roles/artifactregistry.reader', 'allUsers'))]) };
const DAY_MS = 86_400_000;
const HASH = sha256('a file');

function folderOf(exception: AuditException): AuditFolder {
  return { ...NO_AUDIT_FOLDER, exceptions: [exception] };
}

const EXCEPTION: AuditException = {
  check: 'public-access',
  project: 'acme',
  resource: '//artifactregistry.googleapis.com/projects/acme/locations/*/repositories/services',
  owner: 'platform@example.com',
  reason: 'published',
  expiresMs: NOW_MS + DAY_MS,
  source: { file: '_exceptions.yaml', line: 3, contentHash: HASH, gitRevision: known('0123abc') },
};

/** `check status` of what is not a PASS, and of exceptions in any case. */
function judged(different: Partial<AuditReplies>, exception: Partial<AuditException>): string[] {
  const findings = runChecks(repliesWith(different), NOW_MS, DEFAULT_AUDIT_SETTINGS);
  return (
    applyExceptions(findings, folderOf({ ...EXCEPTION, ...exception }), 'acme', NOW_MS)
      // What other checks say of these replies is theirs.
      .filter(({ check }) => check === 'public-access' || check.startsWith('exception'))
      .filter(({ check, status }) => status !== 'PASS' || check.startsWith('exception'))
      .map(({ check, status }) => `${check} ${status}`)
  );
}

describe('an exception', () => {
  it.each<[string, Partial<AuditReplies>, Partial<AuditException>, readonly string[]]>([
    ['excepts what it fits', PUBLIC, {}, ['public-access EXCEPTED', 'exception-unused PASS']],
    [
      'holds no longer once it has ended, and is told of',
      PUBLIC,
      { expiresMs: NOW_MS },
      ['public-access FAIL', 'exception-expired FAIL'],
    ],
    ['is told of where nothing fails', {}, {}, ['exception-unused FAIL']],
    ['is for its check alone', PUBLIC, { check: 'key-age' }, ['public-access FAIL', 'exception-unused FAIL']],
    ['is for its project alone', PUBLIC, { project: 'other' }, ['public-access FAIL']],
    [
      'has patterns that stay within a component',
      PUBLIC,
      { resource: '//artifactregistry.googleapis.com/*' },
      ['public-access FAIL', 'exception-unused FAIL'],
    ],
    [
      'has patterns that cross',
      PUBLIC,
      { resource: '**' },
      ['public-access EXCEPTED', 'exception-unused PASS'],
    ],
    [
      'takes no other character for a pattern',
      PUBLIC,
      { resource: '//artifactregistry.googleapis.com/projects/acme/locations/.+/repositories/services' },
      ['public-access FAIL', 'exception-unused FAIL'],
    ],
    [
      'never excepts what could not be seen, and is not called unused then',
      { locations: unknown('403') },
      { resource: '**' },
      ['public-access UNKNOWN', 'exception-unused UNKNOWN'],
    ],
  ])('%s', (_name, different, exception, answers) => {
    expect(judged(different, exception)).toEqual(answers);
  });

  it('stays in the finding with who answers for it', () => {
    const findings = runChecks(repliesWith(PUBLIC), NOW_MS, DEFAULT_AUDIT_SETTINGS);
    const [finding] = applyExceptions(findings, folderOf(EXCEPTION), 'acme', NOW_MS);
    expect(finding).toMatchObject({
      status: 'EXCEPTED',
      exception: {
        owner: 'platform@example.com',
        reason: 'published',
        place: '_exceptions.yaml:3',
        contentHash: HASH,
        gitRevision: known('0123abc'),
      },
    });
    expect(finding?.fingerprint).toBe(findings[0]?.fingerprint);
  });
});

const RIGHT = /```yaml\n([\s\S]*?)```/.exec(
  readFileSync(new URL('../../../docs/audit-exceptions.md', import.meta.url), 'utf8'),
)?.[1];

function parsed(text: string) {
  return parseExceptions([{ file: '_exceptions.yaml', text, gitRevision: unknown('no git') }]);
}

describe('a file of exceptions', () => {
  it('is read as the page on exceptions has it', () => {
    expect(parsed(RIGHT ?? '')).toEqual({
      exceptions: [
        {
          check: 'public-access',
          project: 'acme',
          resource: '//artifactregistry.googleapis.com/projects/acme/locations/*/repositories/charts',
          owner: 'platform@example.com',
          reason: 'The charts are published.',
          expiresMs: expect.any(Number),
          source: {
            file: '_exceptions.yaml',
            line: 3,
            contentHash: sha256(RIGHT ?? ''),
            gitRevision: unknown('no git'),
          },
        },
      ],
      problems: [],
    });
  });

  it.each<[string, (text: string) => string, string]>([
    [
      'a check that there is not',
      (text) => text.replace('public-access', 'public-acess'),
      '3:12 check is the id of a check, as docs/audit-checks.md lists them, not "public-acess". Did you mean public-access?',
    ],
    ['a day that there is not', (text) => text.replace('2027-01-31', '2027-02-31'), "8:14 expires can't be"],
    [
      'no end',
      (text) => text.replace(/ *expires.*\n/, ''),
      '3:5 The exception has no expires, and needs one.',
    ],
    ['no owner', (text) => text.replace(/ *owner.*\n/, ''), '3:5 The exception has no owner, and needs one.'],
    ['a key that is none', (text) => text.replace('reason:', 'raeson:'), 'Did you mean `reason`?'],
    ['another version', (text) => text.replace('/v1', '/v2'), 'apiVersion is gcr-warden/v1'],
    ['no YAML', () => 'a: [', 'This is not YAML'],
    ['nothing', () => '\n', 'A file of exceptions is one document, and here is none.'],
  ])('tells of %s', (_name, change, told) => {
    const { exceptions, problems } = parsed(change(RIGHT ?? ''));
    expect(exceptions).toEqual([]);
    expect(problems.map(({ line, column, message }) => `${line}:${column} ${message}`).join('\n')).toContain(
      told,
    );
  });

  it('is no policy, and is checked with them', () => {
    const files = [
      {
        file: '_exceptions.yaml',
        text: (RIGHT ?? '').replace('public-access', 'x'),
        gitRevision: unknown(''),
      },
    ];
    const check = checkPolicyFolder({ files, unread: [] }, NOW_MS);
    expect(check.policies).toEqual([]);
    expect(check.problems).toMatchObject([
      { code: 'POLICY_VALUE', line: 3, excerpt: { text: '  - check: x', caret: 11 } },
    ]);
  });
});

describe('a folder of policies, for the audit', () => {
  const gitRevision = known('0123abc');
  const policy =
    'apiVersion: gcr-warden/v1\npolicy: a\nrepositories: "*/acme/**"\ndelete: [{ old: { olderThan: 7d } }]\n';
  const right = { file: 'team/_exceptions.yaml', text: RIGHT ?? '', gitRevision };
  const broken = { file: '_exceptions.yaml', text: (RIGHT ?? '').replace('public-access', 'x'), gitRevision };

  it('has exceptions and policies, and the hash of every file', () => {
    const folder = parseAuditFolder({
      files: [right, { file: 'a.yaml', text: policy, gitRevision }],
      unread: [],
    });
    expect(folder).toMatchObject({
      exceptions: [{ check: 'public-access', source: { file: 'team/_exceptions.yaml' } }],
      broken: known([]),
      policies: { kind: 'known', value: [{ name: 'a' }] },
      files: [
        { file: 'a.yaml', contentHash: sha256(policy), gitRevision },
        { file: 'team/_exceptions.yaml', contentHash: sha256(RIGHT ?? ''), gitRevision },
      ],
    });
  });

  it('has no exception of a broken file, not of one with a right one beside it either', () => {
    const both = `${RIGHT}${(RIGHT ?? '').slice((RIGHT ?? '').indexOf('  - check')).replace('public-access', 'x')}`;
    const folder = parseAuditFolder({ files: [{ ...broken, text: both }, right], unread: [] });
    expect(folder.exceptions.map(({ source }) => source.file)).toEqual(['team/_exceptions.yaml']);
    expect(folder.broken).toMatchObject({ kind: 'known', value: [{ file: '_exceptions.yaml' }] });
  });

  it('does not know its policies where one is broken', () => {
    const folder = parseAuditFolder({
      files: [{ file: 'a.yaml', text: 'policy: 1', gitRevision }],
      unread: [],
    });
    expect(folder.policies).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('a.yaml:1') });
  });

  it('makes a finding of every broken file, and one where nothing could be read', () => {
    const findings = (folder: AuditFolder) =>
      applyExceptions([], folder, 'acme', NOW_MS).map(({ check, status, resource }) => [
        check,
        status,
        resource,
      ]);
    expect(findings(parseAuditFolder({ files: [broken, right], unread: [] }))).toEqual([
      ['exception-unused', 'FAIL', 'exception team/_exceptions.yaml'],
      ['exception-broken', 'FAIL', 'exceptions _exceptions.yaml'],
    ]);
    expect(findings(unreadAuditFolder('403'))).toEqual([['exception-broken', 'UNKNOWN', 'exceptions']]);
  });
});
