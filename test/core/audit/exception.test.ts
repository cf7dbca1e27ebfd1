import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type AuditException, applyExceptions } from '../../../shared/core/audit/exception.ts';
import { runChecks } from '../../../shared/core/audit/index.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import { checkPolicyFolder } from '../../../shared/core/policy-file/check.ts';
import { parseExceptions } from '../../../shared/core/policy-file/parse-exceptions.ts';
import { bind, NOW_MS, repliesWith, repositoryWith } from './replies.ts';

const PUBLIC = { locations: known([repositoryWith(bind('roles/artifactregistry.reader', 'allUsers'))]) };
const DAY_MS = 86_400_000;

const EXCEPTION: AuditException = {
  check: 'public-access',
  project: 'acme',
  resource: '//artifactregistry.googleapis.com/projects/acme/locations/*/repositories/services',
  owner: 'platform@example.com',
  reason: 'published',
  expiresMs: NOW_MS + DAY_MS,
  place: '_exceptions.yaml:3',
};

/** `check status` of what is not a PASS, and of exceptions in any case. */
function judged(different: Partial<AuditReplies>, exception: Partial<AuditException>): string[] {
  const findings = runChecks(repliesWith(different), NOW_MS, DEFAULT_AUDIT_SETTINGS);
  return (
    applyExceptions(findings, [{ ...EXCEPTION, ...exception }], 'acme', NOW_MS)
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
    const [finding] = applyExceptions(findings, [EXCEPTION], 'acme', NOW_MS);
    expect(finding).toMatchObject({
      status: 'EXCEPTED',
      exception: { owner: 'platform@example.com', reason: 'published', place: '_exceptions.yaml:3' },
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
          place: '_exceptions.yaml:3',
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
