import { describe, expect, it } from 'vitest';
import { NOW_MS } from '../../../shared/core/audit/example.ts';
import { CHECKS, runChecks } from '../../../shared/core/audit/index.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';

describe.each(CHECKS)('the examples of $id', ({ id, severity, examples, references, rationale }) => {
  it.each(examples)('$title', ({ replies, settings, answers }) => {
    const found = runChecks(replies(), NOW_MS, { ...DEFAULT_AUDIT_SETTINGS, ...settings }).filter(
      ({ check }) => check === id,
    );
    expect(
      found.map((finding) => (finding.status === 'FAIL' ? `FAIL ${finding.severity}` : finding.status)),
    ).toEqual(answers);
  });

  it('have one that fails as badly as it can, and one where nothing fails', () => {
    const all = examples.map(({ answers }) => answers);
    expect(all.flat()).toContain(`FAIL ${severity}`);
    expect(all.some((answers) => answers.includes('PASS') && !answers.join().includes('FAIL'))).toBe(true);
    expect(new Set(examples.map(({ title }) => title)).size).toBe(examples.length);
  });

  it('stand beside a reason and a page of documentation', () => {
    expect(rationale).not.toBe('');
    expect(references.map(({ kind }) => kind)).toContain('documentation');
  });
});
