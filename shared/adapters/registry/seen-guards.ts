import { formatRepository, type Repository } from '../../core/reference.ts';
import type { Guard } from './guard.ts';

/** Repositories that are remembered; what is forgotten is asked again. */
const REPOSITORIES_MAX = 1_000;

/**
 * What listings have shown already of the registries that they were read from, so that a run that has listed a
 * repository need not ask once more how its deletes are guarded.
 */
export interface SeenGuards {
  see(repository: Repository, guard: Guard): void;
  /** null where no listing has shown it. */
  seen(repository: Repository): Guard | null;
}

export function createSeenGuards(): SeenGuards {
  const guards = new Map<string, Guard>();
  return {
    see(repository, guard) {
      const name = formatRepository(repository);
      guards.delete(name);
      guards.set(name, guard);
      if (guards.size <= REPOSITORIES_MAX) return;
      for (const oldest of guards.keys()) {
        guards.delete(oldest);
        break;
      }
    },
    seen: (repository) => guards.get(formatRepository(repository)) ?? null,
  };
}
