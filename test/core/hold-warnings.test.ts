import { describe, expect, it } from 'vitest';
import { planRepository } from '../../shared/core/plan-repository.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { NO_LIMITS, NO_USAGE, NOW_MS, policy, rule, takingOf } from './estate.ts';

const ALL = rule('delete', 'all', [{ kind: 'all' }]);

function warningsAt(untilMs: number): readonly string[] {
  const hold = { ...rule('keep', 'freeze', [{ kind: 'state', state: 'tagged' }]), untilMs };
  return planRepository({
    ...takingOf([{ name: 'a', tags: ['a'] }, { name: 'b', tags: ['b'] }, { name: 'c' }], [], NO_USAGE),
    policies: { policies: [policy([hold, ALL], { limits: NO_LIMITS })], problems: [] },
    scope: 'all',
    nowMs: NOW_MS,
  }).warnings;
}

describe('the plan of a repository with a hold', () => {
  it('tells when it has ended, and how many images go that it would keep', () => {
    expect(warningsAt(NOW_MS)).toEqual([
      expect.stringMatching(
        /The hold freeze of policy \S+ ended on .* 2 artifacts here that it would keep would go\.$/,
      ),
    ]);
  });

  it('tells when it ends within a week, and nothing before', () => {
    expect(warningsAt(NOW_MS + DAY_MS)).toEqual([expect.stringMatching(/The hold freeze .* ends on /)]);
    expect(warningsAt(NOW_MS + 8 * DAY_MS)).toEqual([]);
  });
});
