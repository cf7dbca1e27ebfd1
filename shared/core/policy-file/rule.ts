import { validRange } from 'semver';
import { isDigest } from '../digest.ts';
import { messageOf } from '../error.ts';
import { captureNames, compileTagPattern } from '../pattern.ts';
import type { Condition, Newest, NewestGroup, Quarantine, Rule, TagPattern } from '../policy.ts';
import { isTag } from '../reference.ts';
import { formatAge, type Parsed, parseAge, parseSize, parseUntil } from '../units.ts';
import type { DocumentReader, Entry } from './document.ts';
import {
  MEDIA_TYPE,
  NAME,
  NAME_CHARACTERS_MAX,
  RULE_KEYWORDS,
  type RULE_MODIFIERS,
  type RuleKeyword,
  TAG_PATTERN_KINDS,
  TAGS_KEYWORDS,
} from './keyword.ts';
import { NEWEST_MAX } from './limits.ts';
import type { PolicyProblemCode } from './problem.ts';
import { remembering } from './remember.ts';
import { quoted } from './spelling.ts';

type Effect = Rule['effect'];
type ConditionKeyword = Exclude<RuleKeyword, (typeof RULE_MODIFIERS)[number]>;
type ConditionReader = (reader: DocumentReader, entry: Entry, effect: Effect) => Condition | null;

/** Whether something can name a policy or a rule. */
export function isName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name) && name.length <= NAME_CHARACTERS_MAX;
}

/** Whether a text can name a policy or a rule; where it can't, says so. */
export function readName(reader: DocumentReader, at: Entry, name: string, what: string): boolean {
  if (isName(name)) return true;
  const isRuleKey = what === 'rule' && Object.hasOwn(RULE_KEYWORDS, name);
  reader.report(
    'POLICY_NAME',
    at,
    `${quoted(name)} is no name of a ${what}: use a-z, 0-9 and single dashes between them, at most ${NAME_CHARACTERS_MAX} characters.${isRuleKey ? ` Write the rule's name before its conditions: - name: { ${name}: … }.` : ''}`,
  );
  return false;
}

/** A text read by one of the unit parsers. null: reported. */
export function readUnit<T>(
  reader: DocumentReader,
  entry: Entry,
  code: PolicyProblemCode,
  wanted: string,
  parse: (text: string) => Parsed<T>,
): T | null {
  const text = reader.text(entry.value, entry, entry.key, wanted, 'is wrong');
  if (text === null) return null;
  const result = parse(text);
  if (result.kind === 'parsed') return result.value;
  reader.report(code, entry, `${entry.key} can't be ${quoted(text)}: ${result.why}.`);
  return null;
}

function ageCondition(
  kind: 'olderThan' | 'newerThan' | 'untaggedFor' | 'taggedWithin' | 'pulledWithin' | 'notPulledFor',
): ConditionReader {
  return (reader, entry) => {
    const ageMs = readUnit(reader, entry, 'POLICY_DURATION', 'a length of time such as 7d', parseAge);
    return ageMs === null ? null : { kind, ageMs };
  };
}

function yesCondition(kind: 'all' | 'inUse' | 'orphaned'): ConditionReader {
  return (reader, entry) => {
    const flag = reader.flag(entry);
    if (flag === false) {
      reader.report(
        'POLICY_VALUE',
        entry,
        `${kind} is only ever true: leave it out, or write ${kind}: true.`,
      );
    }
    return flag === true ? { kind } : null;
  };
}

/** Every text of a list that a check accepts; the others are reported. null where one was refused. */
export function texts(
  reader: DocumentReader,
  entry: Entry,
  wanted: string,
  check: (text: string) => { code: PolicyProblemCode; message: string } | null,
): string[] | null {
  const nodes = reader.list(entry);
  if (nodes === null) return null;
  const found: string[] = [];
  for (const node of nodes) {
    const text = reader.text(node, entry, entry.key, wanted);
    if (text === null) continue;
    const problem = check(text);
    if (problem === null) found.push(text);
    else reader.report(problem.code, node, problem.message);
  }
  return found.length === nodes.length ? found : null;
}

