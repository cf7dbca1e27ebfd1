import type { Decision } from './decision.ts';
import type { Digest } from './digest.ts';
import { type Fact, known, unknown } from './fact.ts';
import { type GoingManifest, listedSize } from './freed-size.ts';
import type { Listing } from './listing.ts';
import type { RepositoryPlan } from './plan.ts';
import { DAY_MS } from './units.ts';

/** Bytes as a registry lists them, in which a layer counts for each image that has it, and how many manifests have no size. */
export interface ListedBytes {
  readonly sizeBytes: number;
  readonly unknownCount: number;
}

/** What policies would take. */
export interface Garbage extends ListedBytes {
  readonly artifacts: number;
  readonly manifests: number;
}

/** How large a repository was when a run judged it. One a day is kept: the day's last. */
export interface RepositorySample extends ListedBytes {
  readonly version: 1;
  readonly atMs: number;
  readonly manifests: number;
  readonly artifacts: number;
  readonly untaggedArtifacts: number;
  /** What would go if every policy that selects the repository enforced; limits not asked. */
  readonly garbage: Fact<Garbage>;
  /** Artifacts that each policy would take, where it spoke. */
  readonly goingBy: Readonly<Record<string, number>>;
}

/** The samples of one repository, oldest first. */
export interface SampleSeries {
  readonly repository: string;
  readonly samples: readonly RepositorySample[];
}

/**
 * Takes the sample of a run.
 * @param isAll whether the delete rules of every policy that selects the repository spoke, and not those alone that were due
 */
export function takeSample(
  { manifests, takenAtMs }: Pick<Listing, 'manifests' | 'takenAtMs'>,
  { decisions, refusal }: Pick<RepositoryPlan, 'decisions' | 'refusal'>,
  isAll: boolean,
): RepositorySample {
  const going = decisions.filter(({ verdict }) => verdict === 'delete');
  const goingBy: Record<string, number> = {};
  for (const { voices } of going) {
    const names = voices.flatMap(({ effect, answer, policy }) =>
      effect === 'delete' && answer === 'yes' ? [policy] : [],
    );
    // Object.prototype has keys that a policy could be named as.
    for (const name of new Set(names)) {
      goingBy[name] = (Object.hasOwn(goingBy, name) ? (goingBy[name] ?? 0) : 0) + 1;
    }
  }
  const { sizeBytes, unknownCount } = listedSize(manifests.map(listed));
  return {
    version: 1,
    atMs: takenAtMs,
    manifests: manifests.length,
    artifacts: decisions.length,
    untaggedArtifacts: decisions.filter(({ tags }) => tags.length === 0).length,
    sizeBytes,
    unknownCount,
    garbage: garbageOf(manifests, { decisions, refusal }, going, isAll),
    goingBy,
  };
}

function garbageOf(
  manifests: Listing['manifests'],
  { decisions, refusal }: Pick<RepositoryPlan, 'decisions' | 'refusal'>,
  going: readonly Decision[],
  isAll: boolean,
): Fact<Garbage> {
  if (refusal?.code === 'POLICY_BROKEN') return unknown('a policy that selects it could not be read');
  if (!isAll) return unknown('only the policies that were due spoke');
  const gone = new Set<Digest>();
  for (const { root, members } of going) {
    gone.add(root);
    for (const member of members) gone.add(member);
  }
  // A manifest may belong to several artifacts: one that is kept keeps it.
  if (gone.size > 0) {
    for (const { verdict, root, members } of decisions) {
      if (verdict === 'delete') continue;
      gone.delete(root);
      for (const member of members) gone.delete(member);
    }
  }
  const { sizeBytes, unknownCount } = listedSize(
    gone.size === 0 ? [] : manifests.filter(({ digest }) => gone.has(digest)).map(listed),
  );
  return known({ artifacts: going.length, manifests: gone.size, sizeBytes, unknownCount });
}

function listed({ digest, sizeBytes }: Listing['manifests'][number]): GoingManifest {
  return { digest, listedBytes: sizeBytes.kind === 'known' ? sizeBytes.value : null };
}

/** All repositories of an estate together on one day. */
export interface EstateDay extends ListedBytes {
  /** The beginning of the day in UTC. */
  readonly atMs: number;
  readonly repositories: number;
  readonly manifests: number;
  /** Of the repositories of which it is known; unknown where it is of none. */
  readonly garbageBytes: Fact<number>;
}

/** A repository that no run has judged for longer is not counted on: it may be gone. */
export const SAMPLE_STANDS_MS = 35 * DAY_MS;

/**
 * Sums samples by day, from the first day that has one to the last. A day on which a repository was not judged
 * has the sample before it. What was not recorded yet is not counted, so `repositories` grows with the record.
 */
export function estateDays(series: readonly SampleSeries[]): readonly EstateDay[] {
  const times = series.flatMap(({ samples }) => samples.map(({ atMs }) => startOfDayMs(atMs)));
  if (times.length === 0) return [];
  const firstMs = times.reduce((a, b) => Math.min(a, b));
  const lastMs = times.reduce((a, b) => Math.max(a, b));
  const days: EstateDay[] = [];
  const next = series.map(() => 0);
  for (let atMs = firstMs; atMs <= lastMs; atMs += DAY_MS) {
    let [repositories, manifests, sizeBytes, unknownCount, garbageBytes, garbageKnown] = [0, 0, 0, 0, 0, 0];
    for (const [at, { samples }] of series.entries()) {
      let place = next[at] ?? 0;
      while (place < samples.length && (samples[place]?.atMs ?? 0) < atMs + DAY_MS) place += 1;
      next[at] = place;
      const sample = samples[place - 1];
      if (sample === undefined || atMs - sample.atMs > SAMPLE_STANDS_MS) continue;
      repositories += 1;
      manifests += sample.manifests;
      sizeBytes += sample.sizeBytes;
      unknownCount += sample.unknownCount;
      const garbage = lastGarbage(samples, place - 1);
      if (garbage === null) continue;
      garbageKnown += 1;
      garbageBytes += garbage.sizeBytes;
    }
    days.push({
      atMs,
      repositories,
      manifests,
      sizeBytes,
      unknownCount,
      garbageBytes:
        garbageKnown === 0 ? unknown('no run of that day judged by all policies') : known(garbageBytes),
    });
  }
  return days;
}

/** A run of some policies in between does not make what is known of all of them unknown. */
function lastGarbage(samples: readonly RepositorySample[], from: number): Garbage | null {
  const newestMs = samples[from]?.atMs ?? 0;
  for (let at = from; at >= 0; at -= 1) {
    const sample = samples[at];
    if (sample === undefined || newestMs - sample.atMs > SAMPLE_STANDS_MS) return null;
    if (sample.garbage.kind === 'known') return sample.garbage.value;
  }
  return null;
}

/** The day that a sample is kept for. */
export function startOfDayMs(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}
