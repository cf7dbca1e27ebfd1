import type { HistoryFact } from '../../core/history.ts';
import type { LooseFacts } from '../../ports.ts';
import type { PackLimits } from './packed.ts';

/**
 * Facts of one pack: some three for a digest in its whole life, so that a read is one for 4,000 digests. A fact
 * has about 50 bytes, compressed.
 */
export const FACT_LIMITS: PackLimits = { itemsMax: 12_000, contentBytesMax: 800 * 1024 };

/** A pack with fewer facts, and not large either, is folded with what comes after it. */
const ROOMY_ITEMS = 9_000;
const ROOMY_BYTES = 400 * 1024;

/** What one run folds; more waits for the next. Each round is a commit, and one for some hundred events. */
const ROUNDS_MAX = 4;

/** Whether a pack is to be folded with others. */
export function hasRoom(count: number, sizeBytes: number): boolean {
  return count < ROOMY_ITEMS && sizeBytes < ROOMY_BYTES;
}

/** What becomes one pack, or two where it is too large for one. */
export interface FoldRound {
  readonly facts: readonly HistoryFact[];
  /** What is replaced by it. */
  readonly packs: readonly string[];
  readonly events: readonly string[];
}

/** What to fold with what. Observed facts are in the first round; at most as many as one pack takes. */
export function foldRounds(loose: readonly LooseFacts[], observed: readonly HistoryFact[]): FoldRound[] {
  const packs = loose.filter(({ kind }) => kind === 'pack').sort((a, b) => a.facts.length - b.facts.length);
  const rounds: FoldRound[] = [];
  let members: LooseFacts[] = [];
  let count = observed.length;
  const end = (): void => {
    const added = rounds.length === 0 ? observed : [];
    // A pack by itself would only become itself again.
    if (added.length === 0 && members.length === 1 && members[0]?.kind === 'pack') return;
    if (added.length === 0 && members.length === 0) return;
    const namesOf = (wanted: LooseFacts['kind']): string[] =>
      members.filter(({ kind }) => kind === wanted).map(({ name }) => name);
    rounds.push({
      facts: [...added, ...members.flatMap(({ facts }) => facts)],
      packs: namesOf('pack'),
      events: namesOf('event'),
    });
  };
  for (const one of [...packs, ...loose.filter(({ kind }) => kind === 'event')]) {
    if (count + one.facts.length > FACT_LIMITS.itemsMax) {
      end();
      if (rounds.length === ROUNDS_MAX) return rounds;
      members = [];
      count = 0;
    }
    members.push(one);
    count += one.facts.length;
  }
  end();
  return rounds;
}
