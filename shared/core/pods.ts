import { isDigest } from './digest.ts';
import { messageOf, WardenError } from './error.ts';
import { formatRepository, parseImageReference } from './reference.ts';
import type { Use } from './usage.ts';

/** Where a pod's containers are written in its specification and in its status. */
const SPEC_LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;
const STATUS_LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

type Json = Readonly<Record<string, unknown>>;

function record(value: unknown): Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Json) : {};
}

function records(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Reads what runs from the answer of `kubectl get pods --all-namespaces --output json`: a `List` of `Pod`
 * (or a `PodList`). `imageID` tells the digest that runs; a container without one, which has not started yet,
 * is known by what its `image` says. What names no registry host is no image of ours.
 * @throws WardenError PODS_INVALID where the document is no list of pods
 */
export function parsePods(document: string): Use[] {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch (cause) {
    throw new WardenError('PODS_INVALID', `The list of pods is not JSON: ${messageOf(cause)}.`, { cause });
  }
  return usesOfPods(value);
}

/**
 * Reads what runs from such a list, parsed.
 * @throws WardenError PODS_INVALID where it is no list of pods
 */
export function usesOfPods(value: unknown): Use[] {
  const list = record(value);
  const items = list['items'];
  if (!Array.isArray(items)) {
    throw new WardenError(
      'PODS_INVALID',
      'The list of pods has no "items". Make it with: kubectl get pods --all-namespaces --output json',
    );
  }
  // A list that says it continues is not the whole of what runs.
  if (text(record(list['metadata'])['continue']) !== null) {
    throw new WardenError(
      'PODS_INVALID',
      'The list of pods is cut: its "metadata.continue" says that there is more.',
    );
  }
  return records(items).flatMap(usesOfPod);
}

function usesOfPod(pod: Json): Use[] {
  const metadata = record(pod['metadata']);
  const name = `pod ${text(metadata['namespace']) ?? 'default'}/${text(metadata['name']) ?? 'unnamed'}`;
  const running = new Map<string, string>();
  for (const list of STATUS_LISTS) {
    for (const status of records(record(pod['status'])[list])) {
      const container = text(status['name']);
      const imageId = text(status['imageID']);
      if (container !== null && imageId !== null) running.set(container, imageId);
    }
  }
  const uses: Use[] = [];
  for (const list of SPEC_LISTS) {
    for (const container of records(record(pod['spec'])[list])) {
      const image = text(container['image']);
      const id = text(container['name']);
      if (image === null) continue;
      const by = `${name} (container ${id ?? 'unnamed'})`;
      uses.push(...usesOfContainer(image, id === null ? null : (running.get(id) ?? null), by));
    }
  }
  return uses;
}

/** `imageID` is `HOST/NAME@sha256:…`, on some runtimes with `docker-pullable://` before it. */
function usesOfContainer(image: string, imageId: string | null, by: string): Use[] {
  const uses: Use[] = [];
  const digest = imageId?.slice(imageId.lastIndexOf('@') + 1) ?? null;
  try {
    const reference = parseImageReference(image);
    const repository = formatRepository(reference.repository);
    const running = isDigest(digest) ? digest : reference.digest;
    uses.push({ repository, digest: running, tag: reference.tag, by });
  } catch {
    // An image of Docker Hub, written without a host. Its digest may still be a copy of one of ours.
    if (isDigest(digest)) uses.push({ repository: '', digest, tag: null, by });
  }
  return uses;
}
