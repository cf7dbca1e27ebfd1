import type { SemVer } from 'semver';
import { type Answer, NO, type RuleEvaluator, unknownOf } from './answer.ts';
import type { Evidence } from './decision.ts';
import type { TimeFact } from './fact.ts';
import type { InventoryReader } from './inventory.ts';
import { compileTagPattern, type TagMatch, versionOf } from './pattern.ts';
import type { Newest, Rule } from './policy.ts';
import { byReach, reachOf } from './rule-reach.ts';

/** An artifact in one of the groups that it counts in. */
interface Candidate {
  /** Its place among the inventory's artifacts. */
  readonly at: number;
  /** What the rule's conditions found in it. */
  readonly evidence: readonly Evidence[];
  readonly version: SemVer | null;
  /** The latest at which it can have been uploaded. */
  readonly latestMs: number;
  /** What was uploaded up to this time is older for sure. */
  readonly olderUntilMs: number;
}

/**
 * `newest`: of the artifacts that match all other conditions, the first `count` of each group. One whose
 * place can't be told, or that stays anyway because its relations are not known, is kept and takes no place,
 * so that what is unknown never pushes another one out. One is newer than another only where that is sure, so
 * all that may share the last place are kept: those of the same time, and those of which only the latest that
 * they can have been uploaded is known. Where the ledger's first look at a repository is all that is known of
 * its times, nothing tells which of them came last.
 *
 * @param mayMatch whether the rule's tag conditions are met
 * @param matches what all of the rule's other conditions say
 */
export function rankNewest(
  rule: Rule,
  newest: Newest,
  { artifacts }: InventoryReader,
  mayMatch: (tags: readonly string[]) => boolean,
  matches: RuleEvaluator,
): RuleEvaluator {
  const groups = new Map<string, Candidate[]>();
  // By their places: one is asked for each artifact and rule, and looking its digest up would cost more than the rest.
  const answers = new Array<Answer>(artifacts.length).fill(NO);
  const groupsOf = groupReader(rule, newest);
  const notUploaded = unknownOf('when it was uploaded');
  const notRelated = unknownOf('what belongs to it');
  const reaching = byReach([{ reach: reachOf(rule) }]);
  for (let at = 0; at < artifacts.length; at++) {
    if (reaching(artifacts.startAt(at)).length === 0) continue;
    const tags = artifacts.tagsAt(at);
    if (!mayMatch(tags)) continue;
    const artifact = artifacts.at(at);
    const answer = matches(artifact, at);
    if (answer.kind === 'no') continue;
    const { uploadedAtMs, unreadable } = artifact;
    if (answer.kind === 'unknown') {
      answers[at] = answer;
    } else if (unreadable !== null) {
      answers[at] = { kind: 'unknown', evidence: [notRelated(unreadable)] };
    } else if (uploadedAtMs.kind === 'unknown') {
      answers[at] = { kind: 'unknown', evidence: [notUploaded(uploadedAtMs.reason)] };
    } else {
      for (const { group, version } of groupsOf(tags)) {
        const candidate = candidateOf(at, uploadedAtMs, answer.evidence, version);
        const members = groups.get(group);
        if (members === undefined) groups.set(group, [candidate]);
        else members.push(candidate);
      }
    }
  }
  for (const [group, candidates] of groups) {
    const name = newest.per.kind === 'repository' ? null : group;
    for (const [candidate, rank] of placesIn(candidates, newest)) {
      const { at, evidence } = candidate;
      if (answers[at] !== NO) continue;
      answers[at] = {
        kind: 'yes',
        evidence: [
          // Its place says why it stays; that the rule would have taken any image says nothing beside it.
          ...evidence.filter(({ kind }) => kind !== 'everything'),
          { kind: 'newest', rank, count: newest.count, of: candidates.length, group: name },
        ],
      };
    }
  }
  return (_artifact, at) => answers[at] ?? NO;
}

function candidateOf(
  at: number,
  uploadedAt: Exclude<TimeFact, { kind: 'unknown' }>,
  evidence: readonly Evidence[],
  version: SemVer | null,
): Candidate {
  const latestMs = uploadedAt.value ?? Number.POSITIVE_INFINITY;
  // Of what is known to the millisecond, everything before that one is older.
  const olderUntilMs =
    uploadedAt.kind === 'known' ? latestMs - 1 : (uploadedAt.afterMs ?? Number.NEGATIVE_INFINITY);
  return { at, evidence, version, latestMs, olderUntilMs };
}

