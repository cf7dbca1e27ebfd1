import { formatRepository, hostKind, type Repository } from '../../core/reference.ts';
import { pullScope } from './manifest-source.ts';
import { readOnePage } from './page.ts';
import { repositoryPath } from './path.ts';
import { RegistryError } from './registry-error.ts';
import type { SeenGuards } from './seen-guards.ts';
import type { Session } from './session.ts';
import { TagsListPage } from './tags-list-page.ts';

/** What a registry does when a digest is deleted that something still points at. */
export type Guard = 'refuses claimed digests' | 'removes tags too';

/** Says which guard a registry has; asks each host once. */
export interface GuardReader {
  /** @throws RegistryError, or WardenError CREDENTIALS_INVALID, where it can't be found out */
  guard(repository: Repository): Promise<Guard>;
}

/**
 * Google's hosts are known by their names. Any other registry is taken for one that speaks Google's dialect
 * where its `tags/list` has Google's manifest map, whatever is in it; and for a plain one otherwise. What a
 * listing has shown of a repository already is not asked again.
 */
export function createGuardReader(session: Session, seenGuards?: SeenGuards): GuardReader {
  const held = new Map<string, Promise<Guard | null>>();
  return {
    async guard(repository) {
      const kind = hostKind(repository.host);
      if (kind === 'google') return 'refuses claimed digests';
      const seen = seenGuards?.seen(repository) ?? null;
      if (seen !== null) return seen;
      // A name on the network can stand for several registries behind one proxy, told apart by path.
      const key = kind === 'loopback' ? repository.host : formatRepository(repository);
      let asked = held.get(key);
      if (asked === undefined) {
        const asking = ask(session, repository);
        asked = asking;
        held.set(key, asking);
        const forget = (): void => {
          if (held.get(key) === asking) held.delete(key);
        };
        // Many ask at once and share one answer; what taught nothing is asked again.
        asking.then((guard) => guard === null && forget(), forget);
      }
      // Of a repository that is gone nothing is learnt; the careful answer is right for it.
      return (await asked) ?? 'removes tags too';
    },
  };
}

/** null where the repository is gone, so that its registry shows nothing of itself. */
async function ask(session: Session, repository: Repository): Promise<Guard | null> {
  try {
    // A registry that pages takes one entry for an answer; one that doesn't sends all, of which no text is held.
    const { speaksGoogle } = await readOnePage(session, {
      host: repository.host,
      scope: pullScope(repository),
      path: `${repositoryPath(repository)}/tags/list`,
      pageSize: 1,
      open: () => new TagsListPage(),
    });
    return speaksGoogle ? 'refuses claimed digests' : 'removes tags too';
  } catch (thrown) {
    const isGone =
      thrown instanceof RegistryError && thrown.complaints.some(({ code }) => code === 'NAME_UNKNOWN');
    if (isGone) return null;
    throw thrown;
  }
}
