import { type DayRanges, dayOf, endOfDayMs } from './day-ranges.ts';
import type { Digest } from './digest.ts';
import { deriveHistory } from './history.ts';
import { type PastUsage, SEEN_BY_RUN } from './past-usage.ts';
import { pulledDigests } from './pull-record.ts';
import type { LaterUse, SimulatedDeletion, SimulationSources } from './simulation.ts';

/** A deletion that is still gaining later uses. */
interface Deleting extends SimulatedDeletion {
  readonly usedLater: LaterUse[];
}

/** What a replay deleted, and every sign that it was still wanted afterwards. */
export class LaterUses {
  readonly #deletions: Deleting[] = [];
  /** The deletions of a digest, in their order: it may have gone, come back and gone again. */
  readonly #deletionsOf = new Map<Digest, Deleting[]>();
  /** Digests that a tag was on, in what was recorded. */
  readonly #everTagged = new Map<string, Set<Digest>>();

  /** Takes in a deletion; they come in their order. */
  add(deleted: Omit<SimulatedDeletion, 'usedLater'>): void {
    const deletion: Deleting = { ...deleted, usedLater: [] };
    this.#deletions.push(deletion);
    for (const digest of deletion.manifests) {
      const others = this.#deletionsOf.get(digest);
      if (others === undefined) this.#deletionsOf.set(digest, [deletion]);
      else others.push(deletion);
    }
  }

  /** Remembers that a tag was put on a digest. */
  tagged(tag: string, digest: Digest): void {
    const holders = this.#everTagged.get(tag);
    if (holders === undefined) this.#everTagged.set(tag, new Set([digest]));
    else holders.add(digest);
  }

  /** Notes a use of a digest that comes after all deletions so far. */
  note(digest: Digest, use: LaterUse): void {
    const deletion = this.#deletionsOf.get(digest)?.at(-1);
    if (deletion !== undefined) noteUse(deletion, use);
  }

  /** All deletions so far, with what is known of later pulls, of what ran later and of what runs now. */
  deletions(sources: SimulationSources, used: PastUsage['days']): SimulatedDeletion[] {
    const { usage, repository, untilMs } = sources;
    const recorded = deriveHistory(repository, sources.facts);
    for (const [digest, ranges] of pulledDigests(sources.pulls.pulls, recorded)) {
      for (const deletion of this.#deletionsOf.get(digest) ?? [])
        noteDay(deletion, { kind: 'pulled', digest, by: '' }, ranges.flat(), untilMs);
    }
    for (const [digest, ranges] of used) {
      for (const deletion of this.#deletionsOf.get(digest) ?? [])
        noteDay(deletion, { kind: 'running', digest, by: SEEN_BY_RUN }, ranges, untilMs);
    }
    for (const answer of usage.answers) {
      if (answer.kind === 'unknown') continue;
      for (const { by, digest, tag, repository: of } of answer.uses) {
        // As the engine has it: a workload that names a tag may run any image that ever bore it.
        const used =
          digest !== null
            ? [digest]
            : tag !== null && of === repository
              ? (this.#everTagged.get(tag) ?? [])
              : [];
        for (const one of used) {
          this.note(one, { kind: 'running', digest: one, atMs: answer.asOfMs, by });
        }
      }
    }
    return this.#deletions.map((deletion) => ({
      ...deletion,
      usedLater: [...deletion.usedLater].sort((a, b) => a.atMs - b.atMs),
    }));
  }
}

/** Days are recorded, so what was used on the day of its deletion may have been used before that. */
function noteDay(deletion: Deleting, use: Omit<LaterUse, 'atMs'>, ranges: DayRanges, untilMs: number): void {
  const from = dayOf(deletion.atMs);
  let first = Number.POSITIVE_INFINITY;
  for (const [begin, end] of ranges) if (end >= from) first = Math.min(first, Math.max(begin, from));
  if (first === Number.POSITIVE_INFINITY) return;
  const atMs = Math.min(endOfDayMs(first), untilMs);
  noteUse(deletion, { ...use, atMs });
}

/** Notes the first use of each kind. */
function noteUse(deletion: Deleting, use: LaterUse): void {
  if (!deletion.usedLater.some(({ kind }) => kind === use.kind)) deletion.usedLater.push(use);
}