/** Those of a group that stay, each with one more than how many are newer for sure. */
function* placesIn(candidates: Candidate[], { by, count }: Newest): Iterable<[Candidate, number]> {
  const classes = by === 'semver' ? versionClasses(candidates) : [candidates];
  let higher = 0;
  for (const equals of classes) {
    if (higher >= count) return;
    // Sorted, so that how many of them are newer than another is a place among them.
    const newestFirst = equals.map(({ olderUntilMs }) => olderUntilMs).sort((a, b) => b - a);
    const last = newestFirst[count - higher - 1] ?? Number.NEGATIVE_INFINITY;
    for (const candidate of equals.sort((a, b) => b.latestMs - a.latestMs)) {
      if (candidate.latestMs <= last) break;
      yield [candidate, 1 + higher + countFrom(newestFirst, candidate.latestMs)];
    }
    higher += equals.length;
  }
}

/** How many of the times, sorted downwards, are not before another one. */
function countFrom(newestFirst: readonly number[], atMs: number): number {
  let low = 0;
  let end = newestFirst.length;
  while (low < end) {
    const middle = (low + end) >>> 1;
    if ((newestFirst[middle] ?? atMs) >= atMs) low = middle + 1;
    else end = middle;
  }
  return low;
}

/** Candidates of the same version together, the highest version first, and last what has none. */
function versionClasses(candidates: Candidate[]): Candidate[][] {
  candidates.sort((a, b) => compareVersions(a.version, b.version));
  const classes: Candidate[][] = [];
  let before: Candidate | null = null;
  for (const candidate of candidates) {
    const isEqual = before !== null && compareVersions(before.version, candidate.version) === 0;
    if (isEqual) classes.at(-1)?.push(candidate);
    else classes.push([candidate]);
    before = candidate;
  }
  return classes;
}

/** The higher one first. */
function compareVersions(a: SemVer | null, b: SemVer | null): number {
  if (a === null || b === null) return a !== null ? -1 : b !== null ? 1 : 0;
  // Not semver's own functions of that name, which make a version of each version.
  return b.compare(a);
}

/** A group with the highest version that an artifact has in it. */
interface Place {
  readonly group: string;
  readonly version: SemVer | null;
}

const UNGROUPED: readonly Place[] = [{ group: '', version: null }];

/**
 * The groups that artifacts count in, by their tags. Those of one may put it into several; it is kept when it
 * is among the newest of any.
 */
function groupReader(rule: Rule, newest: Newest): (tags: readonly string[]) => readonly Place[] {
  const { per, by } = newest;
  if (per.kind === 'repository' && by === 'upload') return () => UNGROUPED;
  const matchers = rule.conditions.flatMap((condition) =>
    condition.kind === 'tags' ? condition.patterns.map(compileTagPattern) : [],
  );
  const asksVersion = per.kind === 'semver' || by === 'semver';
  return (tags) => {
    const places: Place[] = [];
    for (const tag of tags) {
      const found = matchers.map((matcher) => matcher(tag)).filter((match) => match.matched);
      if (matchers.length > 0 && found.length === 0) continue;
      const isVersion = found.some((match) => match.version !== null);
      const version = asksVersion ? versionOf(isVersion ? tag : looseVersion(tag)) : null;
      places.push({ group: groupOf(per, found, version), version });
    }
    if (places.length === 0) return UNGROUPED;
    return places.length === 1 ? places : highestOfEach(places);
  };
}

function highestOfEach(places: readonly Place[]): readonly Place[] {
  const groups = new Map<string, Place>();
  for (const place of places) {
    const highest = groups.get(place.group)?.version ?? null;
    const isHigher = place.version !== null && (highest === null || place.version.compare(highest) > 0);
    if (isHigher || !groups.has(place.group)) groups.set(place.group, place);
  }
  return [...groups.values()];
}

function looseVersion(tag: string): string {
  return tag.startsWith('v') ? tag.slice(1) : tag;
}

function groupOf(per: Newest['per'], matches: readonly TagMatch[], version: SemVer | null): string {
  switch (per.kind) {
    case 'repository':
      return '';
    case 'semver':
      if (version === null) return '';
      return per.part === 'major' ? `${version.major}` : `${version.major}.${version.minor}`;
    case 'capture':
      return matches.map((match) => match.captures[per.name]).find((capture) => capture !== undefined) ?? '';
  }
}
