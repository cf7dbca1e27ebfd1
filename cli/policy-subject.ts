import { Option } from 'commander';
import { openPublicReaders } from '../shared/adapters/google/open-public-readers.ts';
import { readSnapshotFile } from '../shared/adapters/policies/snapshot-file.ts';
import type { SnapshotPorts } from '../shared/app/take-snapshot.ts';
import { WardenError } from '../shared/core/error.ts';
import type { Policy } from '../shared/core/policy.ts';
import { parseTarget, type Target } from '../shared/core/reference.ts';
import { selectedTargets } from '../shared/core/selected-target.ts';
import type { Snapshot } from '../shared/core/snapshot.ts';
import type { Ledger, Logger, PublicReaders } from '../shared/ports.ts';
import { withLedger } from './options.ts';
import { withReading } from './reading.ts';
import { terminalLogger } from './terminal.ts';
import { openUsage } from './usage.ts';

/** What policies are tried on: a snapshot, or a registry as it is now. */
export interface SubjectOptions {
  readonly snapshot?: string;
  readonly target?: string;
  readonly ledger: string;
  readonly inUse?: string;
  readonly concurrency: number;
}

/** `--snapshot`: try policies on a file, without a registry or a credential. */
export function snapshotOption(description: string): Option {
  return new Option('--snapshot <file>', description).conflicts(['target', 'inUse']);
}

/** `--target`: try policies on a registry, which is only read. */
export function targetOption(description: string): Option {
  return new Option('--target <target>', description);
}

/** What to do with either. */
export interface SubjectWays<T> {
  snapshot(snapshot: Snapshot): T | Promise<T>;
  target(
    ports: SnapshotPorts & {
      readonly ledger: Ledger;
      readonly logger: Logger;
      readonly publicReaders: PublicReaders;
    },
    target: Target,
  ): Promise<T>;
}

/**
 * Opens what the options name, and closes it again. Where they name nothing: what the environment names, or the
 * one target below which lies all that the policies select.
 * @throws WardenError OPTION_INVALID where there is none
 */
export async function withSubject<T>(
  options: SubjectOptions,
  policies: readonly Policy[],
  ways: SubjectWays<T>,
): Promise<T> {
  if (options.snapshot !== undefined) return ways.snapshot(await readSnapshotFile(options.snapshot));
  const target = parseTarget(options.target ?? process.env['GCR_WARDEN_TARGET'] ?? targetOf(policies));
  return withLedger(options.ledger, async (ledger) => {
    const publicReaders = openPublicReaders(null);
    const { concurrency } = options;
    try {
      return await withReading(target, { concurrency }, ledger, (registry, { onRead }) => {
        const usage = openUsage(options.inUse);
        const logger = terminalLogger;
        return ways.target(
          { registry, ledger, usage, publicReaders, clock: Date.now, logger, concurrency, onRead },
          target,
        );
      });
    } finally {
      await publicReaders.close();
    }
  });
}

function targetOf(policies: readonly Policy[]): string {
  const targets = selectedTargets(policies.map(({ repositories }) => repositories)) ?? [];
  const [only] = targets;
  if (only !== undefined && targets.length === 1) return only;
  const found = targets.length === 0 ? '' : ` The policies select below ${targets.join(', ')}: take one.`;
  throw new WardenError(
    'OPTION_INVALID',
    `Name what the policies are tried on: --snapshot FILE, --target HOST/PROJECT[/REPO], or GCR_WARDEN_TARGET.${found}`,
  );
}
