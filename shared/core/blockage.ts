import type { Digest } from './digest.ts';
import { canonicalJson, sha256 } from './hash.ts';
import { type Outcome, outcomeLabel } from './journal.ts';
import type { Step } from './plan.ts';
import { DAY_MS } from './units.ts';

/** A step that the registry refuses for good: an immutable tag, a missing permission, deletes switched off. */
export interface Blockage {
  /** Names the step as it was planned, see `stepName`; or every step of a kind, see `everyStepName`. */
  readonly step: Digest;
  readonly reason: string;
  readonly atMs: number;
}

/** How long a refusal is believed: nobody tells us when a permission is given or a setting is changed. */
const BLOCKAGE_AGE_MAX_MS = 7 * DAY_MS;

/** Of one repository; the oldest are forgotten, which costs a request each. */
const BLOCKAGES_MAX = 20_000;

/**
 * Names what is to be done and what it was planned from: another tag on the digest, another policy file or
 * another revision of it give another name, and the step is tried again.
 */
function stepName(step: Step): Digest {
  const allowed = step.allowedBy.map(({ policy, rule, source }) => [policy, rule, source.contentHash]);
  const what = step.kind === 'untag' ? ['untag', step.tag, step.digest] : ['delete', step.digest, step.tags];
  return sha256(canonicalJson([what, allowed]));
}

/** Names all steps of a kind in a repository: who lacks a permission lacks it for all of them. */
export function everyStepName(kind: Step['kind']): Digest {
  return EVERY[kind];
}

const EVERY: Readonly<Record<Step['kind'], Digest>> = {
  untag: sha256(canonicalJson(['every', 'untag'])),
  delete: sha256(canonicalJson(['every', 'delete'])),
};

/** What keeps a step from being asked for again, or null. */
export function blockageOf(known: ReadonlyMap<Digest, Blockage>, step: Step): Blockage | null {
  if (known.size === 0) return null;
  return known.get(everyStepName(step.kind)) ?? known.get(stepName(step)) ?? null;
}

/** What the registry refused for good and need not be asked about again, by the step's name. */
export function standingBlockages(
  blockages: readonly Blockage[],
  nowMs: number,
): ReadonlyMap<Digest, Blockage> {
  return new Map(
    blockages.filter(({ atMs }) => nowMs - atMs < BLOCKAGE_AGE_MAX_MS).map((one) => [one.step, one]),
  );
}

/** What is to be remembered after a run: what still stands, and what was refused in it. */
export function blockagesAfter(
  before: ReadonlyMap<Digest, Blockage>,
  results: readonly { readonly step: Step; readonly outcome: Outcome }[],
  nowMs: number,
): readonly Blockage[] {
  const after = new Map(before);
  for (const { step, outcome } of results) {
    const isForAll = outcome.kind === 'blocked' && outcome.of === 'repository';
    const name = isForAll ? everyStepName(step.kind) : stepName(step);
    if (outcome.kind !== 'blocked') {
      // Anything but having been left alone shows that the refusal is over.
      if (outcomeLabel(outcome) === 'deleted' || outcome.kind === 'already gone') after.delete(name);
      if (outcome.kind === 'deleted') after.delete(everyStepName(step.kind));
    } else if (!after.has(name)) after.set(name, { step: name, reason: outcome.reason, atMs: nowMs });
  }
  return [...after.values()].sort((a, b) => b.atMs - a.atMs).slice(0, BLOCKAGES_MAX);
}
