import { describe, expect, it } from 'vitest';
import { artifactNote, NESTED_MAX } from '../../shared/core/artifact-note.ts';
import { decide } from '../../shared/core/decide.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { type InventoryTaking, readInventory } from '../../shared/core/inventory.ts';
import { noteRoster, ROSTER_MAX } from '../../shared/core/policy-roster.ts';
import { estateDays, type RepositorySample, takeSample } from '../../shared/core/repository-sample.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { digestOf, NOW_MS, type Piece, policy, rule, subjectTag, takingOf, usageOf } from './estate.ts';

const UNTAGGED = policy([rule('delete', 'untagged', [{ kind: 'state', state: 'untagged' }])], {
  name: 'untagged',
});

function sampleOf(pieces: readonly Piece[], isAll = true, policies = [UNTAGGED]): RepositorySample {
  const taking = takingOf(pieces);
  const decisions = decide(readInventory(taking.inventory), taking.graph, policies, NOW_MS);
  return takeSample(taking.listing, { decisions, refusal: null }, isAll);
}

function notesOf({ inventory, graph }: InventoryTaking) {
  return inventory.artifacts.map((artifact, at) => artifactNote(artifact, graph.rootNodes[at] ?? null));
}

describe('a sample of a repository', () => {
  it('counts what is there and what would go, each manifest once', () => {
    const sample = sampleOf([
      { name: 'kept', tags: ['v1'], children: ['shared'], sizeBytes: 10 },
      { name: 'gone', children: ['shared', 'own'], sizeBytes: 20 },
      { name: 'shared', sizeBytes: 300 },
      { name: 'own', sizeBytes: 4_000 },
    ]);
    expect(sample).toMatchObject({
      manifests: 4,
      artifacts: 2,
      untaggedArtifacts: 1,
      sizeBytes: 4_330,
      unknownCount: 0,
      goingBy: { untagged: 1 },
    });
    expect(sample.garbage).toEqual(known({ artifacts: 1, manifests: 2, sizeBytes: 4_020, unknownCount: 0 }));
  });

  it('says of how many manifests the size is not told, and never counts them as nothing', () => {
    const sample = sampleOf([
      { name: 'a', sizeBytes: null },
      { name: 'b', tags: ['v1'], sizeBytes: 7 },
    ]);
    expect(sample).toMatchObject({ sizeBytes: 7, unknownCount: 1 });
    expect(sample.garbage).toEqual(known({ artifacts: 1, manifests: 1, sizeBytes: 0, unknownCount: 1 }));
  });

  it('does not know the garbage where not every policy spoke, or one is broken', () => {
    expect(sampleOf([{ name: 'a' }], false).garbage.kind).toBe('unknown');
    const taking = takingOf([{ name: 'a' }]);
    const decisions = decide(readInventory(taking.inventory), taking.graph, [UNTAGGED], NOW_MS);
    const refusal = { code: 'POLICY_BROKEN', message: 'broken' } as const;
    expect(takeSample(taking.listing, { decisions, refusal }, true).garbage.kind).toBe('unknown');
  });

  it('counts a policy with the name of a property of all objects', () => {
    const named = { ...UNTAGGED, name: 'constructor' };
    expect(sampleOf([{ name: 'a' }, { name: 'b' }], true, [named]).goingBy).toEqual({ constructor: 2 });
  });
});

