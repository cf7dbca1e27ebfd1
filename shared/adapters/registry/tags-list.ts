import { hostKind, type Repository } from '../../core/reference.ts';
import { pullScope } from './manifest-source.ts';
import { type Walk, walkPages } from './page.ts';
import { repositoryPath } from './path.ts';
import type { Session } from './session.ts';
import { TagsListPage } from './tags-list-page.ts';
import { ToldListing } from './told-listing.ts';

/** Artifact Registry's largest page, and the largest that plain registries take without complaint. */
const PAGE_SIZE = { google: 10_000, other: 1_000 } as const;

/** Told of each page that was read: how many manifests and tags it names. */
export type OnPage = (entries: number) => void;

/** What all pages of a `tags/list` said, and what the way through them showed. */
export interface ReadTagsList {
  readonly told: ToldListing;
  readonly walk: Walk;
}

/**
 * Reads all pages of `tags/list`. A list at a suspicious length is read once more in smaller pages, and one that
 * changed meanwhile once more as it is.
 * @throws RegistryError where the first page can't be read, or WardenError CREDENTIALS_INVALID
 */
export async function readTagsList(
  session: Session,
  repository: Repository,
  onPage: OnPage = () => {},
): Promise<ReadTagsList> {
  const pageSize = PAGE_SIZE[hostKind(repository.host) === 'other' ? 'other' : 'google'];
  const first = await readPages(session, repository, pageSize, onPage);
  if (first.walk.kind === 'changed') return readPages(session, repository, pageSize, onPage);
  if (first.walk.kind !== 'doubtful' || first.walk.entries < 2) return first;
  // With pages one entry shorter, a list that really ends there shows its end on a second, short page.
  return readPages(session, repository, first.walk.entries - 1, onPage);
}

async function readPages(
  session: Session,
  repository: Repository,
  pageSize: number,
  onPage: OnPage,
): Promise<ReadTagsList> {
  let told: ToldListing | null = null;
  let firstPage = { manifests: 0, tags: 0 };
  const walk = await walkPages(session, {
    host: repository.host,
    scope: pullScope(repository),
    path: `${repositoryPath(repository)}/tags/list`,
    pageSize,
    open: () => new TagsListPage(),
    take: (page) => {
      onPage(page.told.size);
      if (told === null) {
        told = page.told;
        firstPage = { manifests: told.digests.count, tags: told.tags.count };
        return told.size;
      }
      const before = told.size;
      told.absorb(page.told);
      page.told.release();
      return told.size - before;
    },
    isUnchanged: ({ told: again }) =>
      told?.holds(again) === true &&
      again.digests.count === firstPage.manifests &&
      again.tags.count === firstPage.tags,
  });
  return { told: told ?? new ToldListing(), walk };
}
