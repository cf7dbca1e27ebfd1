import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, warden } from '../support/command.ts';

const PAGE = join(ROOT, 'docs/policy-import.md');

/** `UPDATE_GOLDEN=1` writes what is printed now into the page; review the difference like code. */
const UPDATES = process.env['UPDATE_GOLDEN'] === '1';

const EXAMPLE = /^`(\S+)`:\n\n```json\n(.*?)^```\n\n```sh\ngcr-warden (.*?)\n```\n\n```yaml\n(.*?)^```$/gms;

const page = await readFile(PAGE, 'utf8');
const examples = Array.from(
  page.matchAll(EXAMPLE),
  ([, file = '', source = '', command = '', output = '']) => ({
    file,
    source,
    command,
    output,
  }),
);

describe('the page on imports', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'warden-import-page-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('has an example of every source', () => {
    expect(examples.map(({ command }) => /--from (\S+)/.exec(command)?.[1])).toEqual([
      'artifact-registry',
      'ecr',
      'gcr-cleaner',
    ]);
  });

  it.each(examples)('shows what its example prints: $command', async ({ file, source, command, output }) => {
    const path = join(folder, file);
    await writeFile(path, source);
    const words = command.split(' ').map((word) => (word === file ? path : word.replaceAll("'", '')));
    const run = await warden(words);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    if (UPDATES) {
      const now = await readFile(PAGE, 'utf8');
      const shown = `${command}\n\`\`\`\n\n\`\`\`yaml\n`;
      await writeFile(
        PAGE,
        now.replace(`${shown}${output}`, () => `${shown}${run.stdout}`),
      );
    } else expect(run.stdout).toBe(output);
  });

  it('explains every note of the examples and of the golden imports', async () => {
    const source = await readFile(join(ROOT, 'shared/core/policy-import/draft.ts'), 'utf8');
    const kinds = Array.from(source.matchAll(/^ {4}\| '([A-Z_]+)'/gm), ([, kind]) => kind);
    const documented = Array.from(page.matchAll(/^\| `([A-Z_]+)` \|/gm), ([, kind]) => kind);
    expect(kinds.length).toBeGreaterThan(5);
    expect([...documented].sort()).toEqual([...kinds].sort());
  });
});
