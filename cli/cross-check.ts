import { Option } from 'commander';
import { openImageRecords } from '../shared/adapters/google/image-records.ts';
import { crossChecking } from '../shared/app/cross-checking.ts';
import { WardenError } from '../shared/core/error.ts';
import { hostKind } from '../shared/core/reference.ts';
import type { RegistryReader } from '../shared/ports.ts';
import type { RunEnd } from './deadline.ts';

/** `--cross-check`: a second voice for every listing. */
export function crossCheckOption(description: string): Option {
  return new Option('--cross-check', description);
}

/**
 * The reader with its listings cross-checked where that is asked for, or as it is.
 * @throws WardenError OPTION_INVALID where the host has no such API
 */
export function withCrossCheck(
  reader: RegistryReader,
  host: string,
  isAsked: true | undefined,
  { signal }: RunEnd,
): { readonly reader: RegistryReader; close(): Promise<void> } {
  if (isAsked !== true) return { reader, close: async () => {} };
  if (hostKind(host) !== 'google') {
    throw new WardenError(
      'OPTION_INVALID',
      `--cross-check asks Artifact Registry's API, and ${host} is none of its hosts: leave it out.`,
    );
  }
  const records = openImageRecords(signal);
  return { reader: crossChecking(reader, records), close: () => records.close() };
}
