import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';

/** What puts manifests, by the names under which it can be had. */
const WRITER = /\bwriter\(|\bcreateRegistryWriter\b|\bRegistryWriter\b|\/restore(?:-survey)?\.ts'/;
/** What deletes. */
const DELETER = /\bdeleter\(|\bcreateRegistryDeleter\b|\bRegistryDeleter\b/;

const read = async (pattern: string): Promise<[string, string][]> =>
  Promise.all(
    globSync(pattern, { cwd: ROOT }).map(async (path) => [path, await readFile(join(ROOT, path), 'utf8')]),
  );

it('gives nothing that is deployed, and nothing that deletes, a way to put a manifest', async () => {
  const sources = [...(await read('functions/**/*.ts')), ...(await read('{cli,local,shared/app}/**/*.ts'))];
  const writing = sources.filter(([, text]) => WRITER.test(text));
  expect(writing.map(([path]) => path).sort()).toEqual([
    'cli/commands/restore.ts',
    'cli/program.ts',
    'shared/app/restore-survey.ts',
    'shared/app/restore.ts',
  ]);
  expect(writing.filter(([, text]) => DELETER.test(text)).map(([path]) => path)).toEqual([]);
  expect(sources.some(([, text]) => DELETER.test(text))).toBe(true);
});
