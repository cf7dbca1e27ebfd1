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

/** A letter, digit or underscore; a tag that begins with anything else is no tag that `starts` speaks of. */
const TAG_START = /^\w/;

/**
 * Sorts rules by what they reach: the function that it returns takes an artifact's tags and gives those of the
 * rules that may have something to say, in their order. Most rules ask for a tag that begins in a certain way,
 * so that most artifacts have to be shown to few of them.
 */
export function byReach<T extends { readonly reach: RuleReach }>(
  rules: readonly T[],
): (tags: readonly string[]) => readonly T[] {
  const untagged = rules.filter(({ reach }) => reach.untagged);
  const tagged = rules.filter(({ reach }) => reach.tagged);
  // By character code; a sparse list, made as tags come.
  const byStart: (readonly T[] | undefined)[] = [];
  const startingWith = (tag: string): readonly T[] => {
    const start = tag.slice(0, 1);
    return TAG_START.test(tag)
      ? tagged.filter(({ reach }) => reach.starts.every((starts) => starts.has(start)))
      : tagged;
  };
  return (tags) => {
    const tag = tags[0];
    if (tag === undefined) return untagged;
    if (tags.length > 1) return tagged;
    const code = tag.charCodeAt(0);
    const found = byStart[code] ?? startingWith(tag);
    byStart[code] = found;
    return found;
  };
}
