import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/core/digest.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { JournalEntry, Outcome } from '../../shared/core/journal.ts';
import type { Step } from '../../shared/core/plan.ts';
import {
  closureOf,
  removalOfImage,
  removalOfRun,
  restoreLevels,
  type Ties,
} from '../../shared/core/removal.ts';

const REPOSITORY = 'gcr.io/acme/api';
const [A, B, C] = ['a', 'b', 'c'].map((name) => sha256(name)) as [Digest, Digest, Digest];

interface Line {
  readonly run: string;
  readonly untag?: string;
  readonly of: Digest;
  readonly root?: Digest;
  readonly outcome?: Outcome | null;
  readonly putBack?: Digest;
}

/** A journal, newest first as ledgers give it. */
function journal(...lines: readonly Line[]): JournalEntry[] {
  return lines.map(({ run, untag, of, root = of, outcome = { kind: 'deleted' }, putBack }, index) => {
    const common = { digest: of, root, chain: 0, allowedBy: [] };
    const step: Step =
      untag === undefined
        ? { kind: 'delete', tags: [], sizeBytes: null, ...common }
        : { kind: 'untag', tag: untag, ...common };
    const at = { version: 1, runId: run, index, repository: REPOSITORY, atMs: -index } as const;
    return {
      intent: { ...at, planId: A, step, reason: '', ...(putBack === undefined ? {} : { putBack }) },
      settlement: outcome === null ? null : { ...at, outcome },
    };
  });
}

describe('what a run took', () => {
  it.each<[string, JournalEntry[], { digests: Digest[]; tags: [string, Digest][] }]>([
    [
      'is what it deleted and untagged',
      journal({ run: 'r', of: A }, { run: 'r', untag: 't', of: A }),
      { digests: [A], tags: [['t', A]] },
    ],
    [
      'is nothing of another run',
      journal({ run: 'q', of: A }, { run: 'q', untag: 't', of: A }),
      { digests: [], tags: [] },
    ],
    [
      'is nothing that had to stay',
      journal({ run: 'r', of: A, outcome: { kind: 'skipped', why: 'claimed', detail: '' } }),
      { digests: [], tags: [] },
    ],
    [
      'may be what it never wrote an outcome for',
      journal({ run: 'r', of: A, outcome: null }),
      { digests: [A], tags: [] },
    ],
    [
      'is the tag alone where the digest had to stay',
      journal({ run: 'r', of: A, outcome: { kind: 'blocked', reason: '' } }, { run: 'r', untag: 't', of: A }),
      { digests: [], tags: [['t', A]] },
    ],
    [
      'is no tag that a later run took from another digest',
      journal({ run: 's', untag: 't', of: B }, { run: 'r', of: A }, { run: 'r', untag: 't', of: A }),
      { digests: [A], tags: [] },
    ],
    [
      'is no tag that was put back',
      journal({ run: 'r', untag: 't', of: A, putBack: B, outcome: null }),
      { digests: [], tags: [] },
    ],
  ])('%s', (_title, entries, { digests, tags }) => {
    expect(removalOfRun(entries, 'r')).toEqual({
      digests,
      tags: tags.map(([tag, digest]) => ({ tag, digest })),
    });
  });
});

describe('what an image lost', () => {
  it('has the tags that it lost to a killed run and to the one after it', () => {
    const entries = journal(
      { run: 's', of: A },
      { run: 's', untag: 'two', of: A },
      { run: 'r', untag: 'one', of: A },
    );
    expect(removalOfImage(entries, A)).toEqual({
      digests: [A],
      tags: [
        { tag: 'one', digest: A },
        { tag: 'two', digest: A },
      ],
    });
  });

  it('has no tag of a life before, from which it was deleted and pushed again', () => {
    const entries = journal({ run: 's', of: A }, { run: 'r', of: A }, { run: 'r', untag: 'old', of: A });
    expect(removalOfImage(entries, A).tags).toEqual([]);
  });

  it('has what was deleted as part of the same artifact, and nothing else of the run', () => {
    const entries = journal({ run: 'r', of: A }, { run: 'r', of: B, root: A }, { run: 'r', of: C });
    expect(removalOfImage(entries, A).digests).toEqual([A, B]);
  });
});

describe('the order in which manifests come back', () => {
  const names = Array.from({ length: 12 }, (_, at) => sha256(`${at}`));
  // Whatever points, points at what was made before it: hashes allow nothing else.
  const anyTies = fc
    .array(
      fc.record({ children: fc.uniqueArray(fc.nat(11), { maxLength: 3 }), subject: fc.option(fc.nat(11)) }),
      {
        minLength: 12,
        maxLength: 12,
      },
    )
    .map((rows) => {
      const ties = new Map<Digest, Ties>();
      for (const [at, { children, subject }] of rows.entries()) {
        const earlier = (one: number): Digest[] => (one < at ? names.slice(one, one + 1) : []);
        ties.set(names[at] ?? A, {
          children: children.flatMap(earlier),
          subject: (subject === null ? undefined : earlier(subject)[0]) ?? null,
        });
      }
      return ties;
    });

  it('has each once, and after everything that it needs', () => {
    fc.assert(
      fc.property(anyTies, (ties) => {
        const levels = restoreLevels(new Set(names), ties);
        const place = new Map(levels.flatMap((level, at) => level.map((digest) => [digest, at] as const)));
        expect(levels.flat().sort()).toEqual([...names].sort());
        for (const [digest, { children, subject }] of ties) {
          for (const needed of subject === null ? children : [...children, subject])
            expect(place.get(needed)).toBeLessThan(place.get(digest) ?? 0);
        }
      }),
    );
  });

  it("takes in an image's closure everything below it and about it, and nothing above", () => {
    fc.assert(
      fc.property(anyTies, fc.constantFrom(...names), (ties, image) => {
        const closure = closureOf(image, ties, []);
        for (const digest of closure) {
          for (const child of ties.get(digest)?.children ?? []) expect(closure).toContain(child);
        }
        for (const [digest, { subject }] of ties) {
          if (subject !== null && closure.has(subject)) expect(closure).toContain(digest);
        }
        // Everything in it has a way to it from the image.
        for (const digest of closure) {
          if (digest === image) continue;
          const isBelow = [...closure].some((one) => ties.get(one)?.children.includes(digest));
          const { subject = null } = ties.get(digest) ?? {};
          expect(isBelow || (subject !== null && closure.has(subject))).toBe(true);
        }
      }),
    );
  });
});
