import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CHANGE_KINDS } from '../../shared/core/policy-diff.ts';
import { DIGEST_NIGHTS_MAX, NIGHTS_MAX } from '../../shared/core/simulate.ts';
import { COMMENT_CHARACTERS_MAX } from '../../shared/report/policy-diff-markdown.ts';
import { openStage, pullRequests, type Stage } from '../cli/stage.ts';
import { ROOT } from '../support/command.ts';

const page = await readFile(join(ROOT, 'docs/policy-changes.md'), 'utf8');
const examples = Array.from(page.matchAll(/^npx gcr-warden (.+)$/gm), ([, words = '']) => words);

let stage: Stage;
let directory: string;
let folders: Record<string, string>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'warden-changes-'));
  stage = await openStage(['pr-1', 'main']);
  folders = {
    old: await stage.policies('old', { 'a.yaml': pullRequests('plan') }),
    new: await stage.policies('new', { 'a.yaml': pullRequests('enforce') }),
  };
});
afterAll(async () => {
  await stage.close();
  await rm(directory, { recursive: true, force: true });
});

// In the page's order: what one writes, the next one reads.
it.each(examples)('gcr-warden %s', async (words) => {
  const placed = words.split(' ').map((word) => {
    if (word === 'localhost:5050/acme') return stage.target;
    if (/^(?:snapshot\.json|replay\.html)$/.test(word)) return join(directory, word);
    return word.endsWith('.sqlite') ? stage.path('ledger.sqlite') : (folders[word] ?? word);
  });
  const run = await stage.warden(placed);
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  expect(run.stdout).not.toBe('');
});

it('has examples of both commands, and the last of them wrote the page', async () => {
  expect(examples.map((words) => words.split(' ', 2).join(' '))).toEqual([
    'snapshot --out',
    'policy diff',
    'policy diff',
    'policy simulate',
    'policy simulate',
  ]);
  expect(await readFile(join(directory, 'replay.html'), 'utf8')).toContain('<!doctype html>');
});

it('names every kind of change, and the limits as they are', () => {
  const kinds = Array.from(page.matchAll(/^\| \*\*(.+?)\*\* \|/gm), ([, kind]) => kind);
  expect(kinds).toEqual([...CHANGE_KINDS]);
  expect(page).toContain(`at most ${COMMENT_CHARACTERS_MAX.toLocaleString('en')} characters`);
  expect(page).toContain(`At most ${NIGHTS_MAX.toLocaleString('en')} scheduled times`);
  expect(DIGEST_NIGHTS_MAX).toBe(365 * 20_000);
});
