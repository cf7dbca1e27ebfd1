import * as semver from 'semver';
import type { Evidence } from './decision.ts';
import type { Digest } from './digest.ts';
import type { TimeFact } from './fact.ts';
import type { Artifact, Inventory } from './inventory.ts';
import { compileTagPattern, compileTagTest, type TagMatch, versionOf } from './pattern.ts';
import type { Condition, Newest, Rule } from './policy.ts';
import { byReach, reachOf } from './rule-reach.ts';

/**
 * What a rule or condition says of one artifact. `unknown` wherever a fact it asks for is not known: for a
 * keep rule that keeps, for a delete rule it deletes nothing.
 */
export interface Answer {
  readonly kind: 'yes' | 'no' | 'unknown';
  readonly evidence: readonly Evidence[];
}

const NO: Answer = { kind: 'no', evidence: [] };

/** A rule made ready to be asked about the artifacts of one inventory, the very objects that it holds. */
export type RuleEvaluator = (artifact: Artifact) => Answer;

/**
 * What a condition finds in one artifact: null is no, evidence of kind `unknown` is that a fact it asks for is
 * not known, and every other evidence is yes. What would be equal for many artifacts is one object, which
 * makes their answers one object too.
 */
type Finder = (artifact: Artifact) => Evidence | null;

/**
 * Prepares a rule for an inventory. A rule with `newest` looks at all artifacts at once, which is why it
 * needs the inventory before it is asked about one.
 */
export function evaluateRule(rule: Rule, inventory: Inventory, nowMs: number): RuleEvaluator {
  if (rule.untilMs !== null && nowMs >= rule.untilMs) return () => NO;
  const finders = rule.conditions.map((condition) => prepare(condition, inventory, nowMs));
  let last = NO;
  // One list for all artifacts; what is kept of it is a copy of its own size, which one that grew is not.
  const found: Evidence[] = [];
  const matches = (artifact: Artifact): Answer => {
    let count = 0;
    let isLast = true;
    for (const find of finders) {
      const evidence = find(artifact);
      // A no ends it, also after an unknown: all conditions are required.
      if (evidence === null) return NO;
      isLast &&= evidence === last.evidence[count];
      found[count] = evidence;
      count += 1;
    }
    if (!isLast || last === NO) last = answerWith(found.slice());
    return last;
  };
  return rule.newest === null ? matches : rank(rule, rule.newest, inventory, matches);
}

/** What is not known stands last in the evidence. */
function answerWith(evidence: Evidence[]): Answer {
  const isMissing = (one: Evidence): boolean => one.kind === 'unknown';
  if (!evidence.some(isMissing)) return { kind: 'yes', evidence };
  const found = evidence.filter((one) => !isMissing(one));
  return { kind: 'unknown', evidence: [...found, ...evidence.filter(isMissing)] };
}

/** Says that something is not known; one object for as long as the reason is the same. */
function unknownOf(what: string): (reason: string) => Evidence {
  let last: Extract<Evidence, { kind: 'unknown' }> = { kind: 'unknown', what, reason: '' };
  return (reason) => {
    if (reason !== last.reason) last = { kind: 'unknown', what, reason };
    return last;
  };
}

