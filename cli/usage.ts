import { Option } from 'commander';
import { noUsageSource, readPodsFile } from '../shared/adapters/usage/pods-file.ts';
import { DAY_MS } from '../shared/core/units.ts';
import type { UsageReader } from '../shared/ports.ts';

/** `--in-use`: what runs, for rules with `inUse`. */
export function inUseOption(): Option {
  return new Option(
    '--in-use <file>',
    'what runs: the output of kubectl get pods --all-namespaces --output json',
  );
}

/** The in-use source of `--in-use`; without it, what runs is not known. */
export function openUsage(path: string | undefined): UsageReader {
  return path === undefined ? noUsageSource : readPodsFile({ path, clock: Date.now, ageMaxMs: DAY_MS });
}
