import * as semver from 'semver';
import type { Evidence } from './decision.ts';
import type { Digest } from './digest.ts';
import type { Fact } from './fact.ts';
import type { Artifact, Inventory } from './inventory.ts';
import { compileTagPattern, type TagMatch } from './pattern.ts';
import type { Condition, Newest, Rule } from './policy.ts';

/**
 * What a rule or condition says of one artifact. `unknown` wherever a fact it asks for is not known: for a
 * keep rule that keeps, for a delete rule it deletes nothing.
 */
export interface Answer {
  readonly kind: 'yes' | 'no' | 'unknown';
  readonly evidence: readonly Evidence[];
}

const NO: Answer = { kind: 'no', evidence: [] };

function yes(evidence: Evidence): Answer {
  return { kind: 'yes', evidence: [evidence] };
}

function notKnown(what: string, reason: string): Answer {
  return { kind: 'unknown', evidence: [{ kind: 'unknown', what, reason }] };
}

/** A rule made ready to be asked about every artifact of one inventory. */
export type RuleEvaluator = (artifact: Artifact) => Answer;

/**
 * Prepares a rule for an inventory. A rule with `newest` looks at all artifacts at once, which is why it
 * needs the inventory before it is asked about one.
 */
export function evaluateRule(rule: Rule, inventory: Inventory, nowMs: number): RuleEvaluator {
  if (rule.untilMs !== null && nowMs >= rule.untilMs) return () => NO;
  const conditions = rule.conditions.map((condition) => prepare(condition, nowMs));
  const matches = (artifact: Artifact): Answer => {
    const evidence: Evidence[] = [];
    const missing: Evidence[] = [];
    for (const condition of conditions) {
      const answer = condition(artifact);
      // A no ends it, also after an unknown: all conditions are required.
      if (answer.kind === 'no') return NO;
      (answer.kind === 'unknown' ? missing : evidence).push(...answer.evidence);
    }
    return missing.length > 0
      ? { kind: 'unknown', evidence: [...evidence, ...missing] }
      : { kind: 'yes', evidence };
  };
  return rule.newest === null ? matches : rank(rule, rule.newest, inventory, matches);
}

function prepare(condition: Condition, nowMs: number): RuleEvaluator {
  switch (condition.kind) {
    case 'all':
      return () => yes({ kind: 'everything' });
    case 'state':
      return ({ tags }) => {
        const state = tags.length > 0 ? 'tagged' : 'untagged';
        return state === condition.state ? yes({ kind: 'state', state }) : NO;
      };
    case 'tags': {
      const matchers = condition.patterns.map(compileTagPattern);
      const patterns = condition.patterns.map((pattern) => `${pattern.kind} ${pattern.text}`);
      return ({ tags }) => {
        const matched = tags.filter((tag) => matchers.some((matcher) => matcher(tag).matched));
        const enough =
          condition.match === 'any' ? matched.length > 0 : tags.length > 0 && matched.length === tags.length;
        return enough ? yes({ kind: 'tags', match: condition.match, tags: matched, patterns }) : NO;
      };
    }
    case 'olderThan':
      return (artifact) => age(artifact.uploadedAtMs, 'uploaded', 'more than', condition.ageMs, nowMs);
    case 'newerThan':
      return (artifact) => age(artifact.uploadedAtMs, 'uploaded', 'less than', condition.ageMs, nowMs);
    case 'untaggedFor':
      return (artifact) => age(artifact.untaggedSinceMs, 'untagged', 'more than', condition.ageMs, nowMs);
    case 'taggedWithin':
      return (artifact) => age(artifact.taggedAtMs, 'tagged', 'less than', condition.ageMs, nowMs);
    case 'pulledWithin':
      return (artifact) => age(artifact.lastPulledAtMs, 'pulled', 'less than', condition.ageMs, nowMs);
    case 'notPulledFor':
      return (artifact) => {
        const pulled = artifact.lastPulledAtMs;
        if (pulled.kind === 'known' && pulled.value === null) return yes({ kind: 'never pulled' });
        return age(pulled, 'pulled', 'more than', condition.ageMs, nowMs);
      };
    case 'inUse':
      return ({ usedBy }) => {
        if (usedBy.kind === 'unknown') return notKnown('whether it is in use', usedBy.reason);
        return usedBy.value.length > 0 ? yes({ kind: 'in use', by: usedBy.value }) : NO;
      };
    case 'digests': {
      const wanted: ReadonlySet<Digest> = new Set(condition.digests);
      return ({ root, members }) => {
        const found = [root, ...members].find((digest) => wanted.has(digest));
        return found === undefined ? NO : yes({ kind: 'digest', digest: found });
      };
    }
    case 'largerThan':
      return ({ sizeBytes }) => {
        if (sizeBytes.kind === 'unknown') return notKnown('its size', sizeBytes.reason);
        return sizeBytes.value > condition.sizeBytes
          ? yes({ kind: 'size', sizeBytes: sizeBytes.value, wantedBytes: condition.sizeBytes })
          : NO;
      };
    case 'mediaTypes':
      return ({ mediaType, artifactType }) => {
        if (mediaType.kind === 'known' && condition.mediaTypes.includes(mediaType.value)) {
          return yes({ kind: 'media type', mediaType: mediaType.value });
        }
        if (
          artifactType.kind === 'known' &&
          artifactType.value !== null &&
          condition.mediaTypes.includes(artifactType.value)
        ) {
          return yes({ kind: 'media type', mediaType: artifactType.value });
        }
        if (mediaType.kind === 'unknown') return notKnown('its media type', mediaType.reason);
        return artifactType.kind === 'unknown' ? notKnown('its artifact type', artifactType.reason) : NO;
      };
  }
}

