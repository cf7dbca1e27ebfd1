import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { IamCondition } from '../../../shared/core/audit/access.ts';
import { command, conditionFlag } from '../../../shared/core/audit/command.ts';

/** The words that bash makes of a line. */
function wordsOf(line: string): string[] {
  const { stdout } = spawnSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}

describe('a command line', () => {
  it.each([
    ['a plain word', 'gs://artifacts.acme.appspot.com'],
    ['a deleted member', 'deleted:serviceAccount:ci@acme.iam.gserviceaccount.com?uid=123'],
    ['a member of a workload identity pool', 'serviceAccount:acme.svc.id.goog[prod/api]'],
    ['a command substitution', '$(touch /tmp/x)`id`'],
    ['quotes', `it's "so"`],
    ['lines', 'a &&\n\tb'],
    ['a backslash before a line', "x\\\ny'z"],
    ['an empty word', ''],
    ['a word that begins with a comment sign', '#x'],
    ['letters of other scripts', 'Grüße-東京'],
  ])('carries %s to the shell as it is', (_name, word) => {
    expect(wordsOf(command('gcloud', word, 'end'))).toEqual(['gcloud', word, 'end']);
  });

  it.each([
    ['an escape sequence', 'user:\u001b[2Jada@example.com'],
    ['a character that turns the direction', 'user:\u202eada@example.com'],
    ['a line break of the other kind', 'user:\u2028rm -rf /'],
  ])('becomes a remark where a word holds %s', (_name, word) => {
    const line = command('gcloud', word);
    expect(line).toMatch(/^# no command: /);
    expect(line).not.toContain(word);
  });
});

describe('the flag that names a condition', () => {
  it.each<[string, IamCondition | null, string | null]>([
    ['names the binding that has none', null, '--condition=None'],
    [
      'names expression and title',
      { expression: 'a == b', title: 't', description: null },
      '--condition=expression=a == b,title=t',
    ],
    [
      'names a description too',
      { expression: 'a', title: 't', description: 'd' },
      '--condition=expression=a,title=t,description=d',
    ],
    [
      'takes another delimiter where a text has a comma',
      { expression: 'a in [1,2]', title: 't', description: null },
      '--condition=^;^expression=a in [1,2];title=t',
    ],
    [
      'gives up where every delimiter is in a text',
      { expression: ',;|~#@@::%%%', title: 't', description: null },
      null,
    ],
  ])('%s', (_name, condition, flag) => {
    expect(conditionFlag(condition)).toBe(flag);
  });
});
