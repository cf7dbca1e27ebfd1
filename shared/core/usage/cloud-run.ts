import type { Use } from '../usage.ts';
import { at, type Json, record, records, text, time } from './field.ts';
import { usesOfImage } from './image.ts';

/** Revisions of a service that count although they serve nothing, where nobody says otherwise. */
export const DEFAULT_REVISIONS = 5;

/**
 * What Cloud Run holds, as its API v2 or Knative's form of it (v1, which Cloud Asset Inventory returns) writes
 * it: https://cloud.google.com/run/docs/reference/rest
 */
export interface CloudRunResources {
  /** Services and worker pools: what has revisions. */
  readonly services: readonly unknown[];
  readonly revisions: readonly unknown[];
  readonly jobs: readonly unknown[];
  readonly executions: readonly unknown[];
}

/**
 * Reads what Cloud Run runs, and what it could be told to run again: revisions that serve or are named by
 * their service, the newest ones of each service, jobs with their executions under way, and what the next
 * revision would be made of.
 *
 * @param newest how many revisions of a service count although they serve nothing
 */
export function usesOfCloudRun(resources: CloudRunResources, newest: number): Use[] {
  const services = resources.services.map((value) => serviceOf(record(value)));
  const named = new Map<string, Set<string>>();
  for (const { key, revisions } of services) {
    named.set(key, new Set([...(named.get(key) ?? []), ...revisions]));
  }
  const revisions = resources.revisions.map((value) => revisionOf(record(value)));
  return [
    ...services.flatMap(({ uses }) => uses),
    ...serving(revisions, named, newest).flatMap(({ uses }) => uses),
    ...resources.jobs.flatMap((value) => jobUses(record(value), 'job')),
    ...resources.executions.flatMap((value) =>
      isOver(record(value)) ? [] : jobUses(record(value), 'execution'),
    ),
  ];
}

interface Service {
  readonly key: string;
  /** The revisions that it names, whatever for. */
  readonly revisions: ReadonlySet<string>;
  readonly uses: readonly Use[];
}

interface Revision {
  readonly key: string;
  readonly name: string;
  readonly createdAtMs: number | null;
  readonly uses: readonly Use[];
}

/** Where a resource is and what it is called, in either form. */
interface Identity {
  readonly project: string;
  readonly location: string;
  readonly name: string;
  /** What it belongs to; null where it belongs to nothing. */
  readonly owner: string | null;
}

const SERVICE_LABELS = ['serving.knative.dev/service', 'run.googleapis.com/workerPool'] as const;

function identityOf(value: Json): Identity {
  const metadata = record(value['metadata']);
  const knative = text(metadata['name']);
  if (knative !== null) {
    const labels = record(metadata['labels']);
    return {
      project: text(metadata['namespace']) ?? '',
      location: text(labels['cloud.googleapis.com/location']) ?? '',
      name: knative,
      owner: SERVICE_LABELS.map((label) => text(labels[label])).find((owner) => owner !== null) ?? null,
    };
  }
  const [, project = '', , location = '', , first = '', , second = ''] = (text(value['name']) ?? '').split(
    '/',
  );
  return { project, location, name: second || first, owner: second === '' ? null : first };
}

function keyOf({ project, location }: Identity, service: string): string {
  return `${project}/${location}/${service}`;
}

function serviceOf(value: Json): Service {
  const identity = identityOf(value);
  const names = new Set<string>();
  const add = (name: unknown): void => {
    const found = text(name);
    if (found !== null) names.add(found.slice(found.lastIndexOf('/') + 1));
  };
  const { spec, status } = value;
  for (const holder of [value, record(spec), record(status)]) {
    for (const key of [
      'latestReadyRevision',
      'latestCreatedRevision',
      'latestReadyRevisionName',
      'latestCreatedRevisionName',
    ]) {
      add(holder[key]);
    }
    for (const key of ['traffic', 'trafficStatuses', 'instanceSplits', 'instanceSplitStatuses']) {
      for (const target of records(holder[key])) {
        add(target['revision']);
        add(target['revisionName']);
      }
    }
  }
  const isPool = value['kind'] === 'WorkerPool' || text(value['name'])?.includes('/workerPools/') === true;
  const by = `Cloud Run ${isPool ? 'worker pool' : 'service'} ${nameOf(identity)}, its template`;
  // The template was written with the last change; before that it may have been another.
  const sinceMs = time(value['updateTime']) ?? createdAt(value);
  const template = at(value, 'template', 'containers') ?? at(value, 'spec', 'template', 'spec', 'containers');
  return {
    key: keyOf(identity, identity.name),
    revisions: names,
    uses: containerUses(template, new Map(), by, sinceMs, false),
  };
}