function prepare(condition: Condition, inventory: Inventory, nowMs: number): Finder {
  switch (condition.kind) {
    case 'all': {
      const everything: Evidence = { kind: 'everything' };
      return () => everything;
    }
    case 'state': {
      const { state } = condition;
      const wantsTags = state === 'tagged';
      const found: Evidence = { kind: 'state', state };
      return ({ tags }) => (tags.length > 0 === wantsTags ? found : null);
    }
    case 'tags':
      return tagsFinder(condition);
    case 'olderThan':
      return age(({ uploadedAtMs }) => uploadedAtMs, 'uploaded', 'more than', condition.ageMs, nowMs);
    case 'newerThan':
      return age(({ uploadedAtMs }) => uploadedAtMs, 'uploaded', 'less than', condition.ageMs, nowMs);
    case 'untaggedFor':
      return age(({ untaggedSinceMs }) => untaggedSinceMs, 'untagged', 'more than', condition.ageMs, nowMs);
    case 'taggedWithin':
      return age(({ taggedAtMs }) => taggedAtMs, 'tagged', 'less than', condition.ageMs, nowMs);
    case 'pulledWithin':
      return age(({ lastPulledAtMs }) => lastPulledAtMs, 'pulled', 'less than', condition.ageMs, nowMs);
    case 'notPulledFor': {
      const longAgo = age(
        ({ lastPulledAtMs }) => lastPulledAtMs,
        'pulled',
        'more than',
        condition.ageMs,
        nowMs,
      );
      const never: Evidence = { kind: 'never pulled' };
      return (artifact) => {
        const pulled = artifact.lastPulledAtMs;
        return pulled.kind === 'known' && pulled.value === null ? never : longAgo(artifact);
      };
    }
    case 'inUse': {
      const notKnown = unknownOf('whether it is in use');
      const isTrusted = condition.trustsBestEffort === true && inventory.unusedByBestEffort;
      return ({ usedBy }) => {
        if (usedBy.kind === 'unknown') return isTrusted ? null : notKnown(usedBy.reason);
        return usedBy.value.length > 0 ? { kind: 'in use', by: usedBy.value } : null;
      };
    }
    case 'digests': {
      const wanted: ReadonlySet<Digest> = new Set(condition.digests);
      return ({ root, members }) => {
        const found = wanted.has(root) ? root : members.find((digest) => wanted.has(digest));
        return found === undefined ? null : { kind: 'digest', digest: found };
      };
    }
    case 'largerThan': {
      const notKnown = unknownOf('its size');
      return ({ sizeBytes }) => {
        if (sizeBytes.kind === 'unknown') return notKnown(sizeBytes.reason);
        return sizeBytes.value > condition.sizeBytes
          ? { kind: 'size', sizeBytes: sizeBytes.value, wantedBytes: condition.sizeBytes }
          : null;
      };
    }
    case 'mediaTypes': {
      const noMediaType = unknownOf('its media type');
      const noArtifactType = unknownOf('its artifact type');
      const found = new Map(
        condition.mediaTypes.map((mediaType): [string, Evidence] => [
          mediaType,
          { kind: 'media type', mediaType },
        ]),
      );
      return ({ mediaType, artifactType }) => {
        const byMediaType = mediaType.kind === 'known' ? found.get(mediaType.value) : undefined;
        if (byMediaType !== undefined) return byMediaType;
        const byArtifactType =
          artifactType.kind === 'known' && artifactType.value !== null
            ? found.get(artifactType.value)
            : undefined;
        if (byArtifactType !== undefined) return byArtifactType;
        if (mediaType.kind === 'unknown') return noMediaType(mediaType.reason);
        return artifactType.kind === 'unknown' ? noArtifactType(artifactType.reason) : null;
      };
    }
  }
}

function tagsFinder({ match, patterns }: Extract<Condition, { kind: 'tags' }>): Finder {
  const tests = patterns.map(compileTagTest);
  const [only] = tests;
  const matches =
    only !== undefined && tests.length === 1 ? only : (tag: string) => tests.some((test) => test(tag));
  const texts = patterns.map((pattern) => `${pattern.kind} ${pattern.text}`);
  return ({ tags }) => {
    let matched = 0;
    for (const tag of tags) {
      if (matches(tag)) matched += 1;
      else if (match === 'all') return null;
    }
    if (matched === 0) return null;
    const found = matched === tags.length ? tags : tags.filter(matches);
    return { kind: 'tags', match, tags: found, patterns: texts };
  };
}

/** Compares an age; a time that is known to be null (no tag, never pulled) is a no. */
function age(
  timeOf: (artifact: Artifact) => TimeFact,
  since: 'uploaded' | 'untagged' | 'tagged' | 'pulled',
  wanted: 'more than' | 'less than',
  wantedMs: number,
  nowMs: number,
): Finder {
  const notKnown = unknownOf(`when it was ${since}`);
  return (artifact) => {
    const time = timeOf(artifact);
    if (time.kind === 'unknown') return notKnown(time.reason);
    if (time.value === null) return null;
    const ageMs = nowMs - time.value;
    const isMore = wanted === 'more than';
    const holds = isMore ? ageMs > wantedMs : ageMs < wantedMs;
    if (time.kind === 'known') return holds ? { kind: 'age', since, ageMs, wanted, wantedMs } : null;
    // It may be longer ago: more than something for sure, less than something never for sure.
    if (holds === isMore)
      return isMore ? { kind: 'age', since, ageMs, wanted, wantedMs, atLatest: true } : null;
    return notKnown('only the latest that it can have been is known');
  };
}

