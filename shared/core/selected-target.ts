import type { RepositorySelection } from './policy.ts';
import { parseTarget } from './reference.ts';

const WILDCARD = /[*?]/;

/**
 * The smallest targets, written `HOST/PROJECT[/PATH]`, below which lies all that these selections include, sorted;
 * null where a selection does not name its host and project, so that it may include anything anywhere.
 */
export function selectedTargets(selections: readonly RepositorySelection[]): readonly string[] | null {
  const found = new Set<string>();
  for (const glob of selections.flatMap(({ include }) => include)) {
    const components = glob.split('/');
    const wild = components.findIndex((component) => WILDCARD.test(component));
    const literal = (wild === -1 ? components : components.slice(0, wild)).join('/');
    if (!isTarget(literal)) return null;
    found.add(literal);
  }
  const all = [...found].sort();
  return all.filter((one) => !all.some((other) => one.startsWith(`${other}/`)));
}

function isTarget(text: string): boolean {
  try {
    parseTarget(text);
    return true;
  } catch {
    return false;
  }
}
