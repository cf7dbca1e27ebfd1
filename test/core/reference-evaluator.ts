import { parse, rcompare, satisfies, valid } from 'semver';
import type { Digest } from '../../shared/core/digest.ts';
import type { Fact, TimeFact } from '../../shared/core/fact.ts';
import type { Artifact, Inventory } from '../../shared/core/inventory.ts';
import type { Listing } from '../../shared/core/listing.ts';
import type { Condition, Policy, Rule, TagPattern } from '../../shared/core/policy.ts';

/*
 * The policy language once more, straight from docs/policy-language.md and in the most naive way: every
 * question is asked anew of every artifact, newest is counted by comparing each with each, and nothing of the
 * engine is used. It is slow and can be read beside the page.
 */

type Answer = 'yes' | 'no' | 'unknown';

export interface ReferenceVerdict {
  readonly verdict: 'keep' | 'delete';
  readonly enforced: boolean;
}

/** What has to happen with each artifact, by its root. All policies are taken to select the repository. */
export function referenceVerdicts(
  inventory: Inventory,
  listing: Listing,
  policies: readonly Policy[],
  nowMs: number,
): Map<Digest, ReferenceVerdict> {
  const verdicts = new Map<Digest, ReferenceVerdict>();
  for (const artifact of inventory.artifacts) {
    const says = (rule: Rule): Answer => ruleAnswer(rule, artifact, inventory, nowMs);
    // Keep beats delete, whichever policy says it, and unknown keeps.
    const isKept = policies.some((policy) => policy.keep.some((rule) => says(rule) !== 'no'));
    const allowing = policies.filter((policy) => policy.delete.some((rule) => says(rule) === 'yes'));
    const goes = artifact.unreadable === null && !isKept && allowing.length > 0;
    verdicts.set(artifact.root, {
      verdict: goes ? 'delete' : 'keep',
      enforced: goes && allowing.some((policy) => policy.mode === 'enforce'),
    });
  }
  const needed = [...verdicts].filter(([, { verdict }]) => verdict === 'keep').map(([root]) => root);
  for (const digest of needed) {
    for (const other of relatives(digest, listing)) if (!needed.includes(other)) needed.push(other);
  }
  for (const root of verdicts.keys()) {
    if (needed.includes(root)) verdicts.set(root, { verdict: 'keep', enforced: false });
  }
  return verdicts;
}

/** What a kept manifest needs: its children, what it is about, and what is about it. */
function relatives(digest: Digest, listing: Listing): Digest[] {
  const found: Digest[] = [];
  for (const manifest of listing.manifests) {
    if (manifest.digest === digest) continue;
    if (pointsOf(digest, listing).includes(manifest.digest)) found.push(manifest.digest);
    if (aboutOf(manifest.digest, listing).includes(digest)) found.push(manifest.digest);
    if (aboutOf(digest, listing).includes(manifest.digest)) found.push(manifest.digest);
  }
  return found;
}

function pointsOf(digest: Digest, listing: Listing): Digest[] {
  const relations = listing.relations[digest];
  return relations?.kind === 'known' ? relations.value.children.map((child) => child.digest) : [];
}

/** The subject of a manifest, and those that its tags name in cosign's way or as the fallback of OCI 1.1. */
function aboutOf(digest: Digest, listing: Listing): string[] {
  const tags = listing.manifests.find((manifest) => manifest.digest === digest)?.tags ?? [];
  const relations = listing.relations[digest];
  const subject = relations?.kind === 'known' ? relations.value.subject : null;
  const named = tags.map((tag) => tag.replace(/\.(sig|att|sbom)$/, '').replace('sha256-', 'sha256:'));
  return subject === null ? named : [...named, subject.digest];
}

function ruleAnswer(rule: Rule, artifact: Artifact, inventory: Inventory, nowMs: number): Answer {
  if (rule.untilMs !== null && nowMs >= rule.untilMs) return 'no';
  const own = conditionsAnswer(rule, artifact, inventory, nowMs);
  if (rule.newest === null || own !== 'yes') return own;
  if (!isPlaceable(artifact)) return 'unknown';
  const { count } = rule.newest;
  const among = inventory.artifacts.filter(
    (other) => conditionsAnswer(rule, other, inventory, nowMs) === 'yes' && isPlaceable(other),
  );
  const isPlaced = groupsOf(rule, artifact).some((group) => {
    const newer = among.filter(
      (other) => groupsOf(rule, other).includes(group) && isNewer(other, artifact, group, rule),
    );
    return newer.length < count;
  });
  return isPlaced ? 'yes' : 'no';
}

/** One of unknown upload time or relations stays and takes no place. */
function isPlaceable({ uploadedAtMs, unreadable }: Artifact): boolean {
  return uploadedAtMs.kind !== 'unknown' && unreadable === null;
}

/** Of a time that may be earlier than it says: the answer at that time and at the earliest, where they agree. */
function askTime(time: TimeFact, holds: (atMs: number | null) => boolean): Answer {
  if (time.kind !== 'at latest') return ask(time, holds);
  const earliest = earliestOf(time);
  return holds(time.value) === holds(earliest) ? sure(holds(earliest)) : 'unknown';
}

function earliestOf(time: TimeFact): number {
  if (time.kind === 'at latest') return time.afterMs === undefined ? 0 : time.afterMs + 1;
  return latestOf(time);
}

function latestOf(time: TimeFact): number {
  return time.kind === 'unknown' || time.value === null ? Number.NaN : time.value;
}

