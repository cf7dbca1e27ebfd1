import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CHECKS } from '../../../shared/core/audit/index.ts';
import { renderAuditChecks } from '../../../shared/report/audit-checks-markdown.ts';

const page = readFileSync(new URL('../../../docs/audit-checks.md', import.meta.url), 'utf8');

it('docs/audit-checks.md is what node tools/audit-checks.ts writes', () => {
  expect(page).toBe(renderAuditChecks(CHECKS));
});
