import { subjectOfTag } from '../manifest.ts';
import { versionOf } from '../pattern.ts';

/** What people, and their pipelines, mean by a tag. */
export type HabitKind = 'release' | 'moving' | 'pull request' | 'branch' | 'build' | 'commit' | 'date';

/** Tags of one repository that are made in one way. */
export interface TagHabit {
  readonly kind: HabitKind;
  /** How a policy names them. */
  readonly pattern:
    | { readonly semver: string }
    | { readonly exact: readonly string[] }
    | { readonly glob: string }
    | { readonly regex: string };
  readonly count: number;
  /** Of these tags up to three, sorted. */
  readonly examples: readonly string[];
}

/** Names that are moved on with every build, or by somebody who means it. */
const MOVING: ReadonlySet<string> = new Set(
  'latest main master trunk stable edge canary nightly prod production live staging stage test qa dev develop development current lts release'.split(
    ' ',
  ),
);

const PULL_REQUEST = /^((?:pr|mr|pull|pull-request|merge|merge-request|preview|review)[-_.])[0-9]/i;
const BRANCH = /^((?:feature|feat|fix|bugfix|hotfix|chore|task|topic|dependabot|renovate)[-_.])./i;
const BUILD = /^([a-z][a-z0-9]*[-_.])[0-9]{1,12}$/i;
const COMMIT = /^((?:[a-z][a-z0-9]*[-_.])?)([0-9a-f]{7,40})$/;
const DATE = /^20[0-9]{2}-?[01][0-9]-?[0-3][0-9]([-_.T]?[0-9]+)*$/;

/** So few tags are no habit, and a rule for them would only be one more to read. */
const HABIT_TAGS_MIN = 3;
const EXAMPLES_MAX = 3;

interface Found {
  readonly kind: HabitKind;
  readonly pattern: TagHabit['pattern'];
}

/**
 * The ways in which tags are made, the most frequent first; tags that fit none are in none. Releases and moving
 * names count from the first, since they are only ever kept.
 */
export function tagHabits(tags: Iterable<string>): readonly TagHabit[] {
  const groups = new Map<string, { readonly found: Found; readonly tags: string[] }>();
  for (const tag of tags) {
    const found = habitOf(tag);
    if (found === null) continue;
    const key = found.kind === 'moving' ? 'moving' : JSON.stringify(found.pattern);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { found, tags: [tag] });
    else group.tags.push(tag);
  }
  return [...groups.values()]
    .map(({ found, tags: all }): TagHabit => {
      const distinct = [...new Set(all)].sort();
      const pattern = found.kind === 'moving' ? { exact: distinct } : found.pattern;
      return { kind: found.kind, pattern, count: all.length, examples: distinct.slice(0, EXAMPLES_MAX) };
    })
    .filter(({ kind, count }) => isKept(kind) || count >= HABIT_TAGS_MIN)
    .sort((a, b) => b.count - a.count || (JSON.stringify(a.pattern) < JSON.stringify(b.pattern) ? -1 : 1));
}

/** Whether a habit is one of what people want to find again. */
export function isKept(kind: HabitKind): kind is 'release' | 'moving' {
  return kind === 'release' || kind === 'moving';
}

function habitOf(tag: string): Found | null {
  if (subjectOfTag(tag) !== null) return null;
  if (MOVING.has(tag.toLowerCase())) return { kind: 'moving', pattern: { exact: [tag] } };
  // A date can be read as a version, as 2026.01.31: it is kept then, which is the safe way round.
  if (versionOf(tag) !== null) return { kind: 'release', pattern: { semver: '>=0.0.0-0' } };
  const [, review] = PULL_REQUEST.exec(tag) ?? [];
  if (review !== undefined) return { kind: 'pull request', pattern: { glob: `${review}*` } };
  const [, branch] = BRANCH.exec(tag) ?? [];
  if (branch !== undefined) return { kind: 'branch', pattern: { glob: `${branch}*` } };
  if (DATE.test(tag)) return { kind: 'date', pattern: { regex: DATE.source } };
  const [, before, hash] = COMMIT.exec(tag) ?? [];
  if (before !== undefined && hash !== undefined && looksLikeHash(hash)) {
    return { kind: 'commit', pattern: { regex: `^${before.replaceAll('.', '\\.')}[0-9a-f]{7,40}$` } };
  }
  const [, build] = BUILD.exec(tag) ?? [];
  return build === undefined
    ? null
    : { kind: 'build', pattern: { regex: `^${build.replaceAll('.', '\\.')}[0-9]+$` } };
}

/** `deadbee` may be a word and `1234567` a build number; where there are both letters and digits it is neither. */
function looksLikeHash(text: string): boolean {
  return text.length === 40 || (/[0-9]/.test(text) && /[a-f]/.test(text));
}
