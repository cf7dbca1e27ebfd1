import { Option } from 'commander';
import { openUsageSources } from '../shared/adapters/usage/open.ts';
import { lazyUsage } from '../shared/adapters/usage/source.ts';
import { parseUsageSource, parseUsageSources } from '../shared/core/usage/place.ts';
import type { UsageReader } from '../shared/ports.ts';

/** `--in-use`: where to ask what runs, for rules with `inUse`. May be given several times; one source a line then. */
export function inUseOption(description: string): Option {
  return new Option('--in-use <source>', description).argParser(
    (text: string, before: string | undefined) => {
      parseUsageSource(text);
      return before === undefined ? text : `${before}\n${text}`;
    },
  );
}

/** The in-use sources of `--in-use`; without one, what runs is not known. */
export function openUsage(sources: string | undefined): UsageReader {
  const places = parseUsageSources(sources ?? '');
  return lazyUsage(
    async () => (await openUsageSources(places, { clock: Date.now, googleEndpoint: null })).usage,
  );
}
