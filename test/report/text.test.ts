import { describe, expect, it } from 'vitest';
import { type TextStyle, table } from '../../shared/report/text.ts';
import { READER } from '../support/reader-clock.ts';

const style = (widthColumns: number): TextStyle => ({ widthColumns, colour: false, clock: READER });
const COLUMNS = [{ title: 'TAGS' }, { title: 'DIGEST' }, { title: '' }, { title: 'WHY' }];
const ROWS = [
  ['pr-12', 'f960df0fa502', '', 'uploaded 20 d ago, and the rule wants more than 14 d'],
  ['', '85953bc65c6d', 'held', 'newest 1 of 1'],
];

describe('a table', () => {
  it('wraps its last column to the width that is left', () => {
    expect(table(COLUMNS, ROWS, style(60))).toBe(`TAGS   DIGEST              WHY
pr-12  f960df0fa502        uploaded 20 d ago, and the rule
                           wants more than 14 d
       85953bc65c6d  held  newest 1 of 1`);
  });

  it('is a block a row where the terminal is too narrow, without what is empty', () => {
    expect(table(COLUMNS, ROWS, style(44))).toBe(`TAGS    pr-12
DIGEST  f960df0fa502
WHY     uploaded 20 d ago, and the rule
        wants more than 14 d

DIGEST  85953bc65c6d
        held
WHY     newest 1 of 1`);
  });

  it('stays a table where its last column needs little', () => {
    const narrow = [['pr-12', 'f960df0fa502', '', 'in use']];
    expect(table(COLUMNS, narrow, style(40)).split('\n')).toHaveLength(2);
  });

  it('is only its titles where there is no row', () => {
    expect(table(COLUMNS, [], style(80))).toBe('TAGS  DIGEST    WHY');
  });

  it('never lets what is in a cell move the terminal', () => {
    expect(table([{ title: 'A' }], [['\u001b[2Jx\u202e']], style(80))).toBe('A\n\\u001b[2Jx\\u202e');
  });
});
