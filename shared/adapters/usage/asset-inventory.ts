import { type CloudRunResources, usesOfCloudRun } from '../../core/usage/cloud-run.ts';
import { usesOfCompute } from '../../core/usage/compute.ts';
import { at, type Json, records, text, time } from '../../core/usage/field.ts';
import { usesOfKubernetes } from '../../core/usage/kubernetes.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import type { GoogleRest } from '../google/rest.ts';
import { staleness, unanswered, usageFrom } from './source.ts';

export interface AssetInventoryOptions {
  readonly rest: GoogleRest;
  /** `organizations/123`, `folders/123` or `projects/acme` */
  readonly scope: string;
  readonly clock: Clock;
  /** An older answer is unknown. */
  readonly ageMaxMs: number;
  readonly rollbackDepth: number;
  readonly revisions: number;
}

/** What the inventory has of Kubernetes; ControllerRevisions are not among it. */
const KUBERNETES = [
  'k8s.io/Pod',
  'apps.k8s.io/Deployment',
  'apps.k8s.io/ReplicaSet',
  'apps.k8s.io/StatefulSet',
  'apps.k8s.io/DaemonSet',
  'batch.k8s.io/Job',
  'batch.k8s.io/CronJob',
] as const;

/** Where each type of Cloud Run's resources belongs. */
const CLOUD_RUN: Readonly<Record<string, keyof CloudRunResources>> = {
  'run.googleapis.com/Service': 'services',
  'run.googleapis.com/WorkerPool': 'services',
  'run.googleapis.com/Revision': 'revisions',
  'run.googleapis.com/Job': 'jobs',
  'run.googleapis.com/Execution': 'executions',
};

const COMPUTE: Readonly<Record<string, 'instance' | 'instance template'>> = {
  'compute.googleapis.com/Instance': 'instance',
  'compute.googleapis.com/InstanceTemplate': 'instance template',
};

const ASSET_TYPES = [...KUBERNETES, ...Object.keys(CLOUD_RUN), ...Object.keys(COMPUTE)];

/** The most that one page of `assets.list` may have. */
const PAGE_SIZE = '1000';

/**
 * Reads what runs anywhere below an organisation, a folder or a project from Cloud Asset Inventory, private
 * clusters included (https://cloud.google.com/asset-inventory/docs/reference/rest/v1/assets/list). It follows
 * the services with some delay, so it answers by best effort.
 */
export function readAssetInventory(options: AssetInventoryOptions): UsageReader {
  const source = `Cloud Asset Inventory of ${options.scope}`;
  return usageFrom(source, () => answer(options, source));
}

async function answer(options: AssetInventoryOptions, source: string): Promise<UsageAnswer> {
  const { rest, scope, clock, ageMaxMs, rollbackDepth, revisions } = options;
  const objects: unknown[] = [];
  const run: Record<keyof CloudRunResources, unknown[]> = {
    services: [],
    revisions: [],
    jobs: [],
    executions: [],
  };
  const machines: Record<'instance' | 'instance template', unknown[]> = {
    instance: [],
    'instance template': [],
  };
  let asOfMs = Number.POSITIVE_INFINITY;
  let problem: string | null = null;
  const failed = await rest.eachPage(
    {
      api: 'cloudAsset',
      path: `/v1/${scope.split('/').map(encodeURIComponent).join('/')}/assets`,
      query: { contentType: 'RESOURCE', assetTypes: ASSET_TYPES, pageSize: PAGE_SIZE },
    },
    (page) => {
      const readAtMs = time(page['readTime']);
      if (readAtMs === null) problem = 'it does not tell when it was read';
      else asOfMs = Math.min(asOfMs, readAtMs);
      for (const asset of records(page['assets'])) problem ??= place(asset);
      return problem === null;
    },
  );
  if (failed !== null) return unanswered(source, failed.reason);
  const stale = problem ?? staleness(clock() - asOfMs, ageMaxMs);
  if (stale !== null) return unanswered(source, stale);
  const uses = [
    ...usesOfKubernetes(objects, { rollbackDepth, where: null, kind: '' }),
    ...usesOfCloudRun(run, revisions),
    ...usesOfCompute(machines.instance, 'instance'),
    ...usesOfCompute(machines['instance template'], 'instance template'),
  ];
  return { kind: 'best effort', source, asOfMs, uses };

  /** Puts an asset where it belongs; why it can't be read, or null. */
  function place(asset: Json): string | null {
    const type = text(asset['assetType']) ?? '';
    const data = at(asset, 'resource', 'data');
    if (typeof data !== 'object' || data === null) {
      return `it does not show the content of ${text(asset['name']) ?? 'an asset'}`;
    }
    const runs = Object.hasOwn(CLOUD_RUN, type) ? CLOUD_RUN[type] : undefined;
    const machine = Object.hasOwn(COMPUTE, type) ? COMPUTE[type] : undefined;
    if (runs !== undefined) run[runs].push(data);
    else if (machine !== undefined) machines[machine].push(data);
    else objects.push({ ...data, kind: type.slice(type.lastIndexOf('/') + 1) });
    return null;
  }
}
