import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { unknown } from '../../shared/core/fact.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { IMPORT_SOURCES, importPolicies } from '../../shared/core/policy-import/import.ts';

const FOLDER = fileURLToPath(new URL('import', import.meta.url));

/** `UPDATE_GOLDEN=1` writes what is imported now over what was expected; review the difference like code. */
const UPDATES = process.env['UPDATE_GOLDEN'] === '1';

const request = z.strictObject({
  from: z.enum(IMPORT_SOURCES),
  files: z.array(z.string()),
  repositories: z.array(z.string()),
});

describe('golden imports', () => {
  it.each(readdirSync(FOLDER).sort())('%s', (name) => {
    const folder = join(FOLDER, name);
    const { from, files, repositories } = request.parse(
      JSON.parse(readFileSync(join(folder, 'request.json'), 'utf8')),
    );
    const sources = files.map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
    const { yaml } = importPolicies({ from, files: sources, repositories });
    const expected = join(folder, 'expected.golden.yaml');
    if (UPDATES) writeFileSync(expected, yaml);
    expect(existsSync(expected), `${expected} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
    expect(yaml).toBe(readFileSync(expected, 'utf8'));

    const { policies, problems } = parsePolicyFile({
      file: 'a.yaml',
      text: yaml,
      gitRevision: unknown('a test'),
    });
    expect(problems).toEqual([]);
    expect(policies.map(({ mode }) => mode)).toEqual(policies.map(() => 'plan'));
  });
});
