import { describe, expect, it } from 'vitest';
import { shortenAll } from '../../shared/core/digest.ts';
import {
  applyProgressLine,
  auditProgressLine,
  progressLine,
  restoreProgressLine,
} from '../../shared/report/progress-text.ts';

describe('the line of progress while a plan is applied', () => {
  it('says how many steps are done, how fast, and about how long the rest takes', () => {
    const progress = { steps: { done: 100, all: 400 }, deleted: 90, elapsedMs: 5_000 };
    expect(applyProgressLine(progress, 120)).toBe(
      `[${'#'.repeat(6)}${'.'.repeat(18)}]  100 of 400 steps  90 deleted, 20/s  about 15 s left`,
    );
  });

  it('guesses nothing before there is something to guess from, and nothing where all is done', () => {
    for (const [done, elapsedMs] of [
      [0, 60_000],
      [1, 500],
      [10, 60_000],
    ] as const) {
      const line = applyProgressLine({ steps: { done, all: 10 }, deleted: 0, elapsedMs }, 120);
      expect(line).not.toContain('left');
    }
  });

  it('keeps to any width, and survives a plan without steps', () => {
    for (const width of [1, 20, 80]) {
      const line = applyProgressLine({ steps: { done: 0, all: 0 }, deleted: 0, elapsedMs: 0 }, width);
      expect(line.length).toBeLessThan(Math.max(2, width));
    }
  });
});

describe('the line of progress while listings are read', () => {
  it('says about how long the other repositories take', () => {
    const progress = { repositories: { read: 3, all: 12 }, pages: 4, entries: 9_000, elapsedMs: 60_000 };
    expect(progressLine(progress, 120)).toMatch(/ {2}about 3 min left$/);
  });
});

describe('the line of progress while something is restored', () => {
  it('says what is done first, and then how far it has come', () => {
    expect(restoreProgressLine({ manifests: null, elapsedMs: 900 }, 120)).toMatch(
      /looking for what is still there$/,
    );
    expect(restoreProgressLine({ manifests: { done: 5, all: 20 }, elapsedMs: 5_000 }, 120)).toBe(
      `[${'#'.repeat(6)}${'.'.repeat(18)}]  5 of 20 manifests  1/s  about 15 s left`,
    );
  });
});

describe('the line of progress while an audit reads', () => {
  it('counts answers, and projects where there are several', () => {
    const elapsedMs = 10_000;
    expect(auditProgressLine({ projects: 0, replies: 40, elapsedMs }, 120)).toBe('40 answers read, 4/s');
    expect(auditProgressLine({ projects: 3, replies: 40, elapsedMs }, 120)).toBe(
      '3 projects audited  40 answers read, 4/s',
    );
  });
});

describe('short digests', () => {
  const digest = (text: string): `sha256:${string}` => `sha256:${text.padEnd(64, '0')}`;
  it('have twelve characters, or as many as tell them apart', () => {
    const [a, b, c] = [digest('aaaaaaaaaaaa1'), digest('aaaaaaaaaaaa2'), digest('b')];
    expect([a, c].map(shortenAll([a, c]))).toEqual(['aaaaaaaaaaaa', 'b00000000000']);
    expect([a, b].map(shortenAll([a, b, c]))).toEqual(['aaaaaaaaaaaa1000', 'aaaaaaaaaaaa2000']);
  });

  it('are the same for a digest that stands there twice', () => {
    const one = digest('a');
    expect(shortenAll([one, one])(one)).toHaveLength(12);
  });

  it('are whole where nothing shorter tells them apart', () => {
    const [a, b] = [digest(`${'a'.repeat(50)}1`), digest(`${'a'.repeat(50)}2`)];
    expect(shortenAll([a, b])(a)).toHaveLength(64);
  });
});
