import { open } from 'node:fs/promises';
import { parsePods } from '../../core/pods.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import { staleness, unanswered, usageFrom } from './source.ts';

export interface PodsFileOptions {
  /** A file written by `kubectl get … --all-namespaces --output json`. */
  readonly path: string;
  readonly clock: Clock;
  /** An older file answers unknown. */
  readonly ageMaxMs: number;
  readonly rollbackDepth: number;
}

/** 100,000 pods are about 500 MB as kubectl writes them; beyond this the file is refused unread. */
const SIZE_MAX_BYTES = 512 * 1024 * 1024;

/** Reads what runs from a file of pods. */
export function readPodsFile(options: PodsFileOptions): UsageReader {
  const source = `pods file ${options.path}`;
  return usageFrom(source, () => answer(options, source));
}

async function answer(
  { path, clock, ageMaxMs, rollbackDepth }: PodsFileOptions,
  source: string,
): Promise<UsageAnswer> {
  const file = await open(path, 'r');
  try {
    const { size, mtimeMs } = await file.stat();
    if (size > SIZE_MAX_BYTES) return unanswered(source, `it is larger than ${SIZE_MAX_BYTES} bytes`);
    const stale = staleness(clock() - mtimeMs, ageMaxMs);
    if (stale !== null) return unanswered(source, stale);
    return {
      kind: 'complete',
      source,
      asOfMs: mtimeMs,
      uses: parsePods(await file.readFile('utf8'), { rollbackDepth }),
    };
  } finally {
    await file.close();
  }
}
