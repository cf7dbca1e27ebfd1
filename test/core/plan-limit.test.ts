import { describe, expect, it } from 'vitest';
import { unknown } from '../../shared/core/fact.ts';
import { type Going, limitRefusal, strictestLimits } from '../../shared/core/plan-limit.ts';
import { DEFAULT_LIMITS, type Limits } from '../../shared/core/policy.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { DAY_MS, parseFreeze } from '../../shared/core/units.ts';
import { policy, REPOSITORY } from './estate.ts';

const NOW_MS = Date.UTC(2026, 11, 20, 12);
const GOING: Going = { deletions: 10, manifestCount: 100, sizeBytes: 5e9, remaining: 90, nowMs: NOW_MS };

const limited = (name: string, limits: Partial<Limits>) =>
  policy([], { name, limits: { ...DEFAULT_LIMITS, ...limits } });

const codeOf = (limits: Partial<Limits>, going: Partial<Going> = {}): string | null =>
  limitRefusal([limited('services', limits)], { ...GOING, ...going })?.code ?? null;

const FREEZE = { fromMs: NOW_MS, untilMs: NOW_MS + DAY_MS };

describe('limits of a run', () => {
  it.each<[string, Partial<Limits>, Partial<Going>, string | null]>([
    ['as many bytes as allowed', { sizeBytes: 5e9 }, {}, null],
    ['one byte more', { sizeBytes: 5e9 - 1 }, {}, 'LIMIT_SIZE'],
    ['bytes that nobody tells, with a limit', { sizeBytes: 1e15 }, { sizeBytes: null }, 'LIMIT_SIZE'],
    ['bytes that nobody tells, without one', {}, { sizeBytes: null }, null],
    ['29 of 100 where 29 % may go', { share: 0.29 }, { deletions: 29 }, null],
    ['30 of 100 where 29 % may go', { share: 0.29 }, { deletions: 30 }, 'LIMIT_SHARE'],
    ['the first moment of a freeze', { freeze: [FREEZE] }, {}, 'LIMIT_FREEZE'],
    ['the moment before it', { freeze: [FREEZE] }, { nowMs: NOW_MS - 1 }, null],
    ['the last moment of it', { freeze: [FREEZE] }, { nowMs: NOW_MS + DAY_MS - 1 }, 'LIMIT_FREEZE'],
    ['the moment after it', { freeze: [FREEZE] }, { nowMs: NOW_MS + DAY_MS }, null],
  ])('%s', (_row, limits, going, code) => {
    expect(codeOf(limits, going)).toBe(code);
  });

  it('are those of every policy together: the smallest, and each day’s and freeze’s own', () => {
    const policies = [
      limited('a', { sizeBytes: 9, perDay: 5, freeze: [FREEZE] }),
      limited('b', { digests: 3, mayEmpty: true }),
      limited('c', { sizeBytes: 7, perDay: 8 }),
    ];
    expect(strictestLimits(policies, REPOSITORY)).toEqual({
      digests: 3,
      share: 0.5,
      sizeBytes: 7,
      mayEmpty: false,
      perDay: [
        { policy: 'a', digests: 5 },
        { policy: 'c', digests: 8 },
      ],
      freeze: [{ ...FREEZE, policy: 'a' }],
    });
  });
});

describe('a freeze as policies write it', () => {
  it('begins where its first day begins first on earth, and ends where its last day ends last', () => {
    expect(parseFreeze('2026-12-20/2026-12-21')).toEqual({
      kind: 'parsed',
      value: { fromMs: Date.UTC(2026, 11, 19, 10), untilMs: Date.UTC(2026, 11, 22, 12) },
    });
  });

  it.each([
    '2026-12-20',
    '2026-12-21/2026-12-20',
    '2026-02-30/2026-03-01',
    '2026-12-20T10:00Z/2026-12-21',
    'a/b/c',
  ])('is no freeze: %s', (text) => {
    expect(parseFreeze(text).kind).toBe('refused');
  });
});

describe('limits in a policy file', () => {
  const read = (limits: string) =>
    parsePolicyFile({
      file: 'a.yaml',
      text: `apiVersion: gcr-warden/v1\npolicy: a\nrepositories: ["gcr.io/acme/**"]\nlimits: { ${limits} }\ndelete:\n  - untagged: { untaggedFor: 7d }\n`,
      gitRevision: unknown('a test'),
    });

  it('name sizes, a day and one freeze or several', () => {
    const { policies, problems } = read('size: 2GB, perDay: 100, freeze: "2026-12-20/2026-12-21"');
    expect(problems).toEqual([]);
    expect(policies[0]?.limits).toMatchObject({ sizeBytes: 2e9, perDay: 100, freeze: [{}] });
    const several = read('freeze: ["2026-12-20/2026-12-21", "2027-12-20/2027-12-21"]');
    expect(several.policies[0]?.limits.freeze).toHaveLength(2);
  });

  it.each([
    ['size: 0GB', 'POLICY_SIZE'],
    ['perDay: 0', 'POLICY_COUNT'],
    ['perDay: many', 'POLICY_TYPE'],
    ['freeze: 2026-12-20', 'POLICY_DATE'],
    ['freeze: []', 'POLICY_TYPE'],
  ])('stop the policy where they are broken: %s', (limits, code) => {
    const { policies, problems } = read(limits);
    expect(policies).toEqual([]);
    expect(problems.map((problem) => problem.code)).toEqual([code]);
  });
});
