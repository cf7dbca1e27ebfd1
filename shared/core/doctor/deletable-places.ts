import { matchesRepository } from '../pattern.ts';
import type { RepositorySelection } from '../policy.ts';
import { formatTarget, type Target } from '../reference.ts';
import { type RegistryPlace, registryPlace } from './deployment.ts';

/**
 * Where the function clean has to be let delete: the places of targets in which one of these selections may include
 * something. A target of a whole project is narrowed to one repository where a pattern names that. What selections
 * exclude is not looked at. `terraform/registries.tf` grants by the same rules.
 */
export function deletablePlaces(
  targets: readonly Target[],
  selections: readonly RepositorySelection[],
): readonly RegistryPlace[] {
  const globs = selections.flatMap(({ include }) => include);
  const places = new Map<string, RegistryPlace>();
  for (const target of targets) {
    const place = registryPlace(target);
    if (place === null) continue;
    const text = formatTarget(target);
    for (const glob of globs) {
      if (!mayReach(glob, text)) continue;
      const { project, location } = place;
      const repository = place.repository ?? namedBelow(glob, text);
      places.set(JSON.stringify([project, location, repository]), { project, location, repository });
    }
  }
  return [...places.values()];
}

/** Whether a pattern may match something at or below a target. Up to its first `**`, which stands for anything. */
function mayReach(glob: string, target: string): boolean {
  const [head = ''] = glob.split('**');
  const hasRest = head !== glob;
  const components = head.split('/');
  const places = target.split('/');
  if (!hasRest && components.length < places.length) return false;
  return components.slice(0, places.length).every((component, depth) => {
    const isCut = hasRest && depth === components.length - 1;
    return matchesRepository(isCut ? `${component}**` : component, places[depth] ?? '');
  });
}

/** The repository that a pattern names directly below a target; null where it names none. */
function namedBelow(glob: string, target: string): string | null {
  if (!glob.startsWith(`${target}/`)) return null;
  return /^\/([a-z0-9._-]+)(?:\/|$)/.exec(glob.slice(target.length))?.[1] ?? null;
}
