import { readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEDGER_REMEDIES } from '../../shared/core/ledger-finding.ts';
import { NOUNS } from '../../shared/core/ledger-record.ts';
import { ROOT } from '../support/command.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(['pr-1', 'pr-2', 'v1']);
  const policies = await stage.policies('p', {
    'p.yaml': pullRequests('enforce', 'limits: { share: 70% }\n'),
  });
  const file = stage.path('plan.json');
  await stage.warden(['plan', '--policies', policies, '--out', file, stage.target]);
  expect(await stage.warden(['apply', file, '--yes'])).toMatchObject({ exitCode: 0 });
});
afterAll(() => stage.close());

describe('gcr-warden ledger', () => {
  it('writes a ledger that reads back as the same, to a file and to standard output', async () => {
    const file = stage.path('ledger.jsonl');
    const written = await stage.warden(['ledger', 'export', '--out', file]);
    expect(written).toMatchObject({ exitCode: 0, stderr: '' });
    const text = await readFile(file, 'utf8');
    expect(text.split('\n').length).toBeGreaterThan(5);
    const copy = stage.path('copy.sqlite');
    for (const isAgain of [false, true]) {
      const read = await stage.warden(['ledger', 'import', '--ledger', copy, file]);
      expect(read).toMatchObject({ exitCode: 0, stderr: '' });
      expect(read.stdout.includes('were there already')).toBe(isAgain);
    }
    const back = await stage.warden(['ledger', 'export', '--ledger', copy]);
    expect(back.stdout).toBe(text);
    expect(await stage.warden(['ledger', 'verify', '--ledger', copy])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+ records: nothing contradicts itself\.\n$/),
    });
  });

  it('ends with 1 where a ledger contradicts itself, and says what to do', async () => {
    const path = stage.path('broken.sqlite');
    const file = stage.path('for-broken.jsonl');
    await stage.warden(['ledger', 'export', '--out', file]);
    await stage.warden(['ledger', 'import', '--ledger', path, file]);
    const database = new DatabaseSync(path);
    database.exec(
      `INSERT INTO leases (repository, holder, fencing_token, until_ms) VALUES ('gcr.io/a/b', 'x', 1, ${Date.now() + 1e10})`,
    );
    database.close();
    const told = await stage.warden(['ledger', 'verify', '--ledger', path]);
    expect(told).toMatchObject({ exitCode: 1, stderr: '' });
    expect(told.stdout).toContain('LEASE_IN_FUTURE  the lease of gcr.io/a/b: x holds it until ');
    expect(told.stdout).toMatch(/: 1 contradiction\.\n$/);
    const [line = ''] = (await stage.warden(['ledger', 'verify', '--json', '--ledger', path])).stdout.split(
      '\n',
    );
    expect(JSON.parse(line)).toMatchObject({
      code: 'LEASE_IN_FUTURE',
      remedy: LEDGER_REMEDIES.LEASE_IN_FUTURE,
    });
  });

  it('refuses what is no export with 2, and leaves no half export behind', async () => {
    const file = stage.path('cut.jsonl');
    await writeFile(file, '{"kind":"gcr-warden/ledger","version":1}\n');
    const cut = await stage.warden(['ledger', 'import', '--ledger', stage.path('x.sqlite'), file]);
    expect(cut).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('LEDGER_EXPORT_INVALID') });
    const missing = await stage.warden(['ledger', 'import', stage.path('none.jsonl')]);
    expect(missing).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('LEDGER_EXPORT_INVALID') });
    const nowhere = await stage.warden(['ledger', 'export', '--out', stage.path('no/folder.jsonl')]);
    expect(nowhere).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('LEDGER_EXPORT_UNWRITABLE'),
    });
    const absent = await stage.warden(['ledger', 'export', '--ledger', stage.path('none.sqlite')]);
    expect(absent).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('LEDGER_MISSING') });
  });

  it('has every noun and every code on its page', async () => {
    const page = await readFile(`${ROOT}/docs/ledger.md`, 'utf8');
    const nouns = /each with its `noun`: (.+?); in this order/.exec(page)?.[1] ?? '';
    expect(Array.from(nouns.matchAll(/`(.+?)`/g), ([, noun]) => noun)).toEqual([...NOUNS]);
    const section = page.split('### What verify finds')[1]?.split('\n## ')[0] ?? '';
    const codes = Array.from(section.matchAll(/^\| `([A-Z_]+)` \|/gm), ([, code]) => code);
    expect(codes).toEqual(Object.keys(LEDGER_REMEDIES).sort());
  });
});
