import { describe, expect, it } from 'vitest';
import { decide, policiesFor } from '../../shared/core/decide.ts';
import type { Decision } from '../../shared/core/decision.ts';
import { readInventory } from '../../shared/core/inventory.ts';
import type { Policy } from '../../shared/core/policy.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { digestOf, NOW_MS, type Piece, policy, REPOSITORY, rule, subjectTag, takingOf } from './estate.ts';

const ALL = rule('delete', 'all', [{ kind: 'all' }]);
const OLD = rule('delete', 'old', [{ kind: 'olderThan', ageMs: 7 * DAY_MS }]);
const STABLE = rule('keep', 'stable', [
  { kind: 'tags', match: 'any', patterns: [{ kind: 'exact', text: 'stable' }] },
]);
const YOUNG = rule('keep', 'young', [{ kind: 'newerThan', ageMs: 7 * DAY_MS }]);

function judge(pieces: readonly Piece[], ...policies: readonly Policy[]): (name: string) => Decision {
  const { inventory, graph } = takingOf(pieces);
  const decisions = decide(readInventory(inventory), graph, policies, NOW_MS);
  return (name) => {
    const found = decisions.find(({ root }) => root === digestOf(name));
    if (found === undefined) throw new Error(`no decision about ${name}`);
    return found;
  };
}

describe('decisions', () => {
  it('keep what no rule names', () => {
    const of = judge([{ name: 'a', days: 1 }], policy([OLD]));
    expect(of('a')).toMatchObject({ verdict: 'keep', because: 'no rule names it', voices: [] });
  });

  it('keep where a keep rule and a delete rule both speak', () => {
    const of = judge([{ name: 'a', tags: ['stable'] }], policy([ALL, STABLE]));
    expect(of('a')).toMatchObject({ verdict: 'keep', because: null, enforced: false });
    expect(of('a').voices.map((voice) => voice.rule)).toEqual(['all', 'stable']);
  });

  it('keep where another policy says so', () => {
    const others = policy([STABLE], { name: 'holds', mode: 'plan' });
    expect(judge([{ name: 'a', tags: ['stable'] }], policy([ALL]), others)('a').verdict).toBe('keep');
  });

  it('keep where a keep rule asks what nobody knows', () => {
    expect(judge([{ name: 'a', days: null }], policy([ALL, YOUNG]))('a')).toMatchObject({
      verdict: 'keep',
      because: null,
    });
  });

  it('keep where a delete rule asks what nobody knows, and say so', () => {
    const decision = judge([{ name: 'a', days: null }], policy([OLD]))('a');
    expect(decision).toMatchObject({ verdict: 'keep', because: 'no rule names it' });
    expect(decision.voices).toMatchObject([{ rule: 'old', answer: 'unknown' }]);
  });

  it('delete where one rule knows, whatever another does not', () => {
    const untagged = rule('delete', 'untagged', [{ kind: 'state', state: 'untagged' }]);
    expect(judge([{ name: 'a', days: null }], policy([OLD, untagged]))('a').verdict).toBe('delete');
  });

  it('keep what can not be read, whatever rules say', () => {
    expect(judge([{ name: 'a', unreadable: '503' }], policy([ALL]))('a')).toMatchObject({
      verdict: 'keep',
      because: 'its relations are not known',
      unknown: '503',
    });
  });

  it('name every policy that allows a deletion, and are enforced when one of them is', () => {
    const decision = judge(
      [{ name: 'a' }],
      policy([ALL]),
      policy([OLD], { name: 'trial', mode: 'plan' }),
    )('a');
    expect(decision).toMatchObject({ verdict: 'delete', enforced: true });
    expect(decision.voices.map((voice) => [voice.policy, voice.mode])).toEqual([
      ['services', 'enforce'],
      ['trial', 'plan'],
    ]);
  });

  it('are not enforced while no policy that allows them is', () => {
    expect(judge([{ name: 'a' }], policy([ALL], { mode: 'plan' }))('a')).toMatchObject({
      verdict: 'delete',
      enforced: false,
    });
  });

  const kin: readonly [string, readonly Piece[], string][] = [
    [
      'a tagged child of a kept index',
      [
        { name: 'app', tags: ['stable'], children: ['amd64'] },
        { name: 'amd64', tags: ['tmp'] },
      ],
      'amd64',
    ],
    [
      'a tagged child of a kept index, two levels down',
      [
        { name: 'app', tags: ['stable'], children: ['inner'] },
        { name: 'inner', children: ['amd64'] },
        { name: 'amd64', tags: ['tmp'] },
      ],
      'amd64',
    ],
    [
      'a tagged referrer of a kept image',
      [
        { name: 'app', tags: ['stable'] },
        { name: 'chart', tags: ['chart'], subject: 'app' },
      ],
      'chart',
    ],
    [
      'a signature with a tag of its own, of a kept image',
      [
        { name: 'app', tags: ['stable'] },
        { name: 'sig', tags: [subjectTag('app', '.sig'), 'signature'] },
      ],
      'sig',
    ],
    [
      'the subject of a kept referrer, which the registry would refuse to delete',
      [
        { name: 'app', tags: ['v1'] },
        { name: 'chart', tags: ['stable'], subject: 'app' },
      ],
      'app',
    ],
  ];
  it.each(kin)('keep %s', (_row, pieces, name) => {
    expect(judge(pieces, policy([ALL, STABLE]))(name)).toMatchObject({
      verdict: 'keep',
      because: 'something kept needs it',
      enforced: false,
    });
  });

  it('do not keep an index for the sake of a child that is kept', () => {
    const of = judge(
      [
        { name: 'app', tags: ['old'], children: ['amd64'] },
        { name: 'amd64', tags: ['stable'] },
      ],
      policy([ALL, STABLE]),
    );
    expect([of('app').verdict, of('amd64').verdict]).toEqual(['delete', 'keep']);
  });
});

describe('policies for a repository', () => {
  it('are those that select it, sorted by name', () => {
    const elsewhere = { include: ['gcr.io/**'], exclude: [] };
    const excluded = { include: ['**'], exclude: [REPOSITORY] };
    const found = policiesFor(
      [
        policy([], { name: 'z' }),
        policy([], { name: 'x', repositories: elsewhere }),
        policy([], { name: 'y', repositories: excluded }),
        policy([], { name: 'a' }),
      ],
      REPOSITORY,
    );
    expect(found.map(({ name }) => name)).toEqual(['a', 'z']);
  });
});