function revisionOf(value: Json): Revision {
  const identity = identityOf(value);
  const owner = identity.owner ?? text(value['service'])?.split('/').at(-1) ?? '';
  const containers = value['containers'] ?? at(value, 'spec', 'containers');
  const digests = new Map<string, string>();
  for (const status of [
    ...records(value['containerStatuses']),
    ...records(at(value, 'status', 'containerStatuses')),
  ]) {
    const digest = text(status['imageDigest']);
    if (digest !== null) digests.set(text(status['name']) ?? '', digest);
  }
  const main = text(at(value, 'status', 'imageDigest'));
  if (main !== null && !digests.has('')) digests.set('', main);
  const createdAtMs = createdAt(value);
  const by = `Cloud Run revision ${nameOf(identity)}`;
  return {
    key: keyOf(identity, owner),
    name: identity.name,
    createdAtMs,
    uses: containerUses(containers, digests, by, createdAtMs, true),
  };
}

/** Those that are named, the newest of each service, and what can't be placed. */
function serving(
  revisions: readonly Revision[],
  named: ReadonlyMap<string, ReadonlySet<string>>,
  newest: number,
): Revision[] {
  const byService = new Map<string, Revision[]>();
  for (const revision of revisions) {
    const of = byService.get(revision.key) ?? [];
    of.push(revision);
    byService.set(revision.key, of);
  }
  return [...byService].flatMap(([key, of]) => {
    const names = named.get(key);
    // Without its service nobody knows what a revision serves.
    if (names === undefined) return of;
    const dated = of.filter(({ createdAtMs }) => createdAtMs !== null);
    const young = new Set(dated.sort((a, b) => (b.createdAtMs ?? 0) - (a.createdAtMs ?? 0)).slice(0, newest));
    return of.filter((one) => one.createdAtMs === null || young.has(one) || names.has(one.name));
  });
}

function jobUses(value: Json, kind: 'job' | 'execution'): Use[] {
  const containers =
    at(value, 'template', 'template', 'containers') ??
    at(value, 'template', 'containers') ??
    at(value, 'spec', 'template', 'spec', 'template', 'spec', 'containers') ??
    at(value, 'spec', 'template', 'spec', 'containers');
  return containerUses(
    containers,
    new Map(),
    `Cloud Run ${kind} ${nameOf(identityOf(value))}`,
    createdAt(value),
    true,
  );
}

function isOver(execution: Json): boolean {
  return (
    text(execution['completionTime']) !== null || text(at(execution, 'status', 'completionTime')) !== null
  );
}

function containerUses(
  containers: unknown,
  digests: ReadonlyMap<string, string>,
  by: string,
  sinceMs: number | null,
  isMain: boolean,
): Use[] {
  const all = records(containers);
  return all.flatMap((container) => {
    const image = text(container['image']);
    if (image === null) return [];
    const name = text(container['name']) ?? '';
    // The one container of a revision often has a name in one list and none in the other.
    const only = isMain && all.length === 1 ? [...digests.values()][0] : undefined;
    const resolved = digests.get(name) ?? only ?? null;
    const written = resolved === null || resolved.includes('@') ? resolved : `${image}@${resolved}`;
    return usesOfImage({ image, resolved: written, by, sinceMs, pullsTag: false });
  });
}

function createdAt(value: Json): number | null {
  return time(value['createTime']) ?? time(at(value, 'metadata', 'creationTimestamp'));
}

function nameOf({ project, location, name }: Identity): string {
  return [project, location, name].filter((part) => part !== '').join('/');
}
