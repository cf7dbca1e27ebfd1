import { messageOf } from '../../core/error.ts';
import { usesOfPods } from '../../core/pods.ts';
import { formatAge } from '../../core/units.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import { type GoogleRest, path, type RestReply } from '../google/rest.ts';

export interface PodsObjectOptions {
  readonly rest: GoogleRest;
  readonly bucket: string;
  /** The object's name: the output of `kubectl get pods --all-namespaces --output json`, copied there. */
  readonly object: string;
  readonly clock: Clock;
  /** An older object answers unknown. */
  readonly ageMaxMs: number;
}

/** Reads what runs from an object in a bucket. Whatever is wrong with it is an unknown answer, which keeps. */
export function readPodsObject(options: PodsObjectOptions): UsageReader {
  const source = `pods object gs://${options.bucket}/${options.object}`;
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

async function answer(options: PodsObjectOptions, source: string): Promise<UsageAnswer> {
  const { rest, bucket, object, clock, ageMaxMs } = options;
  const place = { api: 'storage', path: path`/storage/v1/b/${bucket}/o/${object}` } as const;
  // The age first: pods that are read after it are at least as young.
  const metadata = await rest.read(place);
  if (metadata.kind !== 'read') return unread(source, metadata);
  const updated = metadata.body['updated'];
  const asOfMs = typeof updated === 'string' ? Date.parse(updated) : Number.NaN;
  if (!Number.isFinite(asOfMs))
    return { kind: 'unknown', source, reason: 'the bucket does not tell how old it is' };
  const ageMs = clock() - asOfMs;
  if (ageMs > ageMaxMs) {
    const reason = `it is ${formatAge(ageMs)} old, and may be ${formatAge(ageMaxMs)} at most`;
    return { kind: 'unknown', source, reason };
  }
  const content = await rest.read({ ...place, query: { alt: 'media' } });
  if (content.kind !== 'read') return unread(source, content);
  return { kind: 'complete', source, asOfMs, uses: usesOfPods(content.body) };
}

function unread(source: string, reply: Exclude<RestReply, { readonly kind: 'read' }>): UsageAnswer {
  return { kind: 'unknown', source, reason: reply.reason };
}
