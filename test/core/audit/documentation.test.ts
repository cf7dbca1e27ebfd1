import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CHECKS } from '../../../shared/core/audit/index.ts';

const page = readFileSync(new URL('../../../docs/audit-checks.md', import.meta.url), 'utf8');

it('every check is documented as it is, and every documented check exists', () => {
  const documented = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(documented).toEqual(
    CHECKS.map(({ id, severity, decided }) => `| \`${id}\` | ${severity} | ${decided} |`),
  );
});
