import type { NaiveManifest } from './cases.ts';
import { newestFirst } from './cases.ts';

/** A cleanup policy as the documentation has it, durations in milliseconds beside their texts. */
export interface NaiveCleanupPolicy {
  readonly name: string;
  readonly action: { readonly type: 'Keep' | 'Delete' };
  readonly condition?: {
    readonly tagState?: 'TAGGED' | 'UNTAGGED' | 'ANY';
    readonly tagPrefixes?: readonly string[];
    readonly versionNamePrefixes?: readonly string[];
    readonly packageNamePrefixes?: readonly string[];
    readonly olderThan?: string;
    readonly newerThan?: string;
  };
  readonly mostRecentVersions?: {
    readonly keepCount: number;
    readonly packageNamePrefixes?: readonly string[];
  };
}

const SECONDS = { d: 86_400, h: 3600, m: 60, s: 1 } as const;

export function millisecondsOf(duration: string): number {
  let seconds = 0;
  for (const [unit, each] of Object.entries(SECONDS)) {
    const found = new RegExp(`([0-9]+)${unit}`).exec(duration);
    if (found !== null) seconds += Number(found[1]) * each;
  }
  return seconds * 1000;
}

function beginsWithOne(prefixes: readonly string[] | undefined, ...texts: readonly string[]): boolean {
  if (prefixes === undefined) return true;
  return prefixes.some((prefix) => texts.some((text) => text.startsWith(prefix)));
}

/** Whether one cleanup policy is about one version of a package. `all`: every version of the package. */
export function isAbout(
  policy: NaiveCleanupPolicy,
  version: NaiveManifest,
  packageName: string,
  all: readonly NaiveManifest[],
): boolean {
  const { condition, mostRecentVersions } = policy;
  if (mostRecentVersions !== undefined) {
    const newest = newestFirst(all).slice(0, mostRecentVersions.keepCount);
    return (
      beginsWithOne(mostRecentVersions.packageNamePrefixes, packageName) &&
      newest.some(({ name }) => name === version.name)
    );
  }
  if (condition === undefined) return false;
  if (condition.tagState === 'TAGGED' && version.tags.length === 0) return false;
  if (condition.tagState === 'UNTAGGED' && version.tags.length > 0) return false;
  if (!beginsWithOne(condition.tagPrefixes, ...version.tags)) return false;
  if (!beginsWithOne(condition.versionNamePrefixes, version.digest)) return false;
  if (!beginsWithOne(condition.packageNamePrefixes, packageName)) return false;
  if (condition.olderThan !== undefined && version.ageMs <= millisecondsOf(condition.olderThan)) return false;
  if (condition.newerThan !== undefined && version.ageMs >= millisecondsOf(condition.newerThan)) return false;
  return true;
}

/** Cleanup policies as documented: a version goes when a Delete is about it and no Keep is. */
export function artifactRegistryDeletes(
  policies: readonly NaiveCleanupPolicy[],
  packageName: string,
  all: readonly NaiveManifest[],
): Set<string> {
  const going = new Set<string>();
  for (const version of all) {
    const about = policies.filter((policy) => isAbout(policy, version, packageName, all));
    if (about.some(({ action }) => action.type === 'Keep')) continue;
    if (about.some(({ action }) => action.type === 'Delete')) going.add(version.name);
  }
  return going;
}