describe('the days of an estate', () => {
  const day = Math.floor(NOW_MS / DAY_MS) * DAY_MS;
  const sample = (days: number, sizeBytes: number, garbageBytes: number | null): RepositorySample => ({
    version: 1,
    atMs: day + days * DAY_MS + 1_000,
    manifests: 1,
    artifacts: 1,
    untaggedArtifacts: 0,
    sizeBytes,
    unknownCount: 0,
    garbage:
      garbageBytes === null
        ? unknown('only the policies that were due spoke')
        : known({ artifacts: 1, manifests: 1, sizeBytes: garbageBytes, unknownCount: 0 }),
    goingBy: {},
  });

  it('sums repositories by day, and stands by the last sample where one was not judged', () => {
    const days = estateDays([
      { repository: 'a', samples: [sample(0, 10, 1), sample(2, 30, null)] },
      { repository: 'b', samples: [sample(1, 500, 50)] },
    ]);
    expect(
      days.map(({ atMs, sizeBytes, repositories, garbageBytes }) => [
        (atMs - day) / DAY_MS,
        sizeBytes,
        repositories,
        garbageBytes,
      ]),
    ).toEqual([
      [0, 10, 1, known(1)],
      [1, 510, 2, known(51)],
      [2, 530, 2, known(51)],
    ]);
  });

  it('does not go on counting a repository that no run has judged for weeks', () => {
    const days = estateDays([
      { repository: 'gone', samples: [sample(0, 10, 1)] },
      { repository: 'there', samples: [sample(0, 5, 0), sample(40, 6, 0)] },
    ]);
    expect(days.at(-1)).toMatchObject({ sizeBytes: 6, repositories: 1 });
    expect(days[35]).toMatchObject({ sizeBytes: 15, repositories: 2 });
  });

  it('knows no garbage of a day of which it is known of no repository', () => {
    expect(estateDays([{ repository: 'a', samples: [sample(0, 10, null)] }])[0]?.garbageBytes.kind).toBe(
      'unknown',
    );
    expect(estateDays([])).toEqual([]);
  });
});

describe('the notes on artifacts', () => {
  it('are one an artifact, with what belongs to it as a tree', () => {
    const taking = takingOf(
      [
        { name: 'index', tags: ['v1'], children: ['amd64', 'arm64'] },
        { name: 'amd64' },
        { name: 'arm64' },
        { name: 'signature', tags: [subjectTag('amd64', '.sig')] },
        { name: 'alone', sizeBytes: 7 },
      ],
      [],
      usageOf({ name: 'arm64', by: 'pod web' }),
    );
    const notes = notesOf(taking);
    const of = (name: string) =>
      notes[taking.inventory.artifacts.findIndex(({ root }) => root === digestOf(name))];
    expect(of('alone')).toMatchObject({ nested: [], sizeBytes: known(7), usedBy: known([]) });
    expect(of('index')).toMatchObject({ usedBy: known(['pod web']) });
    const rows = of('index')?.nested ?? [];
    expect(rows).toHaveLength(3);
    const at = rows.findIndex(({ digest }) => digest === digestOf('amd64'));
    expect(rows.slice(at, at + 2)).toEqual([
      { digest: digestOf('amd64'), as: 'child', depth: 1 },
      { digest: digestOf('signature'), as: 'about', depth: 2 },
    ]);
  });

  it('name some of very many members, each once', () => {
    const names = Array.from({ length: NESTED_MAX + 5 }, (_, at) => `child ${at}`);
    const taking = takingOf([{ name: 'index', children: names }, ...names.map((name) => ({ name }))]);
    const [note] = notesOf(taking);
    expect(new Set(note?.nested.map(({ digest }) => digest)).size).toBe(NESTED_MAX);
  });
});

describe('the roster of policies', () => {
  const named = (name: string) => ({ ...UNTAGGED, name });

  it('is written when a policy comes or changes, and otherwise once a day', () => {
    const first = noteRoster([], [UNTAGGED], NOW_MS) ?? [];
    expect(first).toMatchObject([{ name: 'untagged', mode: UNTAGGED.mode, seenAtMs: NOW_MS }]);
    expect(noteRoster(first, [UNTAGGED], NOW_MS + 1_000)).toBeNull();
    expect(noteRoster(first, [UNTAGGED], NOW_MS + DAY_MS)).toMatchObject([{ seenAtMs: NOW_MS + DAY_MS }]);
    expect(noteRoster(first, [{ ...UNTAGGED, mode: 'plan' }], NOW_MS + 1_000)).toMatchObject([
      { mode: 'plan' },
    ]);
  });

  it('keeps policies of other folders, and forgets those that nobody has read for months', () => {
    const first = noteRoster([], [named('a')], NOW_MS) ?? [];
    const both = noteRoster(first, [named('b')], NOW_MS + 1) ?? [];
    expect(both.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(noteRoster(both, [named('b')], NOW_MS + 101 * DAY_MS)?.map(({ name }) => name)).toEqual(['b']);
  });

  it('has an end', () => {
    const many = Array.from({ length: ROSTER_MAX + 1 }, (_, at) => named(`p-${at}`));
    expect(noteRoster([], many, NOW_MS)).toHaveLength(ROSTER_MAX);
  });
});
