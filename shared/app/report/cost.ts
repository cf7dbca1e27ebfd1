import type { Digest } from '../../core/digest.ts';
import type { Fact } from '../../core/fact.ts';
import {
  type FreedSize,
  freedSize,
  type GoingManifest,
  listedSize,
  type WeighedManifest,
} from '../../core/freed-size.ts';
import type { JournalEntry } from '../../core/journal.ts';
import { type ListedBytes, SAMPLE_STANDS_MS } from '../../core/repository-sample.ts';
import { monthlyStorageCost, storageCost } from '../../core/storage-price.ts';
import { storedDays } from '../../core/stored-size.ts';
import { DAY_MS } from '../../core/units.ts';
import type { EstateLedger, FindingLedger, RestorationLedger, RunLedger } from '../../ports.ts';
import { mapConcurrently } from '../concurrency.ts';
import { weighed } from '../exact-size.ts';
import { REPOSITORIES_MAX } from './estate.ts';

/** What deleting from one repository freed. */
export interface FreedRow {
  readonly repository: string;
  /** Manifests that went and did not come back. */
  readonly deleted: number;
  readonly freed: FreedSize;
  /** By list price, in US dollars a month; null for registries that are not Google's. */
  readonly dollarsPerMonth: number | null;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** What went in one month, as listed. */
export interface FreedMonth extends ListedBytes {
  /** `2026-11`, in UTC. */
  readonly month: string;
  readonly deleted: number;
}

/** Real bytes of Artifact Registry's repositories, as audits saw them. */
export interface StoredView {
  /** The largest first. */
  readonly repositories: readonly {
    readonly name: string;
    readonly day: number;
    readonly sizeBytes: number;
    readonly dollarsPerMonth: number;
  }[];
  /** All of them together, oldest first. */
  readonly days: readonly { readonly atMs: number; readonly sizeBytes: number }[];
}

/** What was saved, and what could be. */
export interface CostView {
  readonly atMs: number;
  /** What freed most first. */
  readonly repositories: readonly FreedRow[];
  readonly freed: FreedSize;
  readonly dollarsPerMonth: number;
  /** Newest first. */
  readonly months: readonly FreedMonth[];
  /** What the policies would take besides, as listed, where that is known; and what that costs. */
  readonly waiting: ListedBytes & { readonly dollarsPerMonth: number };
  /** What Artifact Registry itself says that it stores, which is what is billed; by the audits. */
  readonly stored: StoredView;
  /** What everything that is there costs a month at most, as listed. */
  readonly standing: ListedBytes & { readonly dollarsPerMonth: number };
  readonly steps: number;
  readonly isAllSteps: boolean;
}

const STEPS_READ = 10_000;

/** Manifests read to count each layer of one repository once; where there are more, sizes are as listed. */
const MANIFESTS_MAX = 2_000;

/** Repositories of which layers are counted, those with the most deletions. */
const COUNTED_MAX = 20;

const READS_AT_ONCE = 4;

/** Reads what was freed. */
export async function readCost(
  ledger: RunLedger & EstateLedger & RestorationLedger & FindingLedger,
  nowMs: number,
): Promise<CostView> {
  const [journal, stored, { series }] = await Promise.all([
    ledger.journal({ limit: STEPS_READ + 1 }),
    readStored(ledger),
    ledger.samples({ sinceMs: nowMs - SAMPLE_STANDS_MS, untilMs: nowMs, repositoriesMax: REPOSITORIES_MAX }),
  ]);
  const gone = journal.slice(0, STEPS_READ).filter(isDeletion);
  const byRepository = [...Map.groupBy(gone, ({ intent }) => intent.repository)].sort(
    ([, a], [, b]) => b.length - a.length,
  );
  const repositories = await mapConcurrently(byRepository, READS_AT_ONCE, ([repository, entries]) =>
    freedFrom(
      ledger,
      repository,
      entries,
      byRepository.findIndex(([name]) => name === repository) < COUNTED_MAX,
    ),
  );
  const rows = repositories.filter(({ deleted }) => deleted > 0);
  const waiting = series.flatMap(({ repository, samples }) => {
    const garbage = samples.findLast((sample) => sample.garbage.kind === 'known')?.garbage;
    return garbage?.kind === 'known' ? [{ repository, ...garbage.value }] : [];
  });
  const standing = series.flatMap(({ repository, samples }) => {
    const last = samples.at(-1);
    return last === undefined ? [] : [{ repository, ...last }];
  });
  return {
    atMs: nowMs,
    repositories: rows.sort((a, b) => b.freed.sizeBytes - a.freed.sizeBytes),
    freed: sumOf(rows.map(({ freed }) => freed)),
    dollarsPerMonth: rows.reduce((sum, one) => sum + (one.dollarsPerMonth ?? 0), 0),
    months: monthsOf(gone),
    waiting: together(waiting),
    stored,
    standing: together(standing),
    steps: Math.min(journal.length, STEPS_READ),
    isAllSteps: journal.length <= STEPS_READ,
  };
}

/** Projects whose audits are read for what they store. */
const PROJECTS_MAX = 100;

async function readStored(ledger: FindingLedger): Promise<StoredView> {
  const projects = (await ledger.auditedProjects()).slice(0, PROJECTS_MAX);
  const records = await mapConcurrently(projects, READS_AT_ONCE, (project) => ledger.findings(project));
  const all = records.flatMap((record) => record?.stored ?? []);
  const repositories = all.flatMap(({ name, days }) => {
    const [day, sizeBytes] = days.at(-1) ?? [0, 0];
    return days.length === 0 ? [] : [{ name, day, sizeBytes, dollarsPerMonth: storageCost(sizeBytes) }];
  });
  return {
    repositories: repositories.sort((a, b) => b.sizeBytes - a.sizeBytes),
    days: storedDays(all).map(([day, sizeBytes]) => ({ atMs: day * DAY_MS, sizeBytes })),
  };
}

function isDeletion({ intent, settlement }: JournalEntry): boolean {
  return intent.step.kind === 'delete' && settlement?.outcome.kind === 'deleted';
}

function going(entries: readonly JournalEntry[]): GoingManifest[] {
  const sizes = new Map<Digest, number | null>();
  for (const { intent } of entries) {
    if (intent.step.kind === 'delete') sizes.set(intent.step.digest, intent.step.sizeBytes);
  }
  return [...sizes].map(([digest, listedBytes]) => ({ digest, listedBytes }));
}

async function freedFrom(
  ledger: RunLedger & EstateLedger & RestorationLedger,
  repository: string,
  entries: readonly JournalEntry[],
  isCounted: boolean,
): Promise<FreedRow> {
  const [record, restorations] = await Promise.all([
    ledger.lastDecisions(repository),
    ledger.restorations(repository),
  ]);
  const lastOf = new Map<Digest, number>();
  for (const { intent, settlement } of entries) {
    const atMs = settlement?.atMs ?? intent.atMs;
    lastOf.set(intent.step.digest, Math.max(lastOf.get(intent.step.digest) ?? 0, atMs));
  }
  // What came back, by restoring it or by another push, frees nothing.
  const standing = new Set<Digest>();
  for (const { root, members } of record?.decisions ?? []) {
    standing.add(root);
    for (const member of members) standing.add(member);
  }
  const isBack = (digest: Digest): boolean => {
    const goneMs = lastOf.get(digest) ?? 0;
    const isSeen = standing.has(digest) && (record?.atMs ?? 0) > goneMs;
    return (
      isSeen ||
      restorations.some(
        ({ atMs, manifests }) =>
          atMs > goneMs && manifests.some((one) => one.digest === digest && one.outcome.kind === 'restored'),
      )
    );
  };
  const gone = going(entries).filter(({ digest }) => !isBack(digest));
  const left = new Set(gone.map(({ digest }) => digest));
  const staying = [...standing].filter((digest) => !left.has(digest));
  const newestMs = [...lastOf.values()].reduce((a, b) => Math.max(a, b), 0);
  const freed =
    isCounted && gone.length + staying.length <= MANIFESTS_MAX
      ? freedSize(
          gone,
          staying,
          await read(ledger, repository, [...left, ...staying]),
          // Other repositories may share layers with this one, and the ledger may not know them all.
          false,
        )
      : listedSize(gone);
  return {
    repository,
    deleted: gone.length,
    freed,
    dollarsPerMonth: monthlyStorageCost(repository, freed.sizeBytes),
    firstAtMs: [...lastOf.values()].reduce((a, b) => Math.min(a, b), newestMs),
    lastAtMs: newestMs,
  };
}

async function read(
  ledger: RunLedger,
  repository: string,
  digests: readonly Digest[],
): Promise<ReadonlyMap<Digest, Fact<WeighedManifest>>> {
  const kept = await ledger.manifests(repository, digests);
  return new Map(kept.map((stored) => [stored.digest, weighed(stored)]));
}

function sumOf(all: readonly FreedSize[]): FreedSize {
  const sizeBytes = all.reduce((sum, one) => sum + one.sizeBytes, 0);
  const unknownCount = all.reduce((sum, one) => sum + (one.kind === 'exact' ? 0 : one.unknownCount), 0);
  return { kind: 'at most', sizeBytes, unknownCount };
}

function together(
  all: readonly (ListedBytes & { readonly repository: string })[],
): ListedBytes & { readonly dollarsPerMonth: number } {
  return {
    sizeBytes: all.reduce((sum, one) => sum + one.sizeBytes, 0),
    unknownCount: all.reduce((sum, one) => sum + one.unknownCount, 0),
    dollarsPerMonth: all.reduce(
      (sum, { repository, sizeBytes }) => sum + (monthlyStorageCost(repository, sizeBytes) ?? 0),
      0,
    ),
  };
}

function monthsOf(entries: readonly JournalEntry[]): FreedMonth[] {
  const byMonth = Map.groupBy(entries, ({ intent, settlement }) =>
    new Date(settlement?.atMs ?? intent.atMs).toISOString().slice(0, 'YYYY-MM'.length),
  );
  return [...byMonth]
    .map(([month, all]) => {
      const sizes = going(all);
      const { sizeBytes, unknownCount } = listedSize(sizes);
      return { month, deleted: sizes.length, sizeBytes, unknownCount };
    })
    .sort((a, b) => (a.month < b.month ? 1 : -1));
}
