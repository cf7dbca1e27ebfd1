import * as z from 'zod';
import type { Cluster } from '../../core/audit/cluster.ts';
import type { GoogleAccess } from '../../ports.ts';
import { type FactReads, mapFact } from './fact-reads.ts';
import { path } from './rest.ts';

const CLUSTERS = z.object({
  clusters: z
    .array(
      z.object({
        name: z.string().min(1),
        location: z.string().min(1),
        autopilot: z.object({ enabled: z.boolean().default(false) }).optional(),
        workloadIdentityConfig: z.object({ workloadPool: z.string().optional() }).optional(),
        nodePools: z
          .array(
            z.object({
              name: z.string().default(''),
              config: z
                .object({
                  serviceAccount: z.string().optional(),
                  workloadMetadataConfig: z.object({ mode: z.string().optional() }).optional(),
                })
                .optional(),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});

/** Clusters in all locations: https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters/list */
export function containerReads({ one }: FactReads): Pick<GoogleAccess, 'clusters'> {
  return {
    async clusters(project) {
      const reply = await one(CLUSTERS, {
        api: 'container',
        path: path`/v1/projects/${project}/locations/-/clusters`,
      });
      return mapFact(reply, ({ clusters }) => clusters.map(clusterOf));
    },
  };
}

function clusterOf({
  name,
  location,
  autopilot,
  workloadIdentityConfig,
  nodePools,
}: z.infer<typeof CLUSTERS>['clusters'][number]): Cluster {
  return {
    name,
    location,
    workloadPool: workloadIdentityConfig?.workloadPool || null,
    autopilot: autopilot?.enabled ?? false,
    nodePools: nodePools.map((pool) => ({
      name: pool.name,
      metadataMode: pool.config?.workloadMetadataConfig?.mode ?? null,
      account: pool.config?.serviceAccount ?? null,
    })),
  };
}
