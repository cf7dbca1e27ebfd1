import { describe, expect, it } from 'vitest';
import type { Condition } from '../../shared/core/policy.ts';
import { byReach, reachOf, startOfTags } from '../../shared/core/rule-reach.ts';
import { rule } from './estate.ts';

const tags = (...texts: string[]): Condition => ({
  kind: 'tags',
  match: 'any',
  patterns: texts.map((text) => ({ kind: 'regex', text })),
});

const RULES = [
  rule('keep', 'any', [{ kind: 'olderThan', ageMs: 1 }]),
  rule('keep', 'tagged', [{ kind: 'state', state: 'tagged' }]),
  rule('delete', 'untagged', [{ kind: 'state', state: 'untagged' }]),
  rule('delete', 'pr', [tags('^pr-')]),
  rule('delete', 'main-or-pr', [tags('^main-', '^pr-')]),
  rule('delete', 'both', [tags('^[pq]'), tags('^[qr]')]),
  rule('delete', 'anywhere', [tags('^pr-', 'rc')]),
].map((one) => ({ name: one.name, reach: reachOf(one) }));

const reached = (...of: string[]): string[] => byReach(RULES)(startOfTags(of)).map(({ name }) => name);

describe('the rules that an artifact is shown to', () => {
  it('are those that ask for no tag, where it has none', () => {
    expect(reached()).toEqual(['any', 'untagged']);
  });

  it('are those whose patterns its one tag may match', () => {
    expect(reached('pr-1')).toEqual(['any', 'tagged', 'pr', 'main-or-pr', 'anywhere']);
    expect(reached('main-1')).toEqual(['any', 'tagged', 'main-or-pr', 'anywhere']);
    expect(reached('q')).toEqual(['any', 'tagged', 'both', 'anywhere']);
    expect(reached('z')).toEqual(['any', 'tagged', 'anywhere']);
  });

  it('are all that may take a tagged one, where it has several tags or one that is no tag', () => {
    const all = ['any', 'tagged', 'pr', 'main-or-pr', 'both', 'anywhere'];
    expect(reached('a', 'b')).toEqual(all);
    expect(reached('é')).toEqual(all);
    expect(reached('-x')).toEqual(all);
  });

  it('stay the same however often it is asked', () => {
    const find = byReach(RULES);
    expect(find(startOfTags(['pr-1']))).toEqual(find(startOfTags(['pr-2'])));
    expect(find(startOfTags(['é']))).toEqual(find(startOfTags(['Ā'])));
  });
});
