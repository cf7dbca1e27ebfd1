import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { messageOf, WardenError } from '../../core/error.ts';
import { at, record, text } from '../../core/usage/field.ts';
import { usesOfKubernetes } from '../../core/usage/kubernetes.ts';
import type { Use } from '../../core/usage.ts';

/** How a cluster is reached. */
export interface ClusterAccess {
  /** For people: `cluster prod`. */
  readonly name: string;
  /** `https://HOST[:PORT][/PATH]`; plain HTTP is for this machine only, which whoever makes this has checked. */
  readonly server: string;
  /** PEM of the authority that its certificate has to come from; null for those that everybody trusts. */
  readonly ca: string | null;
  /** The name in its certificate where that is not the host's; null where it is. */
  readonly serverName: string | null;
  /** Asked once a scan. @throws WardenError KUBECONFIG_INVALID */
  credential(): Promise<ClusterCredential>;
}

/** What a cluster knows us by; null for each that is not used. */
export interface ClusterCredential {
  readonly token: string | null;
  readonly certificate: string | null;
  readonly key: string | null;
}

/** Bounds of what a cluster may answer. */
export interface ClusterLimits {
  readonly attemptMs: number;
  /** All lists of a scan together. */
  readonly scanMs: number;
  readonly attempts: number;
  readonly pauseMs: number;
  readonly pauseMaxMs: number;
  /** One page. */
  readonly bodyBytes: number;
  /** Pages of one list. */
  readonly pages: number;
  /** Objects asked for at a time. */
  readonly pageSize: number;
}

const LIMITS: ClusterLimits = {
  attemptMs: 30_000,
  scanMs: 300_000,
  attempts: 4,
  pauseMs: 500,
  pauseMaxMs: 30_000,
  bodyBytes: 64 * 1024 * 1024,
  pages: 2000,
  pageSize: 500,
};

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

type List = (typeof LISTS)[number];

/**
 * Reads what runs in a cluster, and what its workloads would start, from the Kubernetes API. A list whose
 * `continue` expired (HTTP 410) is begun again once (https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks).
 * @throws WardenError CLUSTER_UNREADABLE where one list can't be read to its end
 * @throws WardenError PODS_INVALID where an object can't be read
 */
export async function readCluster(
  access: ClusterAccess,
  rollbackDepth: number,
  limits: Partial<ClusterLimits> = {},
): Promise<Use[]> {
  const bounds = { ...LIMITS, ...limits };
  const { token, certificate, key } = await access.credential();
  const agent = new Agent({
    connections: LISTS.length,
    connect: {
      ...(access.ca === null ? {} : { ca: access.ca }),
      ...(access.serverName === null ? {} : { servername: access.serverName }),
      ...(certificate === null || key === null ? {} : { cert: certificate, key }),
    },
  });
  const scan: Scan = {
    access,
    token,
    agent,
    bounds,
    rollbackDepth,
    signal: AbortSignal.timeout(bounds.scanMs),
  };
  try {
    const uses = await Promise.all(
      LISTS.map(
        async (list) =>
          (await listUses(scan, list)) ?? (await listUses(scan, list)) ?? expiredTwice(scan, list),
      ),
    );
    return uses.flat();
  } finally {
    await agent.destroy();
  }
}

interface Scan {
  readonly access: ClusterAccess;
  readonly token: string | null;
  readonly agent: Agent;
  readonly bounds: ClusterLimits;
  readonly rollbackDepth: number;
  readonly signal: AbortSignal;
}

function expiredTwice(scan: Scan, list: List): never {
  return fail(scan, list, 'its pages expired twice while they were read');
}

