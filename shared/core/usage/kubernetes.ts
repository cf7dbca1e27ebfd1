import { WardenError } from '../error.ts';
import type { Use } from '../usage.ts';
import { at, type Json, record, records, text, time } from './field.ts';
import { usesOfImage } from './image.ts';

/** How many earlier revisions a Deployment keeps where nobody says otherwise (`revisionHistoryLimit`). */
export const DEFAULT_ROLLBACK_DEPTH = 10;

export interface KubernetesReading {
  /** Earlier revisions of a workload that count: what `kubectl rollout undo` can go back to. */
  readonly rollbackDepth: number;
  /** Where the objects are, for people: `cluster prod`; null where nobody knows. */
  readonly where: string | null;
  /** The kind of objects that do not name their own, as in a reply of the Kubernetes API. */
  readonly kind: string;
}

/** Where the specification of pods is in the kinds that have one. */
const POD_SPECS: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  PodTemplate: ['template', 'spec'],
  Deployment: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};

/** Other controllers write what they like into their revisions; those of the two built-in ones hold this. */
const CONTROLLER_REVISION = ['data', 'spec', 'template', 'spec'];

/** Where pods of kinds that we do not know mostly are (Argo's Rollout, Knative's Service). */
const USUAL_PLACE = ['spec', 'template', 'spec'];

/** Where a pod's containers are written in its specification and in its status. */
const SPEC_LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;
const STATUS_LISTS = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

/**
 * Reads what runs, and what could run again, from objects of Kubernetes: pods by the digest that runs
 * (`imageID`), templates by what they name. Kinds without pods are passed over.
 * @throws WardenError PODS_INVALID where one that must have containers has none to read
 */
export function usesOfKubernetes(objects: readonly unknown[], reading: KubernetesReading): Use[] {
  const read = objects.map((object) => objectOf(object, reading.kind));
  const forgotten = beyondRollback(read, reading.rollbackDepth);
  return read.filter((object) => !forgotten.has(object)).flatMap((object) => usesOfObject(object, reading));
}

interface KubernetesObject {
  readonly kind: string;
  readonly value: Json;
  readonly metadata: Json;
  /** `prod/api` */
  readonly name: string;
}

function objectOf(value: unknown, kind: string): KubernetesObject {
  const object = record(value);
  const metadata = record(object['metadata']);
  const name = `${text(metadata['namespace']) ?? 'default'}/${text(metadata['name']) ?? 'unnamed'}`;
  return { kind: text(object['kind']) ?? kind, value: object, metadata, name };
}

function usesOfObject(
  { kind, value, metadata, name }: KubernetesObject,
  { where }: KubernetesReading,
): Use[] {
  const place = POD_SPECS[kind];
  const spec = record(
    at(value, ...(place ?? (kind === 'ControllerRevision' ? CONTROLLER_REVISION : USUAL_PLACE))),
  );
  const called = `${kind.toLowerCase()} ${name}`;
  if (place !== undefined && !Array.isArray(spec['containers'])) {
    throw new WardenError(
      'PODS_INVALID',
      `The ${called} has no list of containers, so what it runs is not known.`,
    );
  }
  const running = kind === 'Pod' ? runningIn(record(value['status'])) : new Map<string, string>();
  const sinceMs = time(metadata['creationTimestamp']);
  return SPEC_LISTS.flatMap((list) => records(spec[list])).flatMap((container) => {
    const image = text(container['image']);
    const id = text(container['name']);
    if (image === null) return [];
    const by = `${called} (container ${id ?? 'unnamed'})${where === null ? '' : ` in ${where}`}`;
    const resolved = id === null ? null : (running.get(id) ?? null);
    return usesOfImage({ image, resolved, by, sinceMs, pullsTag: true });
  });
}

function runningIn(status: Json): Map<string, string> {
  const running = new Map<string, string>();
  for (const list of STATUS_LISTS) {
    for (const entry of records(status[list])) {
      const container = text(entry['name']);
      const imageId = text(entry['imageID']);
      if (container !== null && imageId !== null) running.set(container, imageId);
    }
  }
  return running;
}

/**
 * Old revisions that nobody goes back to: ReplicaSets of a Deployment without pods, and ControllerRevisions,
 * beyond the newest ones of their owner. What does not tell its owner or its number is none of them.
 */
function beyondRollback(objects: readonly KubernetesObject[], depth: number): Set<KubernetesObject> {
  const revisions = new Map<string, { readonly object: KubernetesObject; readonly number: number }[]>();
  for (const object of objects) {
    const number = revisionNumber(object);
    const owner = ownerOf(object);
    if (number === null || owner === null) continue;
    const key = `${object.kind} ${owner}`;
    const of = revisions.get(key) ?? [];
    of.push({ object, number });
    revisions.set(key, of);
  }
  const forgotten = new Set<KubernetesObject>();
  for (const [key, of] of revisions) {
    // The newest ControllerRevision is what runs now, and no earlier one.
    const kept = key.startsWith('ControllerRevision ') ? depth + 1 : depth;
    for (const { object } of of.sort((a, b) => b.number - a.number).slice(kept)) forgotten.add(object);
  }
  return forgotten;
}

const REVISION = 'deployment.kubernetes.io/revision';

/** Which revision of its owner an object is; null where it is none, or has pods. */
function revisionNumber({ kind, value, metadata }: KubernetesObject): number | null {
  if (kind === 'ControllerRevision') {
    const number = value['revision'];
    return typeof number === 'number' && Number.isSafeInteger(number) ? number : null;
  }
  if (kind !== 'ReplicaSet') return null;
  const isEmpty = at(value, 'spec', 'replicas') === 0 && (at(value, 'status', 'replicas') ?? 0) === 0;
  const written = text(at(metadata, 'annotations', REVISION));
  return isEmpty && written !== null && /^\d{1,15}$/.test(written) ? Number(written) : null;
}

function ownerOf({ kind, metadata }: KubernetesObject): string | null {
  const owner = records(metadata['ownerReferences']).find((one) => one['controller'] === true);
  if (owner === undefined || (kind === 'ReplicaSet' && owner['kind'] !== 'Deployment')) return null;
  return text(owner['uid']);
}
