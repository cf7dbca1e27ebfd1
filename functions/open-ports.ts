import { createJsonLogger } from '../shared/adapters/logging/json-logger.ts';
import type { Ledger, Logger, UsageReader } from '../shared/ports.ts';
import { readSettings, type Settings } from './settings.ts';

/** What every deployed function has from its start: cheap, and nothing that speaks to anybody. */
export const settings: Settings = readSettings(process.env);

export const logger: Logger = createJsonLogger((line) => process.stdout.write(line));

/**
 * Makes something when it is first asked for and keeps it for the life of the instance. A failure is not
 * kept: the next request tries again.
 */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((problem: unknown) => {
      made = null;
      throw problem;
    });
    return made;
  };
}

/** The ledger named by the environment. */
export const openConfiguredLedger: () => Promise<Ledger> = once(async () => {
  const { openLedger } = await import('../shared/adapters/ledger/open-ledger.ts');
  return openLedger(settings.ledger);
});

/** The in-use source named by the environment, or none. */
export async function openConfiguredUsage(): Promise<UsageReader> {
  const { noUsageSource, readPodsFile } = await import('../shared/adapters/usage/pods-file.ts');
  const path = settings.inUse;
  return path === null ? noUsageSource : readPodsFile({ path, clock: Date.now, ageMaxMs: 24 * 60 * 60 * 1000 });
}
