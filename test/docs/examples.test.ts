import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { wholeProgram } from '../../cli/program.ts';
import { unknown } from '../../shared/core/fact.ts';
import { checkPolicyFolder } from '../../shared/core/policy-file/check.ts';
import { ROOT } from '../support/command.ts';

const files = [
  'README.md',
  'CONTRIBUTING.md',
  ...globSync('docs/**/*.md', { cwd: ROOT }),
  ...globSync('terraform/**/README.md', { cwd: ROOT }),
].sort();
const pages = new Map(
  await Promise.all(files.map(async (file) => [file, await readFile(join(ROOT, file), 'utf8')] as const)),
);

/** Words as a shell makes them, for the quotes that examples use. */
function shellWords(line: string): string[] {
  return Array.from(line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g), ([word]) => word.replaceAll(/["']/g, ''));
}

/** Every `gcr-warden …` of the blocks of commands, without what a shell does around it. */
function commandLines(page: string): string[] {
  const blocks = Array.from(page.matchAll(/^```(?:sh|console)\n(.*?)^```$/gms), ([, text = '']) => text);
  return blocks.flatMap((block) =>
    Array.from(block.matchAll(/^\$? ?(?:npx )?gcr-warden (.+)$/gm), ([, words = '']) =>
      words.replace(/\s+(?:#|[|>]).*$/, '').trim(),
    ),
  );
}

const commands = [...pages].flatMap(([file, page]) =>
  commandLines(page).map((line) => [file, line] as const),
);

describe('every command line in the documentation', () => {
  it('is found', () => {
    expect(commands.length).toBeGreaterThan(60);
  });

  it.each(commands)('%s: gcr-warden %s', async (_file, line) => {
    const program = await wholeProgram();
    const parsed: string[] = [];
    const watch = (command: Command): void => {
      command.action(() => void parsed.push(command.name()));
      command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
      for (const below of command.commands) watch(below);
    };
    for (const command of program.commands) watch(command);
    program.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    const words = shellWords(line);
    if (words.includes('--help') || words.includes('--version')) return;
    await program.parseAsync(words, { from: 'user' });
    expect(parsed).toHaveLength(1);
  });
});

/** Blocks that are policies; one that is meant to be wrong begins with `# problem`. */
function policyBlocks(page: string): string[] {
  return Array.from(page.matchAll(/^```yaml\n(.*?)^```$/gms), ([, text = '']) => text).filter(
    (text) =>
      /^policy: /m.test(text) && /^apiVersion: gcr-warden\/v1$/m.test(text) && !text.startsWith('# problem'),
  );
}

const policies = [...pages].flatMap(([file, page]) =>
  policyBlocks(page).map((text) => [file, text] as const),
);

describe('every policy in the documentation', () => {
  it.each(policies)('%s is right: %#', (_file, text) => {
    const gitRevision = unknown('an example');
    const check = checkPolicyFolder(
      { files: [{ file: 'a.yaml', text, gitRevision }], unread: [] },
      Date.UTC(2026, 10, 30),
      [],
    );
    expect(check.problems).toEqual([]);
  });

  it('gives no warning where it is there to be copied', () => {
    const files = policyBlocks(pages.get('docs/recipes.md') ?? '').map((text, at) => ({
      file: `${at}.yaml`,
      text,
      gitRevision: unknown('an example'),
    }));
    expect(files.length).toBeGreaterThan(7);
    const warnings = files.flatMap(
      (file) => checkPolicyFolder({ files: [file], unread: [] }, Date.UTC(2026, 10, 30), []).warnings,
    );
    // It is meant to keep and nothing else, beside policies that delete.
    expect(warnings.map(({ code, policy }) => `${code} ${policy}`)).toEqual(['NEVER_DELETES base-images']);
  });
});

describe('every other block of data in the documentation', () => {
  const blocks = [...pages].flatMap(([file, page]) =>
    Array.from(
      page.matchAll(/^```(json|yaml)\n(.*?)^```$/gms),
      ([, kind = '', text = '']) => [file, kind, text] as const,
    ),
  );

  it.each(blocks)('%s has %s that can be read: %#', (_file, kind, text) => {
    if (kind === 'json') expect(() => JSON.parse(text)).not.toThrow();
    else if (!text.startsWith('# problem')) {
      for (const document of parseAllDocuments(text))
        expect('errors' in document ? document.errors : []).toEqual([]);
    }
  });
});
