import type { Target } from '../shared/core/reference.ts';
import type { Ledger, RegistryReader } from '../shared/ports.ts';
import { withCrossCheck } from './cross-check.ts';
import { accessUntil, beginReading } from './deadline.ts';
import { openProgress, type Progress } from './progress.ts';
import { openCallersRegistry } from './registry.ts';

/** What every command that reads a registry is asked with. */
export interface ReadingOptions {
  readonly concurrency: number;
  readonly crossCheck?: true;
  /** In milliseconds. */
  readonly deadline?: number;
}

/**
 * Opens the registry of a target with the caller's rights to read and no others, runs `read` with it until the
 * deadline or Ctrl-C, shows how far it has come, and closes it, whatever happened.
 * @param manifestCache where manifests are that were read before; null for nowhere
 * @throws WardenError SETTING_INVALID, OPTION_INVALID
 */
export async function withReading<T>(
  { host }: Target,
  { concurrency, crossCheck, deadline }: ReadingOptions,
  manifestCache: Ledger | null,
  read: (reader: RegistryReader, progress: Progress) => Promise<T>,
): Promise<T> {
  const end = beginReading(deadline);
  const progress = openProgress();
  const registry = openCallersRegistry({
    concurrency,
    manifestCache,
    hosts: [host],
    onPage: progress.onPage,
  });
  try {
    const checked = withCrossCheck(accessUntil(registry, end).reader, host, crossCheck, end);
    return await read(checked.reader, progress).finally(() => checked.close());
  } finally {
    progress.end();
    await registry.close();
  }
}