/** All conditions are required: one no is a no, and without one an unknown is unknown. */
function conditionsAnswer(rule: Rule, artifact: Artifact, inventory: Inventory, nowMs: number): Answer {
  const answers = rule.conditions.map((condition) => conditionAnswer(condition, artifact, inventory, nowMs));
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

function conditionAnswer(
  condition: Condition,
  artifact: Artifact,
  inventory: Inventory,
  nowMs: number,
): Answer {
  const ageOf = (time: TimeFact, holds: (ageMs: number) => boolean): Answer =>
    askTime(time, (atMs) => atMs !== null && holds(nowMs - atMs));
  switch (condition.kind) {
    case 'all':
      return 'yes';
    case 'state':
      return sure((condition.state === 'tagged') === artifact.tags.length > 0);
    case 'orphaned':
      return ask(artifact.orphaned, (isGone) => isGone);
    case 'tags': {
      const matching = artifact.tags.filter((tag) => matchesAny(condition.patterns, tag));
      return sure(
        matching.length > 0 && (condition.match === 'any' || matching.length === artifact.tags.length),
      );
    }
    case 'olderThan':
      return ageOf(artifact.uploadedAtMs, (ageMs) => ageMs > condition.ageMs);
    case 'newerThan':
      return ageOf(artifact.uploadedAtMs, (ageMs) => ageMs < condition.ageMs);
    case 'untaggedFor':
      return ageOf(artifact.untaggedSinceMs, (ageMs) => ageMs > condition.ageMs);
    case 'taggedWithin':
      return ageOf(artifact.taggedAtMs, (ageMs) => ageMs < condition.ageMs);
    case 'pulledWithin':
      return ageOf(artifact.lastPulledAtMs, (ageMs) => ageMs < condition.ageMs);
    case 'notPulledFor':
      if (artifact.lastPulledAtMs.kind === 'known' && artifact.lastPulledAtMs.value === null) {
        return ageOf(artifact.uploadedAtMs, (ageMs) => ageMs > condition.ageMs);
      }
      return ageOf(artifact.lastPulledAtMs, (ageMs) => ageMs > condition.ageMs);
    case 'inUse':
      // Nobody named it, and the policy takes that for an answer.
      if (condition.trustsBestEffort && inventory.unusedByBestEffort && artifact.usedBy.kind === 'unknown')
        return sure(false);
      return ask(artifact.usedBy, (users) => users.length > 0);
    case 'digests':
      return sure([artifact.root, ...artifact.members].some((digest) => condition.digests.includes(digest)));
    case 'largerThan':
      return ask(artifact.sizeBytes, (sizeBytes) => sizeBytes > condition.sizeBytes);
    case 'mediaTypes': {
      const isOne = (type: string | null): boolean => type !== null && condition.mediaTypes.includes(type);
      const answers = [ask(artifact.mediaType, isOne), ask(artifact.artifactType, isOne)];
      return answers.includes('yes') ? 'yes' : answers.includes('unknown') ? 'unknown' : 'no';
    }
  }
}

function sure(holds: boolean): Answer {
  return holds ? 'yes' : 'no';
}

function ask<T>(fact: Fact<T>, holds: (value: T) => boolean): Answer {
  return fact.kind === 'unknown' ? 'unknown' : sure(holds(fact.value));
}

function matchesAny(patterns: readonly TagPattern[], tag: string): boolean {
  return patterns.some((pattern) => matches(pattern, tag));
}

function matches({ kind, text }: TagPattern, tag: string): boolean {
  switch (kind) {
    case 'exact':
      return tag === text;
    case 'prefix':
      return tag.slice(0, text.length) === text;
    case 'glob':
      return globMatches(text, tag);
    case 'regex':
      return javaScriptRegex(text).test(tag);
    case 'semver':
      return valid(tag) !== null && satisfies(tag, text);
  }
}

function globMatches(glob: string, text: string): boolean {
  if (glob === '') return text === '';
  if (glob[0] === '*')
    return globMatches(glob.slice(1), text) || (text !== '' && globMatches(glob, text.slice(1)));
  return text !== '' && (glob[0] === '?' || glob[0] === text[0]) && globMatches(glob.slice(1), text.slice(1));
}

/** The patterns of the tests mean the same in JavaScript, but for how a group is named. */
function javaScriptRegex(text: string): RegExp {
  return new RegExp(text.replaceAll('(?P<', '(?<'));
}

function tagPatterns(rule: Rule): readonly TagPattern[] {
  return rule.conditions.flatMap((condition) => (condition.kind === 'tags' ? condition.patterns : []));
}

/** Every group that a tag which the rule names puts the artifact into. */
function groupsOf(rule: Rule, artifact: Artifact): string[] {
  const per = rule.newest?.per;
  if (per === undefined || per.kind === 'repository') return ['all'];
  const tags = artifact.tags.filter((tag) => matchesAny(tagPatterns(rule), tag));
  return tags.map((tag) => {
    if (per.kind === 'capture') {
      const found = tagPatterns(rule).map(
        (pattern) => javaScriptRegex(pattern.text).exec(tag)?.groups?.[per.name],
      );
      return `${found.find((capture) => capture !== undefined)}`;
    }
    const version = parse(tag);
    return per.part === 'major' ? `${version?.major}` : `${version?.major}.${version?.minor}`;
  });
}

/** Whether one is newer than the other for sure: by its highest version in the group, or else by upload. */
function isNewer(one: Artifact, other: Artifact, group: string, rule: Rule): boolean {
  const highest = (artifact: Artifact): string =>
    artifact.tags
      .filter((tag) => matchesAny(tagPatterns(rule), tag))
      .filter((tag) => groupsOf(rule, { ...artifact, tags: [tag] }).includes(group))
      .sort(rcompare)[0] ?? '0.0.0-0';
  const byVersion = rule.newest?.by === 'semver' ? rcompare(highest(one), highest(other)) : 0;
  if (byVersion !== 0) return byVersion < 0;
  return earliestOf(one.uploadedAtMs) > latestOf(other.uploadedAtMs);
}
