import { createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import { endingBy, type Transport } from '../../../shared/adapters/registry/transport.ts';
import { WardenError } from '../../../shared/core/error.ts';
import type { ListedManifest, Listing } from '../../../shared/core/listing.ts';
import { MEDIA_TYPES } from '../../../shared/core/manifest.ts';
import type { RegistryReader } from '../../../shared/ports.ts';
import { randomOf } from './random.ts';
import { repositoriesOf, type TrueManifest, type World, worldOf } from './world.ts';

/** How one case ended. `wrong` is a promise of the client that was broken. */
export type Verdict =
  | { readonly kind: 'whole' }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'error'; readonly code: string }
  | { readonly kind: 'wrong'; readonly why: string };

const RUN_MS = 5_000;
/** For a call that never comes back; a run is over long before. */
const LOST_MS = 60_000;

const ABSENT = `sha256:${'0'.repeat(64)}` as const;

/** Runs one case: one call of the reader against the hostile server, held against what is true. */
export async function judgeCase(caseNumber: number, host: string, transport: Transport): Promise<Verdict> {
  const world = worldOf(caseNumber);
  const credential = { kind: 'basic', username: `case${caseNumber}`, password: 'p' } as const;
  const reader = createRegistryReader({
    transport: endingBy(transport, Date.now() + RUN_MS),
    credentials: fixedCredentials({ [host]: credential }),
    clock: Date.now,
  });
  let timer: NodeJS.Timeout | undefined;
  const lost = new Promise<Verdict>((resolve) => {
    timer = setTimeout(() => resolve(wrong(`no end after ${LOST_MS} ms`)), LOST_MS);
  });
  try {
    return await Promise.race([callOf(world, host, reader), lost]);
  } catch (thrown) {
    return thrown instanceof WardenError
      ? { kind: 'error', code: thrown.code }
      : wrong(
          `threw something that is no WardenError: ${String(thrown instanceof Error ? thrown.stack : thrown)}`,
        );
  } finally {
    clearTimeout(timer);
  }
}

async function callOf(world: World, host: string, reader: RegistryReader): Promise<Verdict> {
  const random = randomOf(`call ${world.number}`);
  const repository = { host, name: world.name };
  const one = world.manifests[random.below(world.manifests.length)];
  const call = random.below(12);
  if (call === 0) {
    const catalog = await reader.catalog({ host, prefix: world.name });
    if (catalog.completeness.kind === 'incomplete') return { kind: 'incomplete' };
    return same(
      catalog.repositories,
      repositoriesOf(world).map((name) => `${host}/${name}`),
      'the catalog',
    );
  }
  if (call === 1) {
    const tag = one?.tags[0] ?? 'absent';
    return same(
      await reader.resolveTag(repository, tag),
      one?.tags[0] === undefined ? null : one.digest,
      tag,
    );
  }
  if (call === 2) {
    const stored = await reader.readManifest(repository, one?.digest ?? ABSENT);
    return same(stored?.content ?? null, one?.text ?? null, 'the manifest');
  }
  if (call === 3) {
    return same(await reader.tagsOf(repository, one?.digest ?? ABSENT), one?.tags ?? [], 'the tags');
  }
  const listing = await reader.list(repository);
  if (listing.completeness.kind === 'incomplete') {
    return listing.completeness.reason === '' ? wrong('incomplete without a reason') : { kind: 'incomplete' };
  }
  return judgeListing(listing, world);
}

/** A listing that says of itself that it is whole. */
function judgeListing(listing: Listing, world: World): Verdict {
  const seen = world.manifests.filter(({ tags }) => world.flavour === 'google' || tags.length > 0);
  const verdict = same(
    listing.manifests.map(({ digest, tags }) => [digest, tags]),
    seen.map(({ digest, tags }) => [digest, tags]),
    'a complete listing',
  );
  if (verdict.kind === 'wrong') return verdict;
  for (const [index, truth] of seen.entries()) {
    const listed = listing.manifests[index];
    const why =
      listed === undefined ? 'absent' : (factFault(listed, truth, world) ?? relationFault(listing, truth));
    if (why !== null) return wrong(`${truth.digest}: ${why}`);
  }
  return { kind: 'whole' };
}

/** A fact is the true one or unknown. */
function factFault(listed: ListedManifest, truth: TrueManifest, world: World): string | null {
  const { mediaType, sizeBytes, uploadedAtMs } = listed;
  const known: readonly string[] = Object.values(MEDIA_TYPES);
  // A garbled type makes the manifest be read; another known one would not.
  if (mediaType.kind === 'known' && mediaType.value !== truth.mediaType && known.includes(mediaType.value)) {
    return `is said to be ${mediaType.value}`;
  }
  if (uploadedAtMs.kind === 'known' && uploadedAtMs.value !== truth.uploadedAtMs) {
    return `is said to have come at ${uploadedAtMs.value} and not at ${truth.uploadedAtMs}`;
  }
  const isIndex = truth.mediaType === MEDIA_TYPES.ociIndex;
  if (world.flavour === 'google' && sizeBytes.kind === 'known') {
    const trueBytes = isIndex ? 0 : truth.sizeBytes;
    if (sizeBytes.value !== trueBytes) return `is said to have ${sizeBytes.value} bytes and not ${trueBytes}`;
  }
  return null;
}

/** What a manifest points at is known as it is, or known to be unknown; never absent. */
function relationFault(listing: Listing, truth: TrueManifest): string | null {
  const fact = listing.relations[truth.digest];
  if (fact === undefined) {
    return truth.children.length > 0 || truth.subject !== null ? 'its relations are not told' : null;
  }
  if (fact.kind === 'unknown') return null;
  const told = [fact.value.children.map(({ digest }) => digest), fact.value.subject?.digest ?? null];
  return JSON.stringify(told) === JSON.stringify([truth.children, truth.subject])
    ? null
    : `is said to point at ${JSON.stringify(told)}`;
}

function same(told: unknown, truth: unknown, what: string): Verdict {
  const [a, b] = [JSON.stringify(told), JSON.stringify(truth)];
  return a === b ? { kind: 'whole' } : wrong(`${what} is told as ${a} and is ${b}`);
}

function wrong(why: string): Verdict {
  return { kind: 'wrong', why };
}
