import { open } from 'node:fs/promises';
import { messageOf } from '../../core/error.ts';
import { parsePods } from '../../core/pods.ts';
import { formatAge } from '../../core/units.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { Clock, UsageReader } from '../../ports.ts';

export interface PodsFileOptions {
  /** A file written by `kubectl get pods --all-namespaces --output json`. */
  readonly path: string;
  readonly clock: Clock;
  /** An older file answers unknown. */
  readonly ageMaxMs: number;
}

/** 100,000 pods are about 500 MB as kubectl writes them; beyond this the file is refused unread. */
const SIZE_MAX_BYTES = 512 * 1024 * 1024;

/** Reads what runs from a file of pods. Whatever is wrong with the file is an unknown answer, which keeps. */
export function readPodsFile(options: PodsFileOptions): UsageReader {
  const source = `pods file ${options.path}`;
  return {
    async read() {
      try {
        return { version: 1, answers: [await answer(options, source)] };
      } catch (problem) {
        return { version: 1, answers: [{ kind: 'unknown', source, reason: messageOf(problem) }] };
      }
    },
  };
}

async function answer(options: PodsFileOptions, source: string): Promise<UsageAnswer> {
  const file = await open(options.path, 'r');
  try {
    const { size, mtimeMs } = await file.stat();
    if (size > SIZE_MAX_BYTES) {
      return { kind: 'unknown', source, reason: `it is larger than ${SIZE_MAX_BYTES} bytes` };
    }
    const ageMs = options.clock() - mtimeMs;
    if (ageMs > options.ageMaxMs) {
      const reason = `it is ${formatAge(ageMs)} old, and may be ${formatAge(options.ageMaxMs)} at most`;
      return { kind: 'unknown', source, reason };
    }
    return { kind: 'complete', source, asOfMs: mtimeMs, uses: parsePods(await file.readFile('utf8')) };
  } finally {
    await file.close();
  }
}

/** The reader of a run for which no in-use source is configured. */
export const noUsageSource: UsageReader = {
  read: async () => ({ version: 1, answers: [] }),
};
