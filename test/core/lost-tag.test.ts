import { describe, expect, it } from 'vitest';
import type { HistoryFact } from '../../shared/core/history.ts';
import { lostTags } from '../../shared/core/lost-tag.ts';
import { digestOf } from './estate.ts';

const OLD = digestOf('old');
const YOUNG = digestOf('young');
const REMOVED = { tag: 'pr-1', digest: OLD, fromMs: 100_000, untilMs: 200_000 };

function told(atMs: number, more: Partial<HistoryFact> = {}): HistoryFact {
  return { atMs, source: 'told', action: 'INSERT', digest: YOUNG, tag: 'pr-1', ...more };
}

describe('a tag that was removed', () => {
  it.each<[string, readonly HistoryFact[]]>([
    ['was pushed between the look at it and its removal', [told(150_000)]],
    ['was pushed then by a clock that is behind', [told(96_000)]],
    [
      'was pushed several times then, in whatever order that was told',
      [told(150_000), told(120_000, { digest: digestOf('other') })],
    ],
  ])('is lost where it %s', (_when, facts) => {
    expect(lostTags([REMOVED], facts)).toEqual([{ removed: REMOVED, digest: YOUNG }]);
  });

  it.each<[string, readonly HistoryFact[]]>([
    ['nobody pushed it', []],
    ['it was pushed before', [told(90_000)]],
    ['it was pushed later', [told(206_000)]],
    ['it was pushed then and again later', [told(150_000), told(206_000)]],
    ['what was planned to lose it was pushed', [told(150_000, { digest: OLD })]],
    ['another tag was pushed', [told(150_000, { tag: 'pr-2' })]],
    ['a digest was pushed without a tag', [told(150_000, { tag: null })]],
    ['others removed it', [told(150_000, { action: 'DELETE' })]],
    ['a listing showed it, which has no time of its own', [told(150_000, { source: 'observed' })]],
  ])('is not lost where %s', (_why, facts) => {
    expect(lostTags([REMOVED], facts)).toEqual([]);
  });
});
