import { type Answer, answerWith, NO, type RuleEvaluator, unknownOf } from './answer.ts';
import type { Evidence } from './decision.ts';
import type { Digest } from './digest.ts';
import type { TimeFact } from './fact.ts';
import { type Artifact, type Inventory, type InventoryReader, readInventory } from './inventory.ts';
import { rankNewest } from './newest.ts';
import { compileTagTest } from './pattern.ts';
import type { Condition, Rule } from './policy.ts';

/**
 * What a condition finds in one artifact: null is no, evidence of kind `unknown` is that a fact it asks for is
 * not known, and every other evidence is yes. What would be equal for many artifacts is one object, which
 * makes their answers one object too.
 */
type Finder = (artifact: Artifact) => Evidence | null;

/** Prepares a rule for an inventory that is held as a whole, see `prepareRule`. */
export function evaluateRule(
  rule: Rule,
  inventory: Inventory,
  nowMs: number,
): (artifact: Artifact) => Answer {
  const ask = prepareRule(rule, readInventory(inventory), nowMs);
  const places = new Map(inventory.artifacts.map(({ root }, at) => [root, at]));
  return (artifact) => ask(artifact, places.get(artifact.root) ?? -1);
}

/**
 * Prepares a rule for an inventory. A rule with `newest` looks at all artifacts at once, which is why it
 * needs the inventory before it is asked about one.
 */
export function prepareRule(rule: Rule, inventory: InventoryReader, nowMs: number): RuleEvaluator {
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
  if (rule.newest === null) return matches;
  const tagFinders = rule.conditions.filter((one) => one.kind === 'tags').map(tagsFinder);
  const mayMatch = (tags: readonly string[]): boolean => tagFinders.every((find) => find({ tags }) !== null);
  return rankNewest(rule, rule.newest, inventory, mayMatch, matches);
}

function prepare(condition: Condition, inventory: InventoryReader, nowMs: number): Finder {
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
    case 'orphaned': {
      const found: Evidence = { kind: 'orphaned' };
      const notKnown = unknownOf('whether what it is about is gone');
      return ({ orphaned }) => {
        if (orphaned.kind === 'unknown') return notKnown(orphaned.reason);
        return orphaned.value ? found : null;
      };
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
      // What nobody ever pulled was not pulled for as long as it is there.
      const isOld = age(({ uploadedAtMs }) => uploadedAtMs, 'uploaded', 'more than', condition.ageMs, nowMs);
      const never: Evidence = { kind: 'never pulled' };
      return (artifact) => {
        const pulled = artifact.lastPulledAtMs;
        if (pulled.kind !== 'known' || pulled.value !== null) return longAgo(artifact);
        const uploaded = isOld(artifact);
        return uploaded === null || uploaded.kind === 'unknown' ? uploaded : never;
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

function tagsFinder({
  match,
  patterns,
}: Extract<Condition, { kind: 'tags' }>): (artifact: Pick<Artifact, 'tags'>) => Evidence | null {
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
  const isMore = wanted === 'more than';
  return (artifact) => {
    const time = timeOf(artifact);
    if (time.kind === 'unknown') return notKnown(time.reason);
    if (time.value === null) return null;
    const ageMs = nowMs - time.value;
    const holds = isMore ? ageMs > wantedMs : ageMs < wantedMs;
    if (time.kind === 'known') return holds ? { kind: 'age', since, ageMs, wanted, wantedMs } : null;
    // It may be longer ago, though less long than since the moment after which it was.
    const isLessForSure = time.afterMs !== undefined && nowMs - time.afterMs <= wantedMs;
    const isMoreForSure = isMore ? holds : !holds;
    if (!isMoreForSure && !isLessForSure) return notKnown('only the latest that it can have been is known');
    return isMoreForSure === isMore ? { kind: 'age', since, ageMs, wanted, wantedMs, atLatest: true } : null;
  };
}
