import type { NaiveManifest } from './cases.ts';
import { newestFirst } from './cases.ts';

export interface NaiveLifecycleRule {
  readonly rulePriority: number;
  readonly description?: string;
  readonly selection: {
    readonly tagStatus: 'tagged' | 'untagged' | 'any';
    readonly tagPatternList?: readonly string[];
    readonly tagPrefixList?: readonly string[];
    readonly storageClass?: string;
    readonly countType: string;
    readonly countUnit?: string;
    readonly countNumber: number;
  };
  readonly action: { readonly type: string; readonly targetStorageClass?: string };
}

function isLike(pattern: string, tag: string): boolean {
  if (pattern === '') return tag === '';
  const [first = '', rest] = [pattern[0], pattern.slice(1)];
  if (first !== '*') return tag[0] === first && isLike(rest, tag.slice(1));
  for (let at = 0; at <= tag.length; at += 1) if (isLike(rest, tag.slice(at))) return true;
  return false;
}

/** Whether an image has the tags that a rule asks for: for every entry of the list, a tag that matches it. */
export function isSelected(rule: NaiveLifecycleRule, image: NaiveManifest): boolean {
  const { tagStatus, tagPatternList, tagPrefixList } = rule.selection;
  if (tagStatus === 'any') return true;
  if (tagStatus === 'untagged') return image.tags.length === 0;
  if (tagPatternList !== undefined) {
    return tagPatternList.every((pattern) => image.tags.some((tag) => isLike(pattern, tag)));
  }
  return (tagPrefixList ?? []).every((prefix) => image.tags.some((tag) => tag.startsWith(prefix)));
}

/** The rule that decides about an image: the first, by priority, that selects it. */
export function rulingOf(
  rules: readonly NaiveLifecycleRule[],
  image: NaiveManifest,
): NaiveLifecycleRule | undefined {
  return [...rules].sort((a, b) => a.rulePriority - b.rulePriority).find((rule) => isSelected(rule, image));
}

/** A lifecycle policy as documented. Pulls are not known here: nothing is expired because of them. */
export function ecrDeletes(rules: readonly NaiveLifecycleRule[], all: readonly NaiveManifest[]): Set<string> {
  const going = new Set<string>();
  for (const image of all) {
    const rule = rulingOf(rules, image);
    if (rule === undefined || rule.action.type !== 'expire') continue;
    if (rule.selection.storageClass === 'archive') continue;
    const { countType, countNumber } = rule.selection;
    if (countType === 'imageCountMoreThan') {
      // Counted are all that it selects, also those that a rule above decides about.
      const counted = newestFirst(all.filter((one) => isSelected(rule, one)));
      if (counted.findIndex(({ name }) => name === image.name) >= countNumber) going.add(image.name);
    }
    if (countType === 'sinceImagePushed' && image.ageMs > countNumber * 86_400_000) going.add(image.name);
  }
  return going;
}
