import { quantity } from '../core/quantity.ts';
import { formatAge } from '../core/units.ts';

/** How far the reading of listings has come. */
export interface ListingProgress {
  /** Repositories read, of those that there are; null before the catalog is known. */
  readonly repositories: { readonly read: number; readonly all: number } | null;
  readonly pages: number;
  /** Manifests and tags, as the pages brought them. */
  readonly entries: number;
  readonly elapsedMs: number;
}

/** How far a plan has been applied. */
export interface ApplyProgress {
  readonly steps: { readonly done: number; readonly all: number };
  readonly deleted: number;
  readonly elapsedMs: number;
}

/** How far a restoration has come. */
export interface RestoreProgress {
  /** Manifests put back or given up, of those that there are; null while it is looked what is still there. */
  readonly manifests: { readonly done: number; readonly all: number } | null;
  readonly elapsedMs: number;
}

/** How far an audit has come. How much there is to read shows only while it is read. */
export interface AuditProgress {
  readonly projects: number;
  readonly replies: number;
  readonly elapsedMs: number;
}

const BAR_WIDTH = 24;
/** Before so much is done, or so long has passed, a guess of what is left would only jump about. */
const GUESSED_FROM_MS = 2_000;

/** One line for a terminal, not wider than it. */
export function applyProgressLine(
  { steps, deleted, elapsedMs }: ApplyProgress,
  widthColumns: number,
): string {
  const { done, all } = steps;
  return fitted(
    [
      bar(done, all),
      `${done} of ${quantity(all, 'step')}`,
      `${deleted} deleted, ${rate(done, elapsedMs)}/s`,
      ...timeLeft(done, all, elapsedMs),
    ],
    widthColumns,
  );
}

/** One line for a terminal, not wider than it. */
export function restoreProgressLine({ manifests, elapsedMs }: RestoreProgress, widthColumns: number): string {
  if (manifests === null) return fitted([bar(0, 0), 'looking for what is still there'], widthColumns);
  const { done, all } = manifests;
  const parts = [bar(done, all), `${done} of ${quantity(all, 'manifest')}`, `${rate(done, elapsedMs)}/s`];
  return fitted([...parts, ...timeLeft(done, all, elapsedMs)], widthColumns);
}

/** One line for a terminal, not wider than it. */
export function auditProgressLine(
  { projects, replies, elapsedMs }: AuditProgress,
  widthColumns: number,
): string {
  const read = `${quantity(replies, 'answer')} read, ${rate(replies, elapsedMs)}/s`;
  return fitted(projects === 0 ? [read] : [`${quantity(projects, 'project')} audited`, read], widthColumns);
}

function bar(done: number, all: number): string {
  const filled = Math.round((all === 0 ? 0 : Math.min(1, done / all)) * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]`;
}

function rate(done: number, elapsedMs: number): number {
  return elapsedMs > 0 ? Math.round((done * 1_000) / elapsedMs) : 0;
}

/** What is left at the pace so far; nothing where that can't be told yet. */
function timeLeft(done: number, all: number, elapsedMs: number): readonly string[] {
  if (done === 0 || done >= all || elapsedMs < GUESSED_FROM_MS) return [];
  return [`about ${formatAge((elapsedMs * (all - done)) / done)} left`];
}

function fitted(parts: readonly string[], widthColumns: number): string {
  return parts.join('  ').slice(0, Math.max(1, widthColumns - 1));
}

/** One line for a terminal, not wider than it. */
export function progressLine(progress: ListingProgress, widthColumns: number): string {
  const { repositories, pages, entries, elapsedMs } = progress;
  const { read, all } = repositories ?? { read: 0, all: 0 };
  const parts = [
    bar(read, all),
    repositories === null ? 'reading the catalog' : `${read} of ${all} repositories`,
    `${quantity(pages, 'page')}, ${entries} entries, ${rate(entries, elapsedMs)}/s`,
    ...timeLeft(read, all, elapsedMs),
  ];
  return fitted(parts, widthColumns);
}
