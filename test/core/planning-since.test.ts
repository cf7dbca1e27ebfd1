import { describe, expect, it } from 'vitest';
import { notePlanning, PLANNING_MAX, planningWarnings } from '../../shared/core/planning-since.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { NOW_MS, policy } from './estate.ts';

const planning = (name: string) => policy([], { name, mode: 'plan' });
const enforcing = (name: string) => policy([], { name, mode: 'enforce' });
const since = (name: string, days: number) => ({ policy: name, sinceMs: NOW_MS - days * DAY_MS });

describe('since when policies are in mode: plan', () => {
  it('is when one was first seen so, and stays', () => {
    const first = notePlanning([], [planning('b'), planning('a'), enforcing('c')], NOW_MS);
    expect(first).toEqual([since('a', 0), since('b', 0)]);
    expect(notePlanning(first ?? [], [planning('a'), planning('b')], NOW_MS + DAY_MS)).toBeNull();
  });

  it('begins anew where it was enforced meanwhile, and stays of policies that are not among these', () => {
    const known = [since('a', 40), since('elsewhere', 50)];
    const enforced = notePlanning(known, [enforcing('a')], NOW_MS);
    expect(enforced).toEqual([since('elsewhere', 50)]);
    expect(notePlanning(enforced ?? [], [planning('a')], NOW_MS)).toEqual([
      since('a', 0),
      since('elsewhere', 50),
    ]);
  });

  it('is remembered of so many policies and no more', () => {
    const known = Array.from({ length: PLANNING_MAX }, (_, at) => since(`p-${at}`, 1));
    expect(notePlanning(known, [planning('one-more')], NOW_MS)).toBeNull();
  });

  it('is told after 30 days, with the days', () => {
    const warned = planningWarnings(
      [since('young', 30), since('old', 43.5), since('enforced', 90)],
      [planning('young'), planning('old'), enforcing('enforced'), planning('constructor')],
      NOW_MS,
    );
    expect(warned.map(({ code, message }) => [code, message])).toEqual([
      ['STILL_PLANNING', 'The policy old has been in mode: plan for 43 d and deletes nothing.'],
    ]);
  });
});
