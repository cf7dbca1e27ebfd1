import { type ParsedPullSecret, parsePullSecret } from '../../core/audit/parse-pull-secret.ts';
import { PULL_SECRET_TYPES, type PullSecret, type PullSecretReading } from '../../core/audit/pull-secret.ts';
import {
  joinPullSecrets,
  type PullSecretUser,
  type PullSecretUserKind,
  pullSecretUser,
} from '../../core/audit/pull-secret-user.ts';
import { messageOf } from '../../core/error.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import { at, text } from '../../core/usage/field.ts';
import type { UsagePlace } from '../../core/usage/place.ts';
import type { GoogleRest } from '../google/rest.ts';
import type { TokenSource } from '../google/token.ts';
import {
  type ClusterAccess,
  type ClusterLimits,
  ClusterRefusal,
  type ClusterSession,
  readList,
  withCluster,
} from './cluster-session.ts';
import { gkeClusters } from './gke.ts';
import { kubeconfigAccess } from './kubeconfig.ts';

/** Where pull secrets are: a context of a kubeconfig, or all GKE clusters of a project. */
export type PullSecretPlace = Extract<UsagePlace, { readonly kind: 'kubeconfig' | 'gke' }>;

export interface PullSecretOptions {
  readonly rest: GoogleRest;
  readonly token: TokenSource;
  /** Stand-ins for control planes on this machine, which are spoken to without TLS. */
  readonly allowsLoopback?: boolean;
  readonly limits?: Partial<ClusterLimits>;
}

/** Secrets have up to 1 MiB each, and a page has to fit into the limit of a reply. */
const SECRETS_PAGE_SIZE = 50;
/** More namespaces than this are not read one by one. */
const NAMESPACES_MAX = 2000;
/** Namespaces that are read at the same time. */
const CONCURRENCY = 8;

/** Where everything that names pull secrets is listed, in the whole cluster. */
const USERS: Readonly<Record<PullSecretUserKind, { readonly api: string; readonly resource: string }>> = {
  Pod: { api: '/api/v1', resource: 'pods' },
  ServiceAccount: { api: '/api/v1', resource: 'serviceaccounts' },
  Deployment: { api: '/apis/apps/v1', resource: 'deployments' },
  StatefulSet: { api: '/apis/apps/v1', resource: 'statefulsets' },
  DaemonSet: { api: '/apis/apps/v1', resource: 'daemonsets' },
  CronJob: { api: '/apis/batch/v1', resource: 'cronjobs' },
};

/** What one cluster, or a place with several, has. */
interface Found {
  readonly secrets: PullSecret[];
  readonly unseen: { readonly what: string; readonly reason: string }[];
}

/**
 * Reads the pull secrets of clusters, with the rights of whoever runs this, and who names them. Only the two types
 * of secrets that hold credentials of registries are asked for. Each page is taken apart as soon as it is there, and
 * no part of a credential outlives that. Where the whole cluster may not be listed, its namespaces are read one by
 * one; what can't be read is told.
 */
export async function readPullSecrets(
  places: readonly PullSecretPlace[],
  options: PullSecretOptions,
): Promise<PullSecretReading> {
  const secrets: PullSecret[] = [];
  const unseen: { what: string; reason: string }[] = [];
  const seen = new Set<string>();
  for (const place of places) {
    for (const { name, context, access } of await clustersOf(place, options)) {
      if (seen.has(context)) continue;
      seen.add(context);
      const found = await readCluster(context, name, access, options.limits ?? {});
      secrets.push(...found.secrets);
      unseen.push(...found.unseen);
    }
  }
  return {
    secrets: secrets.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
    unseen: unseen.sort((a, b) => (a.what < b.what ? -1 : 1)),
  };
}

function nameOf({ cluster, namespace, name }: PullSecret): string {
  return `${cluster}/${namespace}/${name}`;
}

interface NamedCluster {
  readonly name: string;
  readonly context: string;
  readonly access: Fact<ClusterAccess>;
}

