import * as z from 'zod';
import { type Digest, isDigest } from './digest.ts';
import { WardenError } from './error.ts';
import type { DigestHistory, History } from './history.ts';
import { parseJsonDocument } from './json-document.ts';
import type { Completeness, Listing } from './listing.ts';
import { isTag, parseRepository } from './reference.ts';
import type { Usage } from './usage.ts';

/** What an evaluation of one repository needs of it. */
export interface RepositorySnapshot {
  readonly listing: Listing;
  /** Reconciled with the listing. */
  readonly history: History;
}

/**
 * Everything that an evaluation needs, written down: policies can be judged by it again and again, without a
 * registry and without a credential. It says what was known at `takenAtMs` and nothing of what came later.
 */
export interface Snapshot {
  readonly version: 1;
  readonly kind: 'gcr-warden/snapshot';
  readonly takenAtMs: number;
  /** What it was taken of, as printed: `HOST/PROJECT[/REPO]`. */
  readonly target: string;
  /** Whether all repositories of the target were seen. */
  readonly catalog: Completeness;
  /** What was in use at the time. */
  readonly usage: Usage;
  /** Sorted by repository, each once. */
  readonly repositories: readonly RepositorySnapshot[];
}

/** A snapshot of some million manifests; Node can't hold a text much longer than twice this. */
export const SNAPSHOT_BYTES_MAX = 256 * 1024 * 1024;

const digest = z.string().refine(isDigest, 'not a sha256 digest');
const tag = z.string().refine(isTag, 'not a tag');
/** Dates end at 8.64e15 ms (ECMA-262, 21.4.1.1). */
const time = z.number().int().min(0).max(8.64e15);
const size = z.number().int().min(0);
const repository = z.string().refine((text) => {
  try {
    parseRepository(text);
    return true;
  } catch {
    return false;
  }
}, 'not HOST/NAME');

const factOf = <Value extends z.ZodType>(value: Value) =>
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('known'), value }),
    z.strictObject({ kind: z.literal('unknown'), reason: z.string() }),
  ]);

const completeness = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('complete') }),
  z.strictObject({ kind: z.literal('incomplete'), reason: z.string() }),
]);

const descriptor = z.strictObject({ mediaType: z.string(), digest, sizeBytes: size });

const manifest = z.strictObject({
  kind: z.enum(['image', 'index', 'legacy']),
  mediaType: z.string(),
  artifactType: z.string().nullable(),
  children: z.array(descriptor),
  subject: descriptor.nullable(),
  blobs: z.array(descriptor),
});

const listing = z.strictObject({
  version: z.literal(1),
  repository,
  takenAtMs: time,
  completeness,
  manifests: z.array(
    z.strictObject({
      digest,
      tags: z.array(tag),
      mediaType: factOf(z.string()),
      sizeBytes: factOf(size),
      uploadedAtMs: factOf(time),
    }),
  ),
  relations: z.record(digest, factOf(manifest)),
});

const source = z.enum(['told', 'observed']);

const history = z.strictObject({
  version: z.literal(1),
  repository,
  digests: z.record(
    digest,
    z.strictObject({
      firstSeenAtMs: time,
      firstSeenBy: source,
      presentSinceMs: time,
      tags: z.array(z.strictObject({ tag, digest, fromMs: time, untilMs: time.nullable(), source })),
      untaggedSinceMs: time.nullable(),
      deletedAtMs: time.nullable(),
      // Earlier snapshots lack these, and `strayRemoval`.
      absentAtMs: time.nullable().optional(),
      untaggedBy: source.nullable().optional(),
    }),
  ),
  strayRemoval: z.strictObject({ tag, atMs: time }).nullable().optional(),
});

const use = z.strictObject({
  repository: z.string(),
  digest: digest.nullable(),
  tag: tag.nullable(),
  by: z.string(),
  sinceMs: time.optional(),
});

const usage = z.strictObject({
  version: z.literal(1),
  answers: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.enum(['complete', 'best effort']),
        source: z.string(),
        asOfMs: time,
        uses: z.array(use),
        repositories: z.array(z.string()).optional(),
      }),
      z.strictObject({
        kind: z.literal('unknown'),
        source: z.string(),
        reason: z.string(),
        repositories: z.array(z.string()).optional(),
      }),
    ]),
  ),
});

/**
 * Strict all the way down: what a later version of us adds to a fact may be what keeps an image, so a snapshot
 * with more in it than this is refused rather than half understood.
 */
const snapshotShape = z.strictObject({
  version: z.literal(1),
  kind: z.literal('gcr-warden/snapshot'),
  takenAtMs: time,
  target: z.string(),
  catalog: completeness,
  usage,
  repositories: z.array(z.strictObject({ listing, history })),
});

function refuse(file: string, why: string, cause?: unknown): never {
  throw new WardenError(
    'SNAPSHOT_INVALID',
    `${file} is no snapshot: ${why}. Make one with "gcr-warden snapshot --out".`,
    { cause },
  );
}

/**
 * Reads a snapshot file and refuses what contradicts itself.
 * @param file the name to show in an error
 * @throws WardenError SNAPSHOT_INVALID
 */
export function parseSnapshot(text: string, file: string): Snapshot {
  if (text.length > SNAPSHOT_BYTES_MAX) refuse(file, `it is larger than ${SNAPSHOT_BYTES_MAX} bytes`);
  const snapshot = parseJsonDocument(text, snapshotShape, (why, cause) =>
    refuse(file, why, cause),
  ) as Snapshot;
  const seen = new Set<string>();
  for (const one of snapshot.repositories) {
    const name = one.listing.repository;
    if (seen.has(name)) refuse(file, `${name} is in it twice`);
    seen.add(name);
    const why = contradiction(one);
    if (why !== null) refuse(file, `${name}: ${why}`);
  }
  return {
    ...snapshot,
    repositories: snapshot.repositories.map((one) => ({ ...one, history: withBounds(one.history) })),
  };
}

/** A snapshot of an earlier version does not say how exact its times are: then nothing is taken for exact. */
function withBounds(history: History): History {
  const digests = Object.entries(history.digests) as [Digest, DigestHistory][];
  const isComplete = digests.every(([, { absentAtMs, untaggedBy }]) => {
    return absentAtMs !== undefined && untaggedBy !== undefined;
  });
  if (isComplete && history.strayRemoval !== undefined) return history;
  return {
    ...history,
    strayRemoval: history.strayRemoval ?? null,
    digests: Object.fromEntries(
      digests.map(([digest, one]) => [
        digest,
        { ...one, absentAtMs: one.absentAtMs ?? null, untaggedBy: one.untaggedBy ?? null },
      ]),
    ),
  };
}

/** What can't be true of one repository, or null: the engine takes all of it for given. */
function contradiction({ listing, history }: RepositorySnapshot): string | null {
  if (history.repository !== listing.repository) return `the history is that of ${history.repository}`;
  const digests = new Set<string>();
  for (const { digest } of listing.manifests) {
    if (digests.has(digest)) return `${digest} is listed twice`;
    digests.add(digest);
  }
  const forgotten = listing.manifests.find(({ digest }) => history.digests[digest] === undefined);
  if (listing.completeness.kind === 'complete' && forgotten !== undefined) {
    return `the history was not reconciled with the listing: ${forgotten.digest} is missing in it`;
  }
  return null;
}
