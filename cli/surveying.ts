import { existsSync } from 'node:fs';
import { takeSnapshot } from '../shared/app/take-snapshot.ts';
import { parseTarget } from '../shared/core/reference.ts';
import type { Snapshot } from '../shared/core/snapshot.ts';
import type { EventLedger, Ledger } from '../shared/ports.ts';
import { accessUntil, beginReading } from './deadline.ts';
import { withLedger } from './options.ts';
import { openProgress } from './progress.ts';
import { openCallersRegistry } from './registry.ts';
import { openUsage } from './usage.ts';

/** What a first look at a registry is asked for with. */
export interface SurveyOptions {
  readonly ledger: string;
  readonly inUse?: string;
  readonly concurrency: number;
  readonly deadline?: number;
}

/** What a ledger knows that nobody has kept yet. */
const NO_HISTORY: Pick<EventLedger, 'historyFacts'> = { historyFacts: async () => [] };

/** Reads everything that a first look needs, with rights to read and no others. Leaves nothing behind. */
export async function snapshotForSurvey(text: string, options: SurveyOptions): Promise<Snapshot> {
  const isThere =
    options.ledger.startsWith('firestore:') || existsSync(options.ledger.replace(/^sqlite:/, ''));
  if (!isThere) return snapshotWith(text, options, NO_HISTORY, null);
  return withLedger(options.ledger, (ledger) => snapshotWith(text, options, ledger, ledger), 'there');
}

async function snapshotWith(
  text: string,
  { inUse, concurrency, deadline }: SurveyOptions,
  ledger: Pick<EventLedger, 'historyFacts'>,
  manifestCache: Ledger | null,
): Promise<Snapshot> {
  const target = parseTarget(text);
  const end = beginReading(deadline);
  const progress = openProgress();
  const registry = openCallersRegistry({
    concurrency,
    manifestCache,
    hosts: [target.host],
    onPage: progress.onPage,
  });
  try {
    const { reader } = accessUntil(registry, end);
    const usage = openUsage(inUse);
    const ports = { registry: reader, ledger, usage, clock: Date.now, concurrency, onRead: progress.onRead };
    return await takeSnapshot(ports, target);
  } finally {
    progress.end();
    await registry.close();
  }
}

/** Whether anything of what was asked about could not be read. */
export function isIncomplete({ catalog, repositories }: Snapshot): boolean {
  return (
    catalog.kind === 'incomplete' ||
    repositories.some(({ listing }) => listing.completeness.kind === 'incomplete')
  );
}