async function clustersOf(
  place: PullSecretPlace,
  { rest, token, allowsLoopback = false }: PullSecretOptions,
): Promise<readonly NamedCluster[]> {
  const written =
    place.kind === 'gke' ? `the GKE clusters of ${place.project}` : `the cluster of ${place.path}`;
  try {
    if (place.kind === 'kubeconfig') {
      const { access, context } = await kubeconfigAccess(place.path, place.context);
      return [{ name: access.name, context, access: known(access) }];
    }
    const clusters = await gkeClusters({ rest, token, project: place.project, allowsLoopback });
    if (clusters.kind === 'known') return clusters.value;
    return [{ name: written, context: written, access: clusters }];
  } catch (problem) {
    return [{ name: written, context: written, access: unknown(messageOf(problem)) }];
  }
}

async function readCluster(
  context: string,
  name: string,
  access: Fact<ClusterAccess>,
  limits: Partial<ClusterLimits>,
): Promise<Found> {
  if (access.kind === 'unknown') return { secrets: [], unseen: [{ what: name, reason: access.reason }] };
  try {
    return await withCluster(access.value, limits, async (session) => {
      const parsed = await readSecrets(session, name);
      const users = await readUsers(session);
      return { secrets: [...joinPullSecrets(context, parsed.secrets, users)], unseen: parsed.unseen };
    });
  } catch (problem) {
    return { secrets: [], unseen: [{ what: name, reason: messageOf(problem) }] };
  }
}

/** The secrets of the whole cluster, or of each namespace where that is refused. */
async function readSecrets(
  session: ClusterSession,
  name: string,
): Promise<{ readonly secrets: ParsedPullSecret[]; readonly unseen: Found['unseen'] }> {
  try {
    return { secrets: await secretsAt(session, '/api/v1/secrets'), unseen: [] };
  } catch (problem) {
    if (!(problem instanceof ClusterRefusal)) throw problem;
  }
  const namespaces = await readList(
    session,
    { path: '/api/v1/namespaces' },
    (): string[] => [],
    (names, objects) => {
      names.push(...objects.flatMap((object) => text(at(object, 'metadata', 'name')) ?? []));
    },
  );
  const secrets: ParsedPullSecret[] = [];
  const unseen: { what: string; reason: string }[] = [];
  if (namespaces.length > NAMESPACES_MAX) {
    unseen.push({
      what: `${name}, ${namespaces.length - NAMESPACES_MAX} namespaces`,
      reason: `more than ${NAMESPACES_MAX} are not read one by one`,
    });
  }
  const wanted = namespaces.slice(0, NAMESPACES_MAX);
  for (let first = 0; first < wanted.length; first += CONCURRENCY) {
    await Promise.all(
      wanted.slice(first, first + CONCURRENCY).map(async (namespace) => {
        try {
          secrets.push(
            ...(await secretsAt(session, `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`)),
          );
        } catch (problem) {
          unseen.push({ what: `${name}, namespace ${namespace}`, reason: messageOf(problem) });
        }
      }),
    );
  }
  return { secrets, unseen };
}

/** The pull secrets of one list: the API can pick a type, though RBAC can't. */
async function secretsAt(session: ClusterSession, path: string): Promise<ParsedPullSecret[]> {
  const small = {
    ...session,
    bounds: { ...session.bounds, pageSize: Math.min(SECRETS_PAGE_SIZE, session.bounds.pageSize) },
  };
  const lists = await Promise.all(
    PULL_SECRET_TYPES.map((type) =>
      readList(
        small,
        { path, fieldSelector: `type=${type}` },
        (): ParsedPullSecret[] => [],
        (secrets, objects) => {
          secrets.push(...objects.flatMap((object) => parsePullSecret(object) ?? []));
        },
      ),
    ),
  );
  return lists.flat();
}

async function readUsers(session: ClusterSession) {
  const read = async (kind: PullSecretUserKind): Promise<Fact<readonly PullSecretUser[]>> => {
    const { api, resource } = USERS[kind];
    try {
      return known(
        await readList(
          session,
          { path: `${api}/${resource}` },
          (): PullSecretUser[] => [],
          (users, objects) => {
            users.push(...objects.map((object) => pullSecretUser(object, kind)));
          },
        ),
      );
    } catch (problem) {
      return unknown(messageOf(problem));
    }
  };
  const [Pod, ServiceAccount, Deployment, StatefulSet, DaemonSet, CronJob] = await Promise.all([
    read('Pod'),
    read('ServiceAccount'),
    read('Deployment'),
    read('StatefulSet'),
    read('DaemonSet'),
    read('CronJob'),
  ]);
  return { Pod, ServiceAccount, Deployment, StatefulSet, DaemonSet, CronJob };
}
