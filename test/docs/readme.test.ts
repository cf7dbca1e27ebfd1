import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { unknown } from '../../shared/core/fact.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { ROOT } from '../support/command.ts';

it('shows a policy that is a whole policy', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, block = '']) => block);
  expect(blocks).toHaveLength(1);
  for (const text of blocks) {
    const { policies, problems } = parsePolicyFile({
      file: 'README.md',
      text,
      gitRevision: unknown('a test'),
    });
    expect(problems).toEqual([]);
    expect(policies).toHaveLength(1);
  }
});

it('is short enough to be read at once', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  expect(readme.split('\n').length).toBeLessThan(200);
});
