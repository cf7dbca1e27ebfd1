import type { SemVer } from 'semver';
import { type Answer, NO, type RuleEvaluator, unknownOf } from './answer.ts';
import type { Evidence } from './decision.ts';
import type { Artifact, Inventory } from './inventory.ts';
import { compileTagPattern, type TagMatch, versionOf } from './pattern.ts';
import type { Newest, Rule } from './policy.ts';
import { byReach, reachOf } from './rule-reach.ts';

/** An artifact in one of the groups that it counts in. */
interface Candidate {
  readonly artifact: Artifact;
  /** What the rule's conditions found in it. */
  readonly evidence: readonly Evidence[];
  readonly uploadedAtMs: number;
  readonly version: SemVer | null;
}

/**
 * `newest`: of the artifacts that match all other conditions, the first `count` of each group. One whose
 * place can't be told, or that stays anyway because its relations are not known, is kept and takes no place,
 * so that what is unknown never pushes another one out. Of
 * equals none is newer, so all that share the last place are kept: where the ledger's first look at a
 * repository is all that is known of its times, nothing tells which of them came last.
 *
 * @param matches what the rule's other conditions say
 */
export function rankNewest(
  rule: Rule,
  newest: Newest,
  inventory: Inventory,
  matches: RuleEvaluator,
): RuleEvaluator {
  const groups = new Map<string, Candidate[]>();
  const answers = new Map<Artifact, Answer>();
  const groupsOf = groupReader(rule, newest);
  const notUploaded = unknownOf('when it was uploaded');
  const notRelated = unknownOf('what belongs to it');
  const reaching = byReach([{ reach: reachOf(rule) }]);
  const { artifacts } = inventory;
  // By number: until V8 compiles a loop, each turn of an iterator leaves an object behind.
  for (let at = 0; at < artifacts.length; at++) {
    const artifact = artifacts[at] as Artifact;
    if (reaching(artifact.tags).length === 0) continue;
    const answer = matches(artifact);
    if (answer.kind === 'no') continue;
    const { uploadedAtMs, unreadable } = artifact;
    if (answer.kind === 'unknown') {
      answers.set(artifact, answer);
    } else if (unreadable !== null) {
      answers.set(artifact, { kind: 'unknown', evidence: [notRelated(unreadable)] });
    } else if (uploadedAtMs.kind === 'unknown') {
      answers.set(artifact, { kind: 'unknown', evidence: [notUploaded(uploadedAtMs.reason)] });
    } else {
      for (const { group, version } of groupsOf(artifact.tags)) {
        const candidate = { artifact, evidence: answer.evidence, uploadedAtMs: uploadedAtMs.value, version };
        const members = groups.get(group);
        if (members === undefined) groups.set(group, [candidate]);
        else members.push(candidate);
      }
    }
  }
  const compare = newest.by === 'semver' ? byVersion : byUpload;
  for (const [group, candidates] of groups) {
    candidates.sort(compare);
    let rankOfTied = 1;
    let before: Candidate | null = null;
    let place = 0;
    for (const candidate of candidates) {
      place += 1;
      if (before !== null && compare(before, candidate) !== 0) rankOfTied = place;
      if (rankOfTied > newest.count) break;
      before = candidate;
      const { artifact, evidence } = candidate;
      if (answers.has(artifact)) continue;
      answers.set(artifact, {
        kind: 'yes',
        evidence: [
          // Its place says why it stays; that the rule would have taken any image says nothing beside it.
          ...evidence.filter(({ kind }) => kind !== 'everything'),
          {
            kind: 'newest',
            rank: rankOfTied,
            count: newest.count,
            of: candidates.length,
            group: newest.per.kind === 'repository' ? null : group,
          },
        ],
      });
    }
  }
  return (artifact) => answers.get(artifact) ?? NO;
}

function byUpload(a: Candidate, b: Candidate): number {
  return b.uploadedAtMs - a.uploadedAtMs;
}

/** What has no version comes last. */
function byVersion(a: Candidate, b: Candidate): number {
  if (a.version === null || b.version === null) {
    if (a.version !== null) return -1;
    return b.version !== null ? 1 : byUpload(a, b);
  }
  // Not semver's own functions of that name, which make a version of each version.
  return b.version.compare(a.version) || byUpload(a, b);
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
