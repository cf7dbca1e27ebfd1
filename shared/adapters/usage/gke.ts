import { isIP } from 'node:net';
import { messageOf } from '../../core/error.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import { at, type Json, records, text } from '../../core/usage/field.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import { type GoogleRest, path } from '../google/rest.ts';
import type { TokenSource } from '../google/token.ts';
import { readCluster } from './cluster.ts';
import type { ClusterAccess, ClusterLimits } from './cluster-session.ts';
import { unanswered, usageFrom } from './source.ts';

export interface GkeOptions {
  readonly rest: GoogleRest;
  readonly token: TokenSource;
  readonly project: string;
  readonly clock: Clock;
  readonly rollbackDepth: number;
  readonly limits?: Partial<ClusterLimits>;
  /** Stand-ins for control planes on this machine, which are spoken to without TLS. */
  readonly allowsLoopback?: boolean;
}

/** Clusters that are scanned at the same time. */
const CONCURRENCY = 4;

/** Addresses that GKE gives control planes by name. */
const DNS_ENDPOINT = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.gke\.goog$/;

/**
 * Finds a project's GKE clusters and reads each from its control plane, one answer a cluster
 * (https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters/list). The
 * token goes to the addresses that Google's own API names, over TLS that has to come from the authority that
 * it names beside them.
 */
export function readGke(options: GkeOptions): UsageReader {
  const source = `GKE clusters of ${options.project}`;
  return usageFrom(source, () => answers(options, source));
}

async function answers(options: GkeOptions, source: string): Promise<readonly UsageAnswer[]> {
  const { clock } = options;
  const clusters = await gkeClusters(options);
  if (clusters.kind === 'unknown') return [unanswered(source, clusters.reason)];
  // A project without clusters runs nothing in them, and that is an answer.
  const found: UsageAnswer[] = [{ kind: 'complete', source, asOfMs: clock(), uses: [] }];
  for (let first = 0; first < clusters.value.length; first += CONCURRENCY) {
    const batch = clusters.value.slice(first, first + CONCURRENCY);
    found.push(...(await Promise.all(batch.map((cluster) => answerOf(options, cluster)))));
  }
  return found;
}

/** A cluster that Kubernetes Engine lists. */
export interface GkeCluster {
  /** `GKE cluster acme/europe-west1/prod` */
  readonly name: string;
  /** The context that `gcloud container clusters get-credentials` makes for it. */
  readonly context: string;
  /** Unknown where it can't be reached, with the reason. */
  readonly access: Fact<ClusterAccess>;
}

/** What is needed to find a project's clusters. */
export type GkeFinding = Pick<GkeOptions, 'rest' | 'token' | 'project' | 'allowsLoopback'>;

/** Finds a project's clusters; unknown where they could not all be listed. */
export async function gkeClusters(options: GkeFinding): Promise<Fact<readonly GkeCluster[]>> {
  const { rest, project } = options;
  const reply = await rest.read({
    api: 'container',
    path: path`/v1/projects/${project}/locations/-/clusters`,
  });
  if (reply.kind !== 'read') return unknown(reply.reason);
  const { missingZones } = reply.body;
  if (Array.isArray(missingZones) && missingZones.length > 0) {
    return unknown(`the clusters of ${String(missingZones[0])} could not be listed`);
  }
  return known(
    records(reply.body['clusters']).map((cluster): GkeCluster => {
      const location = text(cluster['location']) ?? '?';
      const id = text(cluster['name']) ?? '?';
      const name = `GKE cluster ${project}/${location}/${id}`;
      const access = accessOf(options, cluster, name);
      return {
        name,
        context: `gke_${project}_${location}_${id}`,
        access: typeof access === 'string' ? unknown(access) : known(access),
      };
    }),
  );
}

async function answerOf(options: GkeOptions, { name, access }: GkeCluster): Promise<UsageAnswer> {
  const asOfMs = options.clock();
  if (access.kind === 'unknown') return unanswered(name, access.reason);
  try {
    const uses = await readCluster(access.value, options.rollbackDepth, options.limits);
    return { kind: 'complete', source: name, asOfMs, uses };
  } catch (problem) {
    return unanswered(name, messageOf(problem));
  }
}

/** How a cluster is reached, or why it can't be. */
function accessOf(
  { token, allowsLoopback }: GkeFinding,
  cluster: Json,
  name: string,
): ClusterAccess | string {
  const credential = async () => ({ token: await token(), certificate: null, key: null });
  const dns = at(cluster, 'controlPlaneEndpointsConfig', 'dnsEndpointConfig');
  const host = text(at(dns, 'endpoint'));
  if (at(dns, 'allowExternalTraffic') === true && host !== null && DNS_ENDPOINT.test(host)) {
    return { name, server: `https://${host}`, ca: null, serverName: null, credential };
  }
  const endpoint = text(cluster['endpoint']);
  if (endpoint === null) return `it has no endpoint (${text(cluster['status']) ?? 'its status is not told'})`;
  if (allowsLoopback === true && /^127\.0\.0\.1:\d+$/.test(endpoint)) {
    return { name, server: `http://${endpoint}`, ca: null, serverName: null, credential };
  }
  const authority = text(at(cluster, 'masterAuth', 'clusterCaCertificate'));
  if (isIP(endpoint) === 0 || authority === null) return 'its endpoint is no address with a certificate';
  const server = isIP(endpoint) === 6 ? `https://[${endpoint}]` : `https://${endpoint}`;
  return {
    name,
    server,
    ca: Buffer.from(authority, 'base64').toString('utf8'),
    serverName: null,
    credential,
  };
}
