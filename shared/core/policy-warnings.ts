import type { Condition, Policy, Rule } from './policy.ts';
import { matchesEveryTag } from './policy-file/rule.ts';
import { type PolicyWarning, type PolicyWarningCode, sortWarnings, warning } from './policy-warning.ts';
import { DAY_MS } from './units.ts';

/** How long before its end a hold is told of: time for one more review. */
const HOLD_WARNING_MS = 7 * DAY_MS;

/** Kinds of delete rules that a keep rule is held against. More than these, and it is taken to matter. */
const RANGES_MAX = 200;

/**
 * What the policies themselves show, before any repository is looked at: rules that can never do anything, and
 * holds that end. Only what is certain is told. Sorted by place, the same for every order of the policies.
 */
export function policyWarnings(policies: readonly Policy[], nowMs: number): PolicyWarning[] {
  const deleting = distinctRanges(policies.flatMap((policy) => policy.delete));
  return sortWarnings(policies.flatMap((policy) => warningsOf(policy, deleting, nowMs)));
}

function warningsOf(policy: Policy, deleting: readonly Range[], nowMs: number): PolicyWarning[] {
  const found: PolicyWarning[] = [];
  const warn = (code: PolicyWarningCode, rule: Rule | null, message: string): void => {
    found.push(warning(code, policy, rule, message));
  };
  const speaking = policy.keep.filter((rule) => rule.untilMs === null || nowMs < rule.untilMs);
  // What holds for some time or keeps only some images makes nothing else needless.
  const lasting = speaking.filter((rule) => rule.untilMs === null && rule.newest === null);

  const covered = new Map(
    policy.delete.map((rule) => [rule, lasting.find((keep) => covers(keep, rule)) ?? null]),
  );
  const [covering] = covered.values();
  if (policy.delete.length > 0 && [...covered.values()].every((keep) => keep !== null)) {
    warn(
      'NEVER_DELETES',
      null,
      `The policy ${policy.name} can never delete anything: its rule ${covering?.name} keeps what its delete rules name.`,
    );
  } else {
    for (const [rule, keep] of covered) {
      if (keep === null) continue;
      warn(
        'RULE_NEVER_DELETES',
        rule,
        `The rule ${rule.name} of policy ${policy.name} can never delete anything: its rule ${keep.name} keeps all that it names.`,
      );
    }
  }
  if (deleting.length === 0) {
    warn(
      'NEVER_DELETES',
      null,
      `The policy ${policy.name} can never delete anything: neither it nor a policy beside it has a delete rule.`,
    );
  }

  for (const rule of speaking) {
    const by = lasting.find((keep) => keep !== rule && covers(keep, rule) && !isTwin(keep, rule, policy));
    if (by !== undefined) {
      warn(
        'KEEP_COVERED',
        rule,
        `The rule ${rule.name} of policy ${policy.name} adds nothing: its rule ${by.name} keeps all that it names.`,
      );
    }
    const range = rangeOf(rule.conditions);
    if (
      deleting.length > 0 &&
      deleting.length <= RANGES_MAX &&
      deleting.every((one) => areDisjoint(range, one))
    ) {
      warn(
        'KEEP_NEVER_MATTERS',
        rule,
        `The rule ${rule.name} of policy ${policy.name} never matters: no delete rule can name an image that it keeps.`,
      );
    }
  }
  for (const rule of policy.keep) {
    for (const pattern of rule.conditions.flatMap((one) => (one.kind === 'tags' ? one.patterns : []))) {
      if (!matchesEveryTag(pattern)) continue;
      warn(
        'MATCHES_EVERY_TAG',
        rule,
        `${pattern.kind} ${JSON.stringify(pattern.text)} in the rule ${rule.name} of policy ${policy.name} matches every tag. Write state: tagged if that is meant.`,
      );
    }
    if (rule.untilMs === null) continue;
    if (nowMs >= rule.untilMs) {
      warn(
        'HOLD_ENDED',
        rule,
        `The hold ${rule.name} of policy ${policy.name} ended on ${time(rule.untilMs)} and keeps nothing any more. Remove it, or give it a later date.`,
      );
    } else if (rule.untilMs - nowMs <= HOLD_WARNING_MS) {
      warn(
        'HOLD_ENDS_SOON',
        rule,
        `The hold ${rule.name} of policy ${policy.name} ends on ${time(rule.untilMs)}.`,
      );
    }
  }
  return found;
}

