import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';

/** Cells of a row; a pipe that is escaped or in code is text. */
function cellsOf(row: string): number {
  return row
    .replace(/`[^`]*`/g, '')
    .replace(/\\\|/g, '')
    .split('|').length;
}

const pages = ['*.md', 'docs/**/*.md', 'terraform/**/*.md', 'policies/**/*.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: ROOT }),
);

it('has as many cells in each row of a table as in its head', () => {
  expect(pages.length).toBeGreaterThan(30);
  const uneven: string[] = [];
  let tables = 0;
  for (const page of pages) {
    const lines = readFileSync(join(ROOT, page), 'utf8').split('\n');
    for (const [at, line] of lines.entries()) {
      if (!/^\|(?:\s*:?-+:?\s*\|)+\s*$/.test(line)) continue;
      tables += 1;
      const cells = cellsOf(line);
      for (let row = at - 1; lines[row]?.startsWith('|'); row += row < at ? 2 : 1) {
        if (cellsOf(lines[row] ?? '') !== cells) uneven.push(`${page}:${row + 1}`);
      }
    }
  }
  expect(tables).toBeGreaterThan(50);
  expect(uneven).toEqual([]);
});