/** Compares an age; a time that is known to be null (no tag, never pulled) is a no. */
function age(
  since: Fact<number | null>,
  what: 'uploaded' | 'untagged' | 'tagged' | 'pulled',
  wanted: 'more than' | 'less than',
  wantedMs: number,
  nowMs: number,
): Answer {
  if (since.kind === 'unknown') return notKnown(`when it was ${what}`, since.reason);
  if (since.value === null) return NO;
  const ageMs = nowMs - since.value;
  const holds = wanted === 'more than' ? ageMs > wantedMs : ageMs < wantedMs;
  return holds ? yes({ kind: 'age', since: what, ageMs, wanted, wantedMs }) : NO;
}

interface Candidate {
  readonly artifact: Artifact;
  readonly uploadedAtMs: number;
  readonly version: semver.SemVer | null;
}

/**
 * `newest`: of the artifacts that match all other conditions, the first `count` of each group. One whose
 * place can't be told is kept and takes no place, so that what is unknown never pushes another one out. Of
 * equals none is newer, so all that share the last place are kept: where the ledger's first look at a
 * repository is all that is known of its times, nothing tells which of them came last.
 */
function rank(rule: Rule, newest: Newest, inventory: Inventory, matches: RuleEvaluator): RuleEvaluator {
  const groups = new Map<string, Candidate[]>();
  const answers = new Map<Digest, Answer>();
  const groupsOf = groupReader(rule, newest);
  for (const artifact of inventory.artifacts) {
    const answer = matches(artifact);
    if (answer.kind !== 'yes') {
      if (answer.kind === 'unknown') answers.set(artifact.root, answer);
      continue;
    }
    if (artifact.uploadedAtMs.kind === 'unknown') {
      answers.set(artifact.root, notKnown('when it was uploaded', artifact.uploadedAtMs.reason));
      continue;
    }
    for (const [group, version] of groupsOf(artifact)) {
      const candidate: Candidate = { artifact, uploadedAtMs: artifact.uploadedAtMs.value, version };
      const members = groups.get(group);
      if (members === undefined) groups.set(group, [candidate]);
      else members.push(candidate);
    }
  }
  const compare = newest.by === 'semver' ? byVersion : byUpload;
  for (const [group, candidates] of groups) {
    candidates.sort((a, b) => compare(a, b) || compareRoots(a, b));
    let rankOfTied = 1;
    for (const [index, candidate] of candidates.entries()) {
      const before = candidates[index - 1];
      if (before !== undefined && compare(before, candidate) !== 0) rankOfTied = index + 1;
      if (rankOfTied > newest.count) break;
      const { root } = candidate.artifact;
      if (answers.has(root)) continue;
      answers.set(root, {
        kind: 'yes',
        evidence: [
          ...matches(candidate.artifact).evidence,
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
  return (artifact) => answers.get(artifact.root) ?? NO;
}

function compareRoots(a: Candidate, b: Candidate): number {
  return a.artifact.root < b.artifact.root ? -1 : 1;
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
  const matchers = rule.conditions.flatMap((condition) =>
    condition.kind === 'tags' ? condition.patterns.map(compileTagPattern) : [],
  );
  const { per } = newest;
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
      const version = semver.parse(
        found.find((match) => match.version !== null)?.version ?? looseVersion(tag),
      );
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