/** A moment as warnings name it: `2026-12-31 12:00 UTC`. */
export function time(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Of two rules that cover each other, the later one is told of and the first is not. */
function isTwin(keep: Rule, rule: Rule, policy: Policy): boolean {
  return (
    rule.newest === null &&
    rule.untilMs === null &&
    covers(rule, keep) &&
    policy.keep.indexOf(rule) < policy.keep.indexOf(keep)
  );
}

/** Whether every image that a rule names surely meets all conditions of a keep rule. */
function covers(keep: Rule, rule: Rule): boolean {
  return keep.conditions.every((condition) => isImplied(condition, rule.conditions));
}

/** Whether who meets all of `given` surely meets `wanted` too. False where that is not plain to see. */
function isImplied(wanted: Condition, given: readonly Condition[]): boolean {
  switch (wanted.kind) {
    case 'all':
      return true;
    case 'state':
      return rangeOf(given).state === wanted.state;
    case 'tags':
      return given.some((one) => {
        if (one.kind !== 'tags' || (wanted.match === 'all' && one.match === 'any')) return false;
        return one.patterns.every((pattern) =>
          wanted.patterns.some((other) => other.kind === pattern.kind && other.text === pattern.text),
        );
      });
    case 'olderThan':
    case 'untaggedFor':
    case 'notPulledFor':
      return given.some((one) => one.kind === wanted.kind && one.ageMs >= wanted.ageMs);
    case 'newerThan':
    case 'taggedWithin':
    case 'pulledWithin':
      return given.some((one) => one.kind === wanted.kind && one.ageMs <= wanted.ageMs);
    case 'inUse':
    case 'orphaned':
      return given.some((one) => one.kind === wanted.kind);
    case 'digests':
      return given.some(
        (one) => one.kind === 'digests' && one.digests.every((digest) => wanted.digests.includes(digest)),
      );
    case 'largerThan':
      return given.some((one) => one.kind === 'largerThan' && one.sizeBytes >= wanted.sizeBytes);
    case 'mediaTypes':
      return given.some(
        (one) =>
          one.kind === 'mediaTypes' && one.mediaTypes.every((type) => wanted.mediaTypes.includes(type)),
      );
  }
}

/** The images that conditions can name, as far as that can be compared. Ages in milliseconds. */
interface Range {
  /** null: either. */
  readonly state: 'tagged' | 'untagged' | null;
  readonly uploadedMs: Span;
  readonly pulledMs: Span;
}

/** Longer ago than the first, less long ago than the second. */
type Span = readonly [more: number, less: number];

function rangeOf(conditions: readonly Condition[]): Range {
  let state: Range['state'] = null;
  let [uploadedMore, uploadedLess] = [0, Number.POSITIVE_INFINITY];
  let [pulledMore, pulledLess] = [0, Number.POSITIVE_INFINITY];
  for (const condition of conditions) {
    if (condition.kind === 'state') state = condition.state;
    else if (condition.kind === 'untaggedFor') state = 'untagged';
    else if (condition.kind === 'tags' || condition.kind === 'taggedWithin') state = 'tagged';
    else if (condition.kind === 'olderThan') uploadedMore = condition.ageMs;
    else if (condition.kind === 'newerThan') uploadedLess = condition.ageMs;
    else if (condition.kind === 'notPulledFor') pulledMore = condition.ageMs;
    else if (condition.kind === 'pulledWithin') pulledLess = condition.ageMs;
  }
  return { state, uploadedMs: [uploadedMore, uploadedLess], pulledMs: [pulledMore, pulledLess] };
}

function areDisjoint(a: Range, b: Range): boolean {
  const apart = ([moreA, lessA]: Span, [moreB, lessB]: Span): boolean =>
    Math.max(moreA, moreB) >= Math.min(lessA, lessB);
  return (
    (a.state !== null && b.state !== null && a.state !== b.state) ||
    apart(a.uploadedMs, b.uploadedMs) ||
    apart(a.pulledMs, b.pulledMs)
  );
}

/** A thousand policies have few different ranges; each keep rule is held against these only. */
function distinctRanges(rules: readonly Rule[]): Range[] {
  const found = new Map<string, Range>();
  for (const { conditions } of rules) {
    const range = rangeOf(conditions);
    found.set(JSON.stringify(range), range);
  }
  return [...found.values()];
}
