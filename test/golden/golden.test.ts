import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { caseNames, expectedFile, planCase, readCase } from './case.ts';

/** `UPDATE_GOLDEN=1` writes what is planned now over what was expected; review the difference like code. */
const UPDATES = process.env['UPDATE_GOLDEN'] === '1';

describe('golden plans', () => {
  it.each(caseNames().map((name) => [name, readCase(name).wants] as const))('%s: %s', (name) => {
    const file = expectedFile(name);
    const text = `${JSON.stringify(planCase(name), null, 2)}\n`;
    if (UPDATES) writeFileSync(file, text);
    expect(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`).toBe(true);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });
});
