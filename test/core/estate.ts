import type { Digest } from '../../shared/core/digest.ts';
import { type Fact, known, unknown } from '../../shared/core/fact.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { deriveHistory, type HistoryFact } from '../../shared/core/history.ts';
import type { InventoryTaking } from '../../shared/core/inventory.ts';
import { takeInventory } from '../../shared/core/inventory.ts';
import type { Completeness, ListedManifest, Listing } from '../../shared/core/listing.ts';
import { type Manifest, MEDIA_TYPES } from '../../shared/core/manifest.ts';
import {
  type Condition,
  DEFAULT_LIMITS,
  type Limits,
  type Policy,
  type PolicySet,
  type PolicySource,
  type Rule,
} from '../../shared/core/policy.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Usage, UsageAnswer } from '../../shared/core/usage.ts';

/** The time at which the tests of the core judge. */
export const NOW_MS = Date.UTC(2026, 0, 31, 3);
export const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';

/** A real digest for a name that a test reads well by. */
export function digestOf(name: string): Digest {
  const found = digests.get(name) ?? sha256(`manifest ${name}`);
  digests.set(name, found);
  return found;
}

/** Properties ask for the same few names a million times. */
const digests = new Map<string, Digest>();

/** The tag that cosign gives a signature (`.sig`, `.att`, `.sbom`), or with '' the referrers fallback tag. */
export function subjectTag(name: string, suffix: '' | '.sig' | '.att' | '.sbom'): string {
  return `sha256-${digestOf(name).slice('sha256:'.length)}${suffix}`;
}

/** One manifest of a repository, by names. */
export interface Piece {
  readonly name: string;
  readonly tags?: readonly string[];
  /** Days since its upload; null where the registry does not say. Default 100. */
  readonly days?: number | null;
  readonly sizeBytes?: number | null;
  /** Makes it an index. */
  readonly children?: readonly string[];
  /** Makes it a referrer. */
  readonly subject?: string;
  readonly mediaType?: string | null;
  readonly artifactType?: string;
  /** Why its relations could not be read. */
  readonly unreadable?: string;
}

function relationsOf(piece: Piece): Fact<Manifest> | null {
  if (piece.unreadable !== undefined) return unknown(piece.unreadable);
  const { children, subject, artifactType } = piece;
  if (children === undefined && subject === undefined && artifactType === undefined) return null;
  const point = (name: string) => ({
    mediaType: MEDIA_TYPES.ociManifest,
    digest: digestOf(name),
    sizeBytes: 500,
  });
  return known({
    kind: children === undefined ? 'image' : 'index',
    mediaType: children === undefined ? MEDIA_TYPES.ociManifest : MEDIA_TYPES.ociIndex,
    artifactType: artifactType ?? null,
    children: (children ?? []).map(point),
    subject: subject === undefined ? null : point(subject),
    blobs: [],
  });
}

function listed(piece: Piece): ListedManifest {
  const { days = 100, sizeBytes = 1000 } = piece;
  const mediaType =
    piece.mediaType ?? (piece.children === undefined ? MEDIA_TYPES.ociManifest : MEDIA_TYPES.ociIndex);
  return {
    digest: digestOf(piece.name),
    tags: [...(piece.tags ?? [])].sort(),
    mediaType: piece.mediaType === null ? unknown('the registry does not tell types') : known(mediaType),
    sizeBytes: sizeBytes === null ? unknown('the registry does not tell sizes') : known(sizeBytes),
    uploadedAtMs: days === null ? unknown('the registry does not tell times') : known(NOW_MS - days * DAY_MS),
  };
}

/** The listing of a repository with these manifests, sorted as a registry reader sorts it. */
export function listingOf(
  pieces: readonly Piece[],
  completeness: Completeness = { kind: 'complete' },
): Listing {
  const relations: Record<Digest, Fact<Manifest>> = {};
  for (const piece of pieces) {
    const found = relationsOf(piece);
    if (found !== null) relations[digestOf(piece.name)] = found;
  }
  const manifests = pieces.map(listed).sort((a, b) => (a.digest < b.digest ? -1 : 1));
  return { version: 1, repository: REPOSITORY, takenAtMs: NOW_MS, completeness, manifests, relations };
}

/** A notification, `days` before now. */
export function told(
  days: number,
  action: 'INSERT' | 'DELETE',
  name: string | null,
  tag: string | null = null,
): HistoryFact {
  const digest = name === null ? null : digestOf(name);
  return { atMs: NOW_MS - days * DAY_MS, source: 'told', action, digest, tag };
}

/** Usage with one source that answered. */
export function usageOf(...uses: { name?: string; tag?: string; by: string; repository?: string }[]): Usage {
  return { version: 1, answers: [answerOf('complete', ...uses)] };
}

export function answerOf(
  kind: 'complete' | 'best effort',
  ...uses: { name?: string; tag?: string; by: string; repository?: string }[]
): UsageAnswer {
  return {
    kind,
    source: 'cluster prod',
    asOfMs: NOW_MS,
    uses: uses.map(({ name, tag, by, repository }) => ({
      repository: repository ?? REPOSITORY,
      digest: name === undefined ? null : digestOf(name),
      tag: tag ?? null,
      by,
    })),
  };
}

export const NO_USAGE: Usage = { version: 1, answers: [] };

/** The inventory of a repository with these manifests. */
export function takingOf(
  pieces: readonly Piece[],
  facts: readonly HistoryFact[] = [],
  usage: Usage = NO_USAGE,
  completeness: Completeness = { kind: 'complete' },
): InventoryTaking & { readonly listing: Listing } {
  const listing = listingOf(pieces, completeness);
  return { listing, ...takeInventory({ listing, history: deriveHistory(REPOSITORY, facts), usage }) };
}

export const SOURCE: PolicySource = {
  file: 'services.yaml',
  line: 1,
  contentHash: sha256('services.yaml'),
  gitRevision: known('0f1e2d3c4b5a69788796a5b4c3d2e1f001122334'),
};

export function rule(
  effect: Rule['effect'],
  name: string,
  conditions: readonly Condition[],
  more: Partial<Pick<Rule, 'newest' | 'untilMs' | 'line'>> = {},
): Rule {
  return { name, effect, line: 10, conditions, newest: null, untilMs: null, ...more };
}

export const NO_LIMITS: Limits = { ...DEFAULT_LIMITS, digests: 10_000, share: 1, mayEmpty: true };

/** A policy that selects the repository of these tests and enforces without limits, unless told otherwise. */
export function policy(rules: readonly Rule[], more: Partial<Policy> = {}): Policy {
  return {
    version: 1,
    name: 'services',
    source: SOURCE,
    repositories: { include: ['europe-docker.pkg.dev/acme/**'], exclude: [] },
    schedule: null,
    onPush: null,
    mode: 'enforce',
    limits: NO_LIMITS,
    owner: null,
    reason: null,
    keep: rules.filter((one) => one.effect === 'keep'),
    delete: rules.filter((one) => one.effect === 'delete'),
    ...more,
  };
}

export function policySet(...policies: readonly Policy[]): PolicySet {
  return { policies, problems: [] };
}