const TAG_GLOB = /^[A-Za-z0-9._*?-]+$/;

const isRange = remembering((text) => validRange(text) !== null);

interface Regex {
  /** Why it is no regular expression; null where it is one. */
  readonly problem: string | null;
  /** Found anywhere: one that is found in nothing and in a text of no sense is found in every tag. */
  readonly isInEveryTag: boolean;
  readonly groups: readonly string[];
}

const regexOf = remembering((text): Regex => {
  const pattern: TagPattern = { kind: 'regex', text };
  try {
    const match = compileTagPattern(pattern);
    const isInEveryTag = match('').matched && match('_0.Zz-9').matched;
    // Compiled anew for its names only where it can have some.
    return { problem: null, isInEveryTag, groups: /\(\?P?</.test(text) ? captureNames(pattern) : [] };
  } catch (thrown) {
    return { problem: messageOf(thrown), isInEveryTag: false, groups: [] };
  }
});

/** Why a pattern can't be meant, or null. In a delete rule one that matches every tag can't be. */
function tagPatternProblem(
  pattern: TagPattern,
  effect: Effect,
): { code: PolicyProblemCode; message: string } | null {
  const { kind, text } = pattern;
  switch (kind) {
    case 'exact':
    case 'prefix':
      if (isTag(text)) return null;
      return {
        code: 'POLICY_TAG_PATTERN',
        message: `No tag ${kind === 'exact' ? 'is' : 'begins with'} ${quoted(text)}: tags are made of letters, digits, _ . and -, and begin with neither . nor -.`,
      };
    case 'glob':
      if (!TAG_GLOB.test(text) || /^[.-]/.test(text)) {
        return {
          code: 'POLICY_TAG_PATTERN',
          message: `No tag matches ${quoted(text)}: a glob is made of letters, digits, _ . - and the wildcards * and ?, and begins with neither . nor -. Write alternatives as a list, or use regex.`,
        };
      }
      break;
    case 'regex': {
      const { problem } = regexOf(text);
      if (problem !== null) return { code: 'POLICY_REGEX', message: problem };
      break;
    }
    case 'semver':
      if (!isRange(text)) {
        return {
          code: 'POLICY_SEMVER',
          message: `${quoted(text)} is no range of versions. Write one as npm does, for example >=1.0.0 or ^2.1.`,
        };
      }
      return null;
  }
  if (effect === 'delete' && matchesEveryTag(pattern)) {
    return {
      code: 'POLICY_TOO_WIDE',
      message: `${quoted(text)} matches every tag. Anchor it with ^ and $, or write state: tagged if every tagged image is meant.`,
    };
  }
  return null;
}

/** Whether there can be no tag that a pattern does not match. */
export function matchesEveryTag({ kind, text }: TagPattern): boolean {
  if (kind === 'glob') return /^\*+$/.test(text);
  return kind === 'regex' && regexOf(text).isInEveryTag;
}

const tagsCondition: ConditionReader = (reader, entry, effect) => {
  const before = reader.problems.length;
  const entries = reader.mapping(entry.value, entry, 'tags', TAGS_KEYWORDS);
  if (entries === null || reader.problems.length > before) return null;
  const kinds = TAG_PATTERN_KINDS.filter((kind) => entries.has(kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    reader.report(
      kind === undefined ? 'POLICY_MISSING_KEY' : 'POLICY_CONTRADICTION',
      entry,
      `tags has exactly one of ${TAG_PATTERN_KINDS.join(', ')}; here ${kind === undefined ? 'is none' : `are ${kinds.join(' and ')}`}.`,
    );
    return null;
  }
  const patternEntry = entries.get(kind);
  const matchEntry = entries.get('match');
  const found =
    patternEntry === undefined
      ? null
      : texts(reader, patternEntry, 'a text', (text) => tagPatternProblem({ kind, text }, effect));
  // A digest goes with all of its tags. In a delete rule "any" would let one old pull-request tag take a release
  // along that shares its digest; so a delete rule has to ask for that. A keep rule errs the other way.
  const fallback = effect === 'keep' ? 'any' : 'all';
  const match = matchEntry === undefined ? fallback : reader.choice(matchEntry, ['any', 'all'] as const);
  if (found === null || match === null) return null;
  return { kind: 'tags', match, patterns: found.map((text) => ({ kind, text })) };
};

/** One reader a condition; the order is the order of a rule's conditions, whatever the file's is. */
const CONDITIONS: Readonly<Record<ConditionKeyword, ConditionReader>> = {
  all: yesCondition('all'),
  state: (reader, entry) => {
    const state = reader.choice(entry, ['tagged', 'untagged'] as const);
    return state === null ? null : { kind: 'state', state };
  },
  orphaned: yesCondition('orphaned'),
  tags: tagsCondition,
  olderThan: ageCondition('olderThan'),
  newerThan: ageCondition('newerThan'),
  untaggedFor: ageCondition('untaggedFor'),
  taggedWithin: ageCondition('taggedWithin'),
  pulledWithin: ageCondition('pulledWithin'),
  notPulledFor: ageCondition('notPulledFor'),
  inUse: yesCondition('inUse'),
  digests: (reader, entry) => {
    const found = texts(reader, entry, 'a digest', (text) =>
      isDigest(text)
        ? null
        : {
            code: 'POLICY_DIGEST',
            message: `${quoted(text)} is no digest: write sha256: and 64 hexadecimal digits in lower case.`,
          },
    );
    return found === null ? null : { kind: 'digests', digests: found.filter(isDigest) };
  },
  largerThan: (reader, entry) => {
    const sizeBytes = readUnit(reader, entry, 'POLICY_SIZE', 'a size such as 500MB', parseSize);
    return sizeBytes === null ? null : { kind: 'largerThan', sizeBytes };
  },
  mediaTypes: (reader, entry) => {
    const mediaTypes = texts(reader, entry, 'a media type', (text) =>
      MEDIA_TYPE.test(text)
        ? null
        : {
            code: 'POLICY_MEDIA_TYPE',
            message: `${quoted(text)} is no media type: write type/subtype, for example application/vnd.oci.image.manifest.v1+json.`,
          },
    );
    return mediaTypes === null ? null : { kind: 'mediaTypes', mediaTypes };
  },
};

function isCondition(key: string): key is ConditionKeyword {
  return Object.hasOwn(CONDITIONS, key);
}

/** Why no image can meet all conditions, or null. */
function contradiction(conditions: readonly Condition[]): string | null {
  const of = <K extends Condition['kind']>(kind: K): Extract<Condition, { kind: K }> | undefined =>
    conditions.find((one): one is Extract<Condition, { kind: K }> => one.kind === kind);
  const state = of('state')?.state;
  const untagged = state === 'untagged' ? 'state: untagged' : of('untaggedFor') ? 'untaggedFor' : null;
  const tagged =
    state === 'tagged' ? 'state: tagged' : of('tags') ? 'tags' : of('taggedWithin') ? 'taggedWithin' : null;
  if (untagged !== null && tagged !== null) {
    return `${untagged} is for images without a tag and ${tagged} for images with one, so no image meets both`;
  }
  for (const [more, less] of [
    ['olderThan', 'newerThan'],
    ['notPulledFor', 'pulledWithin'],
  ] as const) {
    const moreMs = of(more)?.ageMs;
    const lessMs = of(less)?.ageMs;
    if (moreMs !== undefined && lessMs !== undefined && moreMs >= lessMs) {
      return `no time is more than ${formatAge(moreMs)} and less than ${formatAge(lessMs)} ago, so no image meets both ${more} and ${less}`;
    }
  }
  return null;
}

/** `newest` with what belongs to it; null without one. `broken`: reported. */
function readNewest(
  reader: DocumentReader,
  entries: ReadonlyMap<string, Entry>,
  conditions: readonly Condition[],
): Newest | null | 'broken' {
  const newest = entries.get('newest');
  const by = entries.get('by');
  const per = entries.get('per');
  if (newest === undefined) {
    for (const entry of [by, per]) {
      if (entry === undefined) continue;
      reader.reportKey('POLICY_NEWEST', entry, `${entry.key} belongs to newest, and the rule has none.`);
    }
    return null;
  }
  const count = reader.count(newest, NEWEST_MAX);
  const order = by === undefined ? 'upload' : reader.choice(by, ['upload', 'semver'] as const);
  const patterns = conditions.find((one) => one.kind === 'tags')?.patterns ?? [];
  const isSemver = patterns[0]?.kind === 'semver';
  if (by !== undefined && order === 'semver' && !isSemver) {
    reader.report(
      'POLICY_NEWEST',
      by,
      'by: semver needs versions to compare: add tags: { semver: ">=0.0.0" } to the rule.',
    );
    return 'broken';
  }
  const group = per === undefined ? { kind: 'repository' as const } : readGroup(reader, per, patterns);
  if (count === null || order === null || group === null) return 'broken';
  return { count, by: order, per: group };
}

function readGroup(reader: DocumentReader, per: Entry, patterns: readonly TagPattern[]): NewestGroup | null {
  const text = reader.text(per.value, per, 'per', 'repository, major, minor, or a named group of tags.regex');
  if (text === null) return null;
  const kind = patterns[0]?.kind;
  if (text === 'repository') return { kind: 'repository' };
  if (kind === 'regex') {
    if (patterns.every((pattern) => regexOf(pattern.text).groups.includes(text)))
      return { kind: 'capture', name: text };
    const names = [...new Set(patterns.flatMap((pattern) => regexOf(pattern.text).groups))];
    reader.report(
      'POLICY_NEWEST',
      per,
      `per: ${quoted(text)} is no group of every regex of the rule. ${names.length === 0 ? 'Name a part of it: (?<name>…)' : `There are: ${names.join(', ')}`}.`,
    );
    return null;
  }
  if (text === 'major' || text === 'minor') {
    if (kind === 'semver') return { kind: 'semver', part: text };
    reader.report(
      'POLICY_NEWEST',
      per,
      `per: ${text} needs versions to read it from: add tags: { semver: ">=0.0.0" } to the rule.`,
    );
    return null;
  }
  reader.report(
    'POLICY_NEWEST',
    per,
    `per is repository, major, minor (with tags.semver) or a named group of tags.regex, not ${quoted(text)}.`,
  );
  return null;
}

/** Why a keyword of keep rules can't be in a delete rule. */
const KEEP_ONLY: Readonly<Record<string, string>> = {
  newest:
    'newest says what stays: deleting "the newest 3" would take the images just built. Put it in a keep rule; what no keep rule names, a delete rule may take',
  by: 'by belongs to newest, which only keep rules have',
  per: 'per belongs to newest, which only keep rules have',
  until:
    'until ends a hold. A delete rule that ends by itself would not be noticed: remove the rule when it is over',
  inUse: 'inUse in a delete rule would delete what is running. Put it in a keep rule',
};

/**
 * Reads one rule. null: it is broken, and everything that is wrong with it was reported.
 * A rule that was read always has a condition: `newest` alone stands on `all`.
 * @param inherited the quarantine of its policy
 */
export function readRule(
  reader: DocumentReader,
  named: Entry,
  effect: Effect,
  line: number,
  inherited: Quarantine | null = null,
): Rule | null {
  const before = reader.problems.length;
  const { key: name } = named;
  const entries = reader.mapping(named.value, named, `the rule ${quoted(name)}`, RULE_KEYWORDS);
  if (entries === null) return null;
  const conditions: Condition[] = [];
  for (const key of Object.keys(RULE_KEYWORDS)) {
    const entry = entries.get(key);
    if (entry === undefined) continue;
    const keepOnly = effect === 'delete' ? KEEP_ONLY[key] : undefined;
    if (keepOnly !== undefined) reader.reportKey('POLICY_KEEP_ONLY', entry, `${keepOnly}.`);
    else if (effect === 'keep' && (key === 'quarantine' || key === 'quarantineWithout')) {
      const why = 'what a keep rule names stays, so that nothing of it has to wait';
      reader.reportKey('POLICY_DELETE_ONLY', entry, `${key} belongs to delete rules: ${why}.`);
    } else if (isCondition(key)) {
      const condition = CONDITIONS[key](reader, entry, effect);
      if (condition !== null) conditions.push(condition);
    }
  }
  // What follows judges the rule as a whole, which needs all of it.
  if (reader.problems.length > before) return null;

  const newest = readNewest(reader, entries, conditions);
  const until = entries.get('until');
  const untilMs =
    until === undefined
      ? null
      : readUnit(reader, until, 'POLICY_DATE', 'a date such as 2026-12-31', parseUntil);
  const all = entries.get('all');
  const quarantine = readQuarantine(reader, entries, inherited);
  const narrowing = [...entries.keys()].filter((key) => key !== 'all' && !NARROWS_NOTHING.has(key));
  if (all !== undefined && narrowing.length > 0) {
    reader.reportKey(
      'POLICY_CONTRADICTION',
      all,
      `all: true means every image, and ${narrowing.join(', ')} narrows it: remove one of them.`,
    );
  } else if (all === undefined && narrowing.length === 0) {
    reader.report(
      'POLICY_TOO_WIDE',
      named,
      `The rule ${quoted(name)} narrows nothing, so it would ${effect} every image. Add a condition, or write all: true if that is meant.`,
    );
  }
  const why = contradiction(conditions);
  if (why !== null)
    reader.report('POLICY_CONTRADICTION', named, `The rule ${quoted(name)} never does anything: ${why}.`);
  if (reader.problems.length > before || newest === 'broken') return null;
  return {
    name,
    effect,
    line,
    conditions: conditions.length === 0 ? [{ kind: 'all' }] : conditions,
    newest,
    untilMs,
    ...(quarantine === null || effect === 'keep' ? {} : { quarantine }),
  };
}

const NARROWS_NOTHING: ReadonlySet<string> = new Set(['until', 'quarantine', 'quarantineWithout']);

/**
 * `quarantine` with what belongs to it, of a rule or of a policy.
 * @param inherited what holds where it says nothing
 * @returns null where there is none, or where it is broken, which was reported
 */
export function readQuarantine(
  reader: DocumentReader,
  entries: ReadonlyMap<string, Entry>,
  inherited: Quarantine | null,
): Quarantine | null {
  const entry = entries.get('quarantine');
  const withoutEntry = entries.get('quarantineWithout');
  if (entry === undefined) {
    if (withoutEntry !== undefined) {
      const why = 'belongs to quarantine, which has to stand beside it';
      reader.reportKey('POLICY_QUARANTINE', withoutEntry, `${withoutEntry.key} ${why}.`);
    }
    return inherited;
  }
  const graceMs = readUnit(reader, entry, 'POLICY_DURATION', 'a length of time such as 7d', parseAge);
  if (withoutEntry === undefined) return graceMs === null ? null : { graceMs, without: [] };
  const found = texts(reader, withoutEntry, 'pulls or inUse', (text) =>
    isUnwatched(text)
      ? null
      : { code: 'POLICY_VALUE', message: `${withoutEntry.key} is pulls or inUse, not ${quoted(text)}.` },
  );
  if (graceMs === null || found === null) return null;
  return { graceMs, without: [...new Set(found.filter(isUnwatched))].sort() };
}

function isUnwatched(text: string): text is Quarantine['without'][number] {
  return text === 'pulls' || text === 'inUse';
}
