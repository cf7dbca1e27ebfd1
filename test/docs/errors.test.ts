import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REFUSED_CODES } from '../../cli/exit-code.ts';
import { LEDGER_REMEDIES } from '../../shared/core/ledger-finding.ts';
import { POLICY_PROBLEM_CODES } from '../../shared/core/policy-file/problem.ts';
import { ROOT } from '../support/command.ts';

const CODE = "'([A-Z][A-Z0-9_]+)'";

/** Every way in which the source spells a code. */
const SPELLINGS: readonly RegExp[] = [
  // new WardenError('CODE', …), new RegistryError('CODE', …)
  new RegExp(`\\b\\w+Error(?:<[^>()]*>)?\\(\\s*${CODE}`, 'g'),
  // { code: 'CODE', … }
  new RegExp(`\\bcode: ${CODE}`, 'g'),
  // problem instanceof WardenError ? problem.code : 'CODE'
  new RegExp(`\\.code : ${CODE}`, 'g'),
];

/** `type RegistryErrorCode = 'A' | 'B';` and `readonly code: 'A' | 'B';` */
const UNIONS = /(?:\btype \w*ErrorCode =|\breadonly code:)((?:\s*\|?\s*'[A-Z0-9_]+')+)\s*;/g;

/** An error made with a code that is not written there: its codes have to come from a union. */
const COMPUTED = /\bnew (?:Warden|Registry)Error(?:<[^>()]*>)?\(\s*(?!')(\S+)/g;

/** Codes of the protocols that the local stand-ins speak, which are Google's and distribution's own. */
const STAND_INS = /^local\/(?:registry|google-apis)\//;

const sources = new Map(
  await Promise.all(
    globSync('{shared,functions,cli,local,tools}/**/*.ts', {
      cwd: ROOT,
      exclude: (name) => name === 'node_modules',
    }).map(async (path) => [path, await readFile(join(ROOT, path), 'utf8')] as const),
  ),
);

function codesIn(path: string, source: string): string[] {
  const spellings = STAND_INS.test(path) ? SPELLINGS.slice(0, 1) : SPELLINGS;
  const spelled = spellings.flatMap((spelling) =>
    Array.from(source.matchAll(spelling), ([, code = '']) => code),
  );
  const unions = Array.from(source.matchAll(UNIONS), ([, union = '']) => union.match(/[A-Z0-9_]+/g) ?? []);
  return [...spelled, ...unions.flat()];
}

const thrown = new Set(
  [...sources]
    .flatMap(([path, source]) => codesIn(path, source))
    .filter((code) => !(code in POLICY_PROBLEM_CODES))
    // What "ledger verify" finds has its own page; what is thrown as well is here too.
    .filter((code) => !(code in LEDGER_REMEDIES) || code.startsWith('LEDGER_')),
);

const page = await readFile(join(ROOT, 'docs/errors.md'), 'utf8');
const rows = Array.from(page.matchAll(/^\| `(.+?)` \| (.+) \| (.+) \|$/gm), ([, code = '', what, help]) => ({
  code,
  what,
  help,
}));
const documented = rows.map(({ code }) => code);

describe('the error catalogue', () => {
  it('finds the codes in the source', () => {
    expect([...thrown]).toEqual(
      expect.arrayContaining(['PLAN_TOO_OLD', 'REGISTRY_TOO_LATE', 'LIMIT_SHARE', 'INTERNAL']),
    );
    expect(thrown.size).toBeGreaterThan(50);
  });

  it('explains every code that the source has', () => {
    expect([...thrown].filter((code) => !documented.includes(code)).sort()).toEqual([]);
  });

  it('has no code that the source has not', () => {
    expect(documented.filter((code) => !thrown.has(code))).toEqual([]);
  });

  it('has every code once, and sorted within its part', () => {
    expect(new Set(documented).size).toBe(documented.length);
    for (const part of page.split(/^## /m)) {
      const codes = Array.from(part.matchAll(/^\| `(.+?)` \|/gm), ([, code = '']) => code);
      expect(codes).toEqual([...codes].sort());
    }
  });

  it('leaves the codes of policy files to their own page', () => {
    expect(documented.filter((code) => code in POLICY_PROBLEM_CODES)).toEqual([]);
  });

  it('knows every code that ends a command with 2', () => {
    expect([...REFUSED_CODES].filter((code) => !thrown.has(code))).toEqual([]);
  });
});

describe('the source', () => {
  it('writes every code out where the error is made, but for the adapter that has a union of them', () => {
    const computed = [...sources].flatMap(([path, source]) =>
      Array.from(source.matchAll(COMPUTED), ([, argument = '']) => `${path}: ${argument}`),
    );
    expect(computed).toEqual(['shared/adapters/registry/registry-error.ts: code,']);
  });

  it('promises only codes that exist', () => {
    const promised = [...sources].flatMap(([path, source]) =>
      Array.from(
        source.matchAll(/@throws (?:Warden|Registry)Error ((?:[A-Z][A-Z0-9]*_[A-Z0-9_*]+(?:, )?)+)/g),
      )
        .flatMap(([, list = '']) => list.match(/[A-Z][A-Z0-9_*]+/g) ?? [])
        .map((code) => ({ path, code })),
    );
    const exists = (code: string): boolean =>
      code.endsWith('*') ? [...thrown].some((one) => one.startsWith(code.slice(0, -1))) : thrown.has(code);
    expect(promised.length).toBeGreaterThan(20);
    expect(promised.filter(({ code }) => !exists(code))).toEqual([]);
  });
});