interface Candidate {
  readonly artifact: Artifact;
  /** What the rule's conditions found in it. */
  readonly evidence: readonly Evidence[];
  readonly uploadedAtMs: number;
  readonly version: semver.SemVer | null;
}

/**
 * `newest`: of the artifacts that match all other conditions, the first `count` of each group. One whose
 * place can't be told, or that stays anyway because its relations are not known, is kept and takes no place,
 * so that what is unknown never pushes another one out. Of
 * equals none is newer, so all that share the last place are kept: where the ledger's first look at a
 * repository is all that is known of its times, nothing tells which of them came last.
 */
function rank(rule: Rule, newest: Newest, inventory: Inventory, matches: RuleEvaluator): RuleEvaluator {
  const groups = new Map<string, Candidate[]>();
  const answers = new Map<Artifact, Answer>();
  const groupsOf = groupReader(rule, newest);
  const notUploaded = unknownOf('when it was uploaded');
  const notRelated = unknownOf('what belongs to it');
  const reaching = byReach([{ reach: reachOf(rule) }]);
  for (const artifact of inventory.artifacts) {
    if (reaching(artifact.tags).length === 0) continue;
    const answer = matches(artifact);
    if (answer.kind === 'no') continue;
    const { uploadedAtMs, unreadable } = artifact;
    if (answer.kind === 'unknown') {
      answers.set(artifact, answer);
      continue;
    }
    if (unreadable !== null) {
      answers.set(artifact, { kind: 'unknown', evidence: [notRelated(unreadable)] });
      continue;
    }
    if (uploadedAtMs.kind === 'unknown') {
      answers.set(artifact, { kind: 'unknown', evidence: [notUploaded(uploadedAtMs.reason)] });
      continue;
    }
    const { evidence } = answer;
    for (const [group, version] of groupsOf(artifact)) {
      const candidate: Candidate = { artifact, evidence, uploadedAtMs: uploadedAtMs.value, version };
      const members = groups.get(group);
      if (members === undefined) groups.set(group, [candidate]);
      else members.push(candidate);
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
  return semver.rcompare(a.version, b.version) || byUpload(a, b);
}

/**
 * The groups an artifact counts in, each with the highest of its versions there. Its tags may put it into
 * several; it is kept when it is among the newest of any.
 */
function groupReader(rule: Rule, newest: Newest): (artifact: Artifact) => Map<string, semver.SemVer | null> {
  const { per, by } = newest;
  if (per.kind === 'repository' && by === 'upload') {
    const whole = new Map([['', null]]);
    return () => whole;
  }
  const matchers = rule.conditions.flatMap((condition) =>
    condition.kind === 'tags' ? condition.patterns.map(compileTagPattern) : [],
  );
  const asksVersion = per.kind === 'semver' || by === 'semver';
  return ({ tags }) => {
    const groups = new Map<string, semver.SemVer | null>();
    const join = (group: string, version: semver.SemVer | null): void => {
      const highest = groups.get(group) ?? null;
      const higher = version !== null && (highest === null || semver.gt(version, highest));
      groups.set(group, higher ? version : highest);
    };
    for (const tag of tags) {
      const found = matchers.map((matcher) => matcher(tag)).filter((match) => match.matched);
      if (matchers.length > 0 && found.length === 0) continue;
      const isVersion = found.some((match) => match.version !== null);
      const version = asksVersion ? versionOf(isVersion ? tag : looseVersion(tag)) : null;
      join(groupOf(per, found, version), version);
    }
    if (groups.size === 0) join('', null);
    return groups;
  };
}

function looseVersion(tag: string): string {
  return tag.startsWith('v') ? tag.slice(1) : tag;
}

function groupOf(per: Newest['per'], matches: readonly TagMatch[], version: semver.SemVer | null): string {
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