/** The uses of one list; null where its pages expired on the way. */
async function listUses(scan: Scan, list: List): Promise<Use[] | null> {
  const { bounds, rollbackDepth, access } = scan;
  const reading = { rollbackDepth, where: access.name, kind: list.kind };
  const kept: unknown[] = [];
  const uses: Use[] = [];
  let next: string | null = null;
  for (let page = 0; page < bounds.pages; page += 1) {
    const body: unknown = await readPage(scan, list, next);
    if (body === null) return null;
    const items = record(body)['items'];
    // An empty list is written as null by some versions.
    if (!Array.isArray(items) && items !== null) return fail(scan, list, 'its answer has no items');
    const objects: unknown[] = items ?? [];
    if (list.isWhole) kept.push(...objects);
    else uses.push(...usesOfKubernetes(objects, reading));
    const token = text(at(body, 'metadata', 'continue'));
    if (token === null) return [...uses, ...usesOfKubernetes(kept, reading)];
    if (token === next) return fail(scan, list, 'its pages lead in a circle');
    next = token;
  }
  return fail(scan, list, `it has more than ${bounds.pages} pages`);
}

/** One page; null where its `continue` expired. */
async function readPage(scan: Scan, list: List, next: string | null): Promise<unknown> {
  const { bounds, signal } = scan;
  for (let attempt = 1; ; attempt += 1) {
    const reply = await send(scan, list, next);
    if (reply.kind === 'read') return reply.body;
    if (reply.kind === 'expired') return next === null ? fail(scan, list, 'it answered 410') : null;
    if (reply.kind === 'failed' || attempt >= bounds.attempts || signal.aborted)
      return fail(scan, list, reply.why);
    const pauseMs = Math.max(reply.retryAfterMs, bounds.pauseMs * 2 ** (attempt - 1));
    try {
      await delay(Math.min(pauseMs, bounds.pauseMaxMs), null, { signal });
    } catch {
      return fail(scan, list, `${reply.why}, and the time for it is over`);
    }
  }
}

type PageReply =
  | { readonly kind: 'read'; readonly body: unknown }
  | { readonly kind: 'expired' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'again'; readonly why: string; readonly retryAfterMs: number };

async function send(
  { access, token, agent, bounds, signal }: Scan,
  list: List,
  next: string | null,
): Promise<PageReply> {
  const url = new URL(`${access.server.replace(/\/$/, '')}${list.path}`);
  url.searchParams.set('limit', String(bounds.pageSize));
  if (next !== null) url.searchParams.set('continue', next);
  try {
    const reply = await request(url, {
      dispatcher: agent,
      headers: {
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(bounds.attemptMs)]),
    });
    const content = await textOf(reply.body, bounds.bodyBytes);
    if (content === null) return { kind: 'failed', why: `a page has more than ${bounds.bodyBytes} bytes` };
    if (reply.statusCode === 200) {
      const body = parse(content);
      return body === null ? { kind: 'failed', why: 'its answer is no JSON' } : { kind: 'read', body };
    }
    if (reply.statusCode === 410) return { kind: 'expired' };
    const why = `it answered ${reply.statusCode}${reasonIn(content)}`;
    if (reply.statusCode !== 429 && reply.statusCode < 500) return { kind: 'failed', why };
    const retryAfter = reply.headers['retry-after'];
    const seconds = typeof retryAfter === 'string' && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : 0;
    return { kind: 'again', why, retryAfterMs: seconds * 1000 };
  } catch (problem) {
    return { kind: 'again', why: `no answer (${shown(messageOf(problem))})`, retryAfterMs: 0 };
  }
}

async function textOf(body: AsyncIterable<Buffer>, bytesMax: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > bytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

/** Kubernetes' own words: `pods is forbidden: User "…" cannot list resource "pods" …`. */
function reasonIn(content: string): string {
  const message = text(record(parse(content))['message']);
  return message === null ? '' : `: ${shown(message)}`;
}

const TEXT_MAX = 300;

function shown(words: string): string {
  return words
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\bBearer\s+\S+|\bya29\.[\w.-]+|\beyJ[\w-]+\.[\w.-]+/gi, '[redacted]')
    .slice(0, TEXT_MAX);
}

function fail({ access }: Scan, { path }: Pick<List, 'path'>, why: string): never {
  throw new WardenError('CLUSTER_UNREADABLE', `GET ${path} of ${access.name}: ${why}.`);
}
