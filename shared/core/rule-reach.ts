import type { Rule } from './policy.ts';
import { startsOf } from './tag-start.ts';

/**
 * Which artifacts a rule can have anything to say of, as far as their tags show without a look at the rest.
 * Never too few: an artifact out of reach gets the answer no from the rule itself.
 */
export interface RuleReach {
  readonly untagged: boolean;
  readonly tagged: boolean;
  /**
   * The characters that a tag has to begin with, where the artifact has one tag only; one set for each tag
   * condition, and all of them are required.
   */
  readonly starts: readonly ReadonlySet<string>[];
}

export function reachOf({ conditions }: Rule): RuleReach {
  let untagged = true;
  let tagged = true;
  const starts: ReadonlySet<string>[] = [];
  for (const condition of conditions) {
    if (condition.kind === 'state') {
      if (condition.state === 'tagged') untagged = false;
      else tagged = false;
    } else if (condition.kind === 'tags') {
      untagged = false;
      const each = condition.patterns.map(startsOf).filter((one) => one !== null);
      if (each.length === condition.patterns.length) starts.push(new Set(each.flatMap((one) => [...one])));
    }
  }
  return { untagged, tagged, starts };
}

/** How the tags of an artifact begin, as a number of eight bits: what rules are sorted by. */
export type TagsStart = number;

const UNTAGGED = 0;
/** Several tags, or one that does not begin as tags do. */
const ANY_START = 255;
/** A letter, digit or underscore; a tag that begins with anything else is no tag that `starts` speaks of. */
const TAG_START = /^\w/;

/** The code of the character with which the only tag begins. */
export function startOfTags(tags: readonly string[]): TagsStart {
  const tag = tags[0];
  if (tag === undefined) return UNTAGGED;
  const code = tags.length === 1 ? tag.charCodeAt(0) : ANY_START;
  return code > UNTAGGED && code < ANY_START ? code : ANY_START;
}

/**
 * Sorts rules by what they reach: the function that it returns takes how an artifact's tags begin and gives those
 * of the rules that may have something to say, in their order. Most rules ask for a tag that begins in a certain
 * way, so that most artifacts have to be shown to few of them.
 */
export function byReach<T extends { readonly reach: RuleReach }>(
  rules: readonly T[],
): (start: TagsStart) => readonly T[] {
  const reached = (start: TagsStart): readonly T[] => {
    if (start === UNTAGGED) return rules.filter(({ reach }) => reach.untagged);
    const tagged = rules.filter(({ reach }) => reach.tagged);
    const character = String.fromCharCode(start);
    if (start === ANY_START || !TAG_START.test(character)) return tagged;
    return tagged.filter(({ reach }) => reach.starts.every((starts) => starts.has(character)));
  };
  const byStart = Array.from({ length: ANY_START + 1 }, (_, start) => reached(start));
  return (start) => byStart[start] ?? rules;
}
