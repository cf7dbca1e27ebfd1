import type { Digest } from '../../core/digest.ts';
import { WardenError } from '../../core/error.ts';
import { type Fact, known } from '../../core/fact.ts';
import type { Completeness, ListedManifest, Listing } from '../../core/listing.ts';
import type { Manifest } from '../../core/manifest.ts';
import { formatRepository, hostKind, type Repository } from '../../core/reference.ts';
import { inLanes } from './lanes.ts';
import { resolveTag } from './manifest-source.ts';
import { type FoundManifests, resolveTags } from './plain-listing.ts';
import { RegistryError } from './registry-error.ts';
import { hasRelations, type RelationsOptions, readRelations } from './relations.ts';
import type { SeenGuards } from './seen-guards.ts';
import { type OnPage, type ReadTagsList, readTagsList } from './tags-list.ts';
import type { ToldListing } from './told-listing.ts';

export interface ListingOptions extends RelationsOptions {
  readonly onPage?: OnPage;
  /** Told which guard a listing shows its registry to have. */
  readonly seenGuards?: SeenGuards;
}

/**
 * Lists a repository with the relations of its manifests. Never throws for what a registry answers: whatever
 * can't be read, is cut or contradicts itself makes the listing incomplete, with the reason.
 */
export async function listRepository(repository: Repository, options: ListingOptions): Promise<Listing> {
  // Taken before the first request: nothing that is pushed while we read can seem older than the listing.
  const takenAtMs = options.clock();
  const make = (
    completeness: Completeness,
    manifests: readonly ListedManifest[] = [],
    relations: Listing['relations'] = {},
  ): Listing => ({
    version: 1,
    repository: formatRepository(repository),
    takenAtMs,
    completeness,
    manifests,
    relations,
  });
  try {
    const { told, walk } = await readTagsList(options.session, repository, options.onPage);
    const completeness = completenessOf({ told, walk });
    if (told.hasMap === true) options.seenGuards?.see(repository, 'refuses claimed digests');
    else if (told.hasMap === false && walk.kind === 'complete') {
      options.seenGuards?.see(repository, 'removes tags too');
    }
    const { manifests, relations, problem } =
      told.hasMap === true || hostKind(repository.host) === 'google'
        ? await fromMap(repository, told, options)
        : await resolveTags(repository, told.tagTexts(), options);
    const whole = completeness.kind === 'complete' && problem !== null ? incomplete(problem) : completeness;
    return make(whole, manifests, relations);
  } catch (thrown) {
    if (!(thrown instanceof WardenError)) throw thrown;
    return make(isNamelessRepository(thrown) ? { kind: 'complete' } : incomplete(thrown.message));
  }
}

/**
 * Only the registry's own word for it makes a repository empty. A bare 404 can be a proxy's, or stand for a
 * missing permission.
 */
function isNamelessRepository(failure: WardenError): boolean {
  return (
    failure instanceof RegistryError &&
    failure.status === 404 &&
    failure.complaints.some(({ code }) => code === 'NAME_UNKNOWN')
  );
}

function incomplete(reason: string): Completeness {
  return { kind: 'incomplete', reason };
}

function completenessOf({ told, walk }: ReadTagsList): Completeness {
  if (walk.kind !== 'complete') return incomplete(walk.reason);
  return told.problem === null ? walk : incomplete(told.problem);
}

/** Google's listing: everything stands in the map; only what can point at other manifests is read. */
async function fromMap(
  repository: Repository,
  told: ToldListing,
  options: ListingOptions,
): Promise<FoundManifests> {
  const problem = told.contradiction();
  const manifests = told.manifests();
  // From here on the objects stand for it.
  told.release();
  const toRead = manifests.filter(hasRelations).map(({ digest }) => digest);
  const listed = manifests.map(({ digest }) => digest);
  const read = await readRelations(repository, toRead, listed, options);
  const relations: Record<Digest, Fact<Manifest>> = {};
  for (const [digest, fact] of read) {
    relations[digest] = fact.kind === 'known' ? known(fact.value.manifest) : fact;
  }
  return { manifests, relations, problem };
}

/**
 * The tags that point at a digest now, however the registry tells it.
 * @throws RegistryError REGISTRY_LISTING_INCOMPLETE where not every tag can be accounted for
 */
export async function tagsOfDigest(
  repository: Repository,
  digest: Digest,
  options: Pick<ListingOptions, 'session' | 'laneCount'>,
): Promise<readonly string[]> {
  const read = await readTagsList(options.session, repository);
  const { told } = read;
  const completeness = completenessOf(read);
  if (completeness.kind === 'incomplete') {
    throw new RegistryError(
      'REGISTRY_LISTING_INCOMPLETE',
      `The tags of ${formatRepository(repository)} can't be listed in full: ${completeness.reason}. Which of them point at ${digest} is not known.`,
      { method: 'GET', url: `${formatRepository(repository)} (tags/list)` },
      { retryable: true },
    );
  }
  const tags = new Set(told.tagsAt(digest));
  // Google's map may be older than a tag's last move: every tag is asked.
  await inLanes(told.tagTexts(), options.laneCount, async (tag) => {
    const target = await resolveTag(options.session, repository, tag);
    if (target?.digest === digest) tags.add(tag);
  });
  return [...tags].sort();
}
