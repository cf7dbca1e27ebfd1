import { existsSync } from 'node:fs';
import { takeSnapshot } from '../shared/app/take-snapshot.ts';
import { parseTarget } from '../shared/core/reference.ts';
import type { Snapshot } from '../shared/core/snapshot.ts';
import type { EventLedger, Ledger } from '../shared/ports.ts';
import { withLedger } from './options.ts';
import { type ReadingOptions, withReading } from './reading.ts';
import { openUsage } from './usage.ts';

/** What a first look at a registry is asked for with. */
export interface SurveyOptions extends ReadingOptions {
  readonly ledger: string;
  readonly inUse?: string;
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

function snapshotWith(
  text: string,
  options: SurveyOptions,
  ledger: Pick<EventLedger, 'historyFacts'>,
  manifestCache: Ledger | null,
): Promise<Snapshot> {
  const target = parseTarget(text);
  return withReading(target, options, manifestCache, (registry, { onRead }) => {
    const usage = openUsage(options.inUse);
    const { concurrency } = options;
    return takeSnapshot({ registry, ledger, usage, clock: Date.now, concurrency, onRead }, target);
  });
}

/** Whether anything of what was asked about could not be read. */
export function isIncomplete({ catalog, repositories }: Snapshot): boolean {
  return (
    catalog.kind === 'incomplete' ||
    repositories.some(({ listing }) => listing.completeness.kind === 'incomplete')
  );
}
