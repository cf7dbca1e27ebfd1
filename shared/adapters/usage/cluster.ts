import { usesOfKubernetes } from '../../core/usage/kubernetes.ts';
import type { Use } from '../../core/usage.ts';
import { type ClusterAccess, type ClusterLimits, readList, withCluster } from './cluster-session.ts';

/** All that has pods. Old revisions are weighed against each other, so their lists are kept whole. */
const LISTS = [
  { path: '/api/v1/pods', kind: 'Pod', isWhole: false },
  { path: '/api/v1/replicationcontrollers', kind: 'ReplicationController', isWhole: false },
  { path: '/apis/apps/v1/deployments', kind: 'Deployment', isWhole: false },
  { path: '/apis/apps/v1/replicasets', kind: 'ReplicaSet', isWhole: true },
  { path: '/apis/apps/v1/statefulsets', kind: 'StatefulSet', isWhole: false },
  { path: '/apis/apps/v1/daemonsets', kind: 'DaemonSet', isWhole: false },
  { path: '/apis/apps/v1/controllerrevisions', kind: 'ControllerRevision', isWhole: true },
  { path: '/apis/batch/v1/jobs', kind: 'Job', isWhole: false },
  { path: '/apis/batch/v1/cronjobs', kind: 'CronJob', isWhole: false },
] as const;

/**
 * Reads what runs in a cluster, and what its workloads would start, from the Kubernetes API.
 * @throws WardenError CLUSTER_UNREADABLE where one list can't be read to its end
 * @throws WardenError PODS_INVALID where an object can't be read
 */
export async function readCluster(
  access: ClusterAccess,
  rollbackDepth: number,
  limits: Partial<ClusterLimits> = {},
): Promise<Use[]> {
  const lists = await withCluster(access, limits, (session) =>
    Promise.all(
      LISTS.map(async (list) => {
        const reading = { rollbackDepth, where: access.name, kind: list.kind };
        const { kept, uses } = await readList(
          session,
          list,
          (): { readonly kept: unknown[]; readonly uses: Use[] } => ({ kept: [], uses: [] }),
          (collected, objects) => {
            if (list.isWhole) collected.kept.push(...objects);
            else collected.uses.push(...usesOfKubernetes(objects, reading));
          },
        );
        return [...uses, ...usesOfKubernetes(kept, reading)];
      }),
    ),
  );
  return lists.flat();
}
