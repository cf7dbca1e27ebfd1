import { usesOfPods } from '../../core/pods.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import { type GoogleRest, path } from '../google/rest.ts';
import { staleness, unanswered, usageFrom } from './source.ts';

export interface PodsObjectOptions {
  readonly rest: GoogleRest;
  readonly bucket: string;
  /** The object's name: the output of `kubectl get … --all-namespaces --output json`, copied there. */
  readonly object: string;
  readonly clock: Clock;
  /** An older object answers unknown. */
  readonly ageMaxMs: number;
  readonly rollbackDepth: number;
}

/** Reads what runs from an object in a bucket. */
export function readPodsObject(options: PodsObjectOptions): UsageReader {
  const source = `pods object gs://${options.bucket}/${options.object}`;
  return usageFrom(source, () => answer(options, source));
}

async function answer(options: PodsObjectOptions, source: string): Promise<UsageAnswer> {
  const { rest, bucket, object, clock, ageMaxMs, rollbackDepth } = options;
  const place = { api: 'storage', path: path`/storage/v1/b/${bucket}/o/${object}` } as const;
  // The age first: pods that are read after it are at least as young.
  const metadata = await rest.read(place);
  if (metadata.kind !== 'read') return unanswered(source, metadata.reason);
  const updated = metadata.body['updated'];
  const asOfMs = typeof updated === 'string' ? Date.parse(updated) : Number.NaN;
  if (!Number.isFinite(asOfMs)) return unanswered(source, 'the bucket does not tell how old it is');
  const stale = staleness(clock() - asOfMs, ageMaxMs);
  if (stale !== null) return unanswered(source, stale);
  const content = await rest.read({ ...place, query: { alt: 'media' } });
  if (content.kind !== 'read') return unanswered(source, content.reason);
  return { kind: 'complete', source, asOfMs, uses: usesOfPods(content.body, { rollbackDepth }) };
}
