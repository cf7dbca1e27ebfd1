import { dateOfDay, lastDay } from './day-ranges.ts';
import type { Decision } from './decision.ts';
import type { Digest } from './digest.ts';
import { hashCanonicalJson } from './hash.ts';
import type { History } from './history.ts';
import { pulledDigests, type RecordedPulls } from './pull-record.ts';

/** What a plan went by of a repository's pulls, so that `apply` can tell what was pulled since. */
export interface PlannedPulls {
  /** Hash of all pulls that were recorded: the same one holds nothing new. */
  readonly record: Digest;
  /** Artifacts that go and were pulled at some time, with the last day, sorted by root. */
  readonly last: readonly { readonly root: Digest; readonly day: number }[];
}

/** null where pulls were not known, so that no rule went by them. */
export function plannedPulls(
  pulls: RecordedPulls,
  history: History,
  decisions: readonly Decision[],
): PlannedPulls | null {
  if (pulls.sinceMs.kind === 'unknown') return null;
  const last = [...lastPullDays(pulls, history, decisions)].map(([root, day]) => ({ root, day }));
  return { record: hashOfPulls(pulls), last: last.sort((a, b) => (a.root < b.root ? -1 : 1)) };
}

/** Whether a record is another than the plan went by. */
export function hasNewPulls({ record }: PlannedPulls, pulls: RecordedPulls): boolean {
  return hashOfPulls(pulls) !== record;
}

/**
 * The artifacts that go and were pulled on a later day than the plan knew of, by root, in words. Days are what is
 * recorded: a second pull on a day that the plan knew is no news, and nothing that a rule asks for.
 */
export function pulledSince(
  { last }: PlannedPulls,
  pulls: RecordedPulls,
  history: History,
  decisions: readonly Decision[],
): ReadonlyMap<Digest, string> {
  const planned = new Map(last.map(({ root, day }) => [root, day]));
  const since = new Map<Digest, string>();
  for (const [root, day] of lastPullDays(pulls, history, decisions)) {
    if (day > (planned.get(root) ?? Number.NEGATIVE_INFINITY)) {
      since.set(root, `it was pulled on ${dateOfDay(day)}`);
    }
  }
  return since;
}

function hashOfPulls({ pulls }: RecordedPulls): Digest {
  return hashCanonicalJson([...pulls].sort((a, b) => (a.reference < b.reference ? -1 : 1)));
}

/** The last day on which any manifest of an artifact that goes was pulled; who pulls an index is given its children. */
function lastPullDays(
  { pulls }: RecordedPulls,
  history: History,
  decisions: readonly Decision[],
): ReadonlyMap<Digest, number> {
  const days = new Map<Digest, number>();
  for (const [digest, ranges] of pulledDigests(pulls, history)) {
    days.set(digest, Math.max(...ranges.map((range) => lastDay(range) ?? Number.NEGATIVE_INFINITY)));
  }
  const within = new Map(days);
  for (const { root, members } of decisions) {
    const day = days.get(root);
    if (day === undefined) continue;
    for (const member of members) within.set(member, Math.max(day, within.get(member) ?? day));
  }
  const last = new Map<Digest, number>();
  for (const { root, members, verdict } of decisions) {
    if (verdict !== 'delete') continue;
    const all = [root, ...members].flatMap((digest) => within.get(digest) ?? []);
    if (all.length > 0) last.set(root, Math.max(...all));
  }
  return last;
}
