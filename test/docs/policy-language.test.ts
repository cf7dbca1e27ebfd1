import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { unknown } from '../../shared/core/fact.ts';
import { parsePolicyFolder } from '../../shared/core/policy-file/folder.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { PARSER_ONLY_CODES, POLICY_PROBLEM_CODES } from '../../shared/core/policy-file/problem.ts';
import { POLICY_WARNING_CODES } from '../../shared/core/policy-warning.ts';
import { renderPolicyReference } from '../../shared/report/policy-reference-markdown.ts';

const page = await readFile(new URL('../../docs/policy-language.md', import.meta.url), 'utf8');
const blocks = Array.from(page.matchAll(/^```yaml\n(.*?)^```$/gms), ([, text = '']) => text);
const gitRevision = unknown('an example');

describe('the policy reference', () => {
  it('is what the parsers know: run node tools/policy-schema.ts', async () => {
    const text = await readFile(new URL('../../docs/policy-reference.md', import.meta.url), 'utf8');
    expect(text).toBe(renderPolicyReference());
  });
});

describe('the page on the policy language', () => {
  it('says of every example what it is', () => {
    expect(blocks.length).toBeGreaterThan(3);
    expect(blocks.filter((text) => !/^# (?:policy|defaults|problem .+)\n/.test(text))).toEqual([]);
  });

  it.each(blocks.map((text) => [text.split('\n')[0] ?? '', text] as const))('%s', (heading, text) => {
    const file = heading === '# defaults' ? '_defaults.yaml' : 'a.yaml';
    const { policies, problems } = parsePolicyFolder({ files: [{ file, text, gitRevision }], unread: [] });
    const found = problems.map(({ code, line, column }) => `# problem ${code} ${line}:${column}`);
    expect(found).toEqual(heading.startsWith('# problem') ? [heading] : []);
    expect(policies).toHaveLength(heading === '# policy' ? 1 : 0);
  });

  it('lists every code with its meaning', () => {
    const listed = Array.from(page.matchAll(/^\| `(POLICY_[A-Z0-9_]+)` \| (.+) \|$/gm), ([, code, text]) => [
      code,
      text,
    ]);
    expect(listed).toEqual(Object.entries(POLICY_PROBLEM_CODES));
  });

  it('names every code that the JSON Schema leaves to the checker', () => {
    const [, line = ''] = /only the checker refuses has one of these codes: (.+)\.$/m.exec(page) ?? [];
    expect(line.split(', ')).toEqual(PARSER_ONLY_CODES.map((code) => `\`${code}\``));
  });

  it('lists every warning with its meaning', () => {
    const [, table = ''] = page.split('### Warnings');
    const listed = Array.from(table.matchAll(/^\| `([A-Z0-9_]+)` \| (.+) \|$/gm), ([, code, text]) => [
      code,
      text,
    ]);
    expect(listed).toEqual(Object.entries(POLICY_WARNING_CODES));
  });
});

describe('the example policies', () => {
  it('are right', async () => {
    const folder = new URL('../../policies/', import.meta.url);
    const files = (await readdir(folder)).filter(
      (name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'),
    );
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) {
      const text = await readFile(new URL(file, folder), 'utf8');
      const { policies, problems } = parsePolicyFile({ file, text, gitRevision });
      expect(problems).toEqual([]);
      expect(policies.map(({ name }) => `${name}.yaml`)).toEqual([file]);
      expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./schema.json');
    }
  });
});
