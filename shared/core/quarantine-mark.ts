import type { Digest } from './digest.ts';
import { canonicalJson, sha256 } from './hash.ts';
import type { Policy, Rule } from './policy.ts';
import { DAY_MS } from './units.ts';

/** A rule by which something is in quarantine, and what its policy said then. */
export interface MarkedRule {
  readonly policy: string;
  readonly rule: string;
  readonly graceMs: number;
  /** See `meaningOf`. */
  readonly meaning: Digest;
}

/** What ended a quarantine before its time. A closed set. */
export type QuarantineEnd =
  | 'pulled'
  | 'pushed'
  | 'in use'
  | 'held'
  | 'kept'
  | 'policy changed'
  | 'rule gone'
  | 'gone'
  | 'released';

/** An artifact that is to go, and stays for a time in which anybody may still want it. */
export interface QuarantineMark {
  readonly version: 1;
  readonly root: Digest;
  /** As they were when it was marked, sorted. */
  readonly tags: readonly string[];
  /** The listing by which it was marked: what is later than this ends it. */
  readonly seenAtMs: number;
  /** When it was marked: the time counts from here. */
  readonly sinceMs: number;
  readonly runId: string;
  readonly rules: readonly MarkedRule[];
  /** null while it stands. */
  readonly end: { readonly atMs: number; readonly why: QuarantineEnd; readonly detail: string } | null;
}

/** A mark that a plan asks for; the run that makes it says when. */
export type PlannedMark = Pick<QuarantineMark, 'root' | 'tags' | 'rules'>;

/** One that a plan ends. */
export interface PlannedEnd {
  readonly root: Digest;
  /** Which mark it was. */
  readonly sinceMs: number;
  readonly why: QuarantineEnd;
  readonly detail: string;
}

/** What a plan does to the quarantine of its repository. */
export interface QuarantineChanges {
  /** Sorted by root, as the others. */
  readonly enter: readonly PlannedMark[];
  readonly end: readonly PlannedEnd[];
  /** Marks whose time is over: what they are on goes. */
  readonly served: readonly { readonly root: Digest; readonly sinceMs: number }[];
}

/** How long it is remembered that something was in quarantine. */
export const MARK_REMEMBERED_MS = 100 * DAY_MS;

/** Ended ones that are remembered of one repository, the newest. */
export const ENDED_MARKS_MAX = 2_000;

/**
 * What a policy says of what goes and what stays, as a hash: another word in a comment, another owner or schedule is
 * no other policy, and any other pattern, age, mode or repository is.
 */
export function meaningOf(policy: Policy): Digest {
  const found = meanings.get(policy);
  if (found !== undefined) return found;
  const { mode, repositories, keep, delete: deleting } = policy;
  const bare = (rules: readonly Rule[]) => rules.map(({ line: _line, ...rule }) => rule);
  const meaning = sha256(canonicalJson({ mode, repositories, keep: bare(keep), delete: bare(deleting) }));
  meanings.set(policy, meaning);
  return meaning;
}

// Thousands of artifacts are judged by the same few policies.
const meanings = new WeakMap<Policy, Digest>();

/** The marks after a run: those that it ended, those that it made, and what is forgotten left out; sorted by root. */
export function marksAfter(
  marks: readonly QuarantineMark[],
  { enter, end }: Pick<QuarantineChanges, 'enter' | 'end'>,
  run: { readonly runId: string; readonly seenAtMs: number; readonly nowMs: number },
): readonly QuarantineMark[] {
  const ends = new Map(end.map((one) => [`${one.root} ${one.sinceMs}`, one]));
  const after = marks.map((mark): QuarantineMark => {
    const ending = mark.end === null ? ends.get(`${mark.root} ${mark.sinceMs}`) : undefined;
    if (ending === undefined) return mark;
    return { ...mark, end: { atMs: run.nowMs, why: ending.why, detail: ending.detail } };
  });
  const standing = new Set(after.flatMap((mark) => (mark.end === null ? mark.root : [])));
  for (const { root, tags, rules } of enter) {
    if (standing.has(root)) continue;
    const { runId, seenAtMs, nowMs } = run;
    after.push({ version: 1, root, tags, rules, runId, seenAtMs, sinceMs: nowMs, end: null });
  }
  return remembered(after, run.nowMs);
}

function remembered(marks: readonly QuarantineMark[], nowMs: number): readonly QuarantineMark[] {
  const ended = marks
    .filter(({ end }) => end !== null && nowMs - end.atMs < MARK_REMEMBERED_MS)
    .sort((a, b) => (b.end?.atMs ?? 0) - (a.end?.atMs ?? 0))
    .slice(0, ENDED_MARKS_MAX);
  return [...marks.filter(({ end }) => end === null), ...ended].sort((a, b) =>
    a.root === b.root ? a.sinceMs - b.sinceMs : a.root < b.root ? -1 : 1,
  );
}

/** The time of a mark: the longest that a rule asks for. */
export function graceOf({ rules }: Pick<QuarantineMark, 'rules'>): number {
  return Math.max(0, ...rules.map(({ graceMs }) => graceMs));
}
