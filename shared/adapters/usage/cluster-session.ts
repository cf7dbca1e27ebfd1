import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { messageOf, WardenError } from '../../core/error.ts';
import { at, record, text } from '../../core/usage/field.ts';

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

/** Lists of one cluster that are read at the same time. */
const CONNECTIONS = 9;

/** A cluster that is being read. */
export interface ClusterSession {
  readonly access: ClusterAccess;
  readonly token: string | null;
  readonly agent: Agent;
  readonly bounds: ClusterLimits;
  readonly signal: AbortSignal;
}

/** One list of the Kubernetes API. */
export interface ClusterList {
  /** `/api/v1/pods`, `/api/v1/namespaces/prod/secrets` */
  readonly path: string;
  /** Only what fits: `type=kubernetes.io/dockerconfigjson`. */
  readonly fieldSelector?: string;
}

/** The cluster does not let us read a list: HTTP 403. */
export class ClusterRefusal extends WardenError<'CLUSTER_UNREADABLE'> {}

/**
 * Reads from a cluster for as long as `work` takes, with one credential.
 * @throws WardenError KUBECONFIG_INVALID where it has no credential, and what `work` throws
 */
export async function withCluster<T>(
  access: ClusterAccess,
  limits: Partial<ClusterLimits>,
  work: (session: ClusterSession) => Promise<T>,
): Promise<T> {
  const bounds = { ...LIMITS, ...limits };
  const { token, certificate, key } = await access.credential();
  const agent = new Agent({
    connections: CONNECTIONS,
    connect: {
      ...(access.ca === null ? {} : { ca: access.ca }),
      ...(access.serverName === null ? {} : { servername: access.serverName }),
      ...(certificate === null || key === null ? {} : { cert: certificate, key }),
    },
  });
  try {
    return await work({ access, token, agent, bounds, signal: AbortSignal.timeout(bounds.scanMs) });
  } finally {
    await agent.destroy();
  }
}

/**
 * Reads a list to its end, page by page. One whose `continue` expired (HTTP 410) is begun again once, with what
 * `begin` makes (https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks).
 * @param begin makes what the pages are collected in
 * @throws WardenError CLUSTER_UNREADABLE where the list can't be read to its end, a ClusterRefusal where we may not
 */
export async function readList<T>(
  session: ClusterSession,
  list: ClusterList,
  begin: () => T,
  onPage: (collected: T, objects: readonly unknown[]) => void,
): Promise<T> {
  return (
    (await readOnce(session, list, begin(), onPage)) ??
    (await readOnce(session, list, begin(), onPage)) ??
    fail(session, list, 'its pages expired twice while they were read')
  );
}

/** What was collected; null where the pages expired on the way. */
async function readOnce<T>(
  session: ClusterSession,
  list: ClusterList,
  collected: T,
  onPage: (collected: T, objects: readonly unknown[]) => void,
): Promise<T | null> {
  const { bounds } = session;
  let next: string | null = null;
  for (let page = 0; page < bounds.pages; page += 1) {
    const body: unknown = await readPage(session, list, next);
    if (body === null) return null;
    const items = record(body)['items'];
    // An empty list is written as null by some versions.
    if (!Array.isArray(items) && items !== null) return fail(session, list, 'its answer has no items');
    onPage(collected, items ?? []);
    const token = text(at(body, 'metadata', 'continue'));
    if (token === null) return collected;
    if (token === next) return fail(session, list, 'its pages lead in a circle');
    next = token;
  }
  return fail(session, list, `it has more than ${bounds.pages} pages`);
}

/** One page; null where its `continue` expired. */
async function readPage(session: ClusterSession, list: ClusterList, next: string | null): Promise<unknown> {
  const { bounds, signal } = session;
  for (let attempt = 1; ; attempt += 1) {
    const reply = await send(session, list, next);
    if (reply.kind === 'read') return reply.body;
    if (reply.kind === 'expired') return next === null ? fail(session, list, 'it answered 410') : null;
    if (reply.kind === 'refused')
      throw new ClusterRefusal('CLUSTER_UNREADABLE', messageFor(session, list, reply.why));
    if (reply.kind === 'failed' || attempt >= bounds.attempts || signal.aborted)
      return fail(session, list, reply.why);
    const pauseMs = Math.max(reply.retryAfterMs, bounds.pauseMs * 2 ** (attempt - 1));
    try {
      await delay(Math.min(pauseMs, bounds.pauseMaxMs), null, { signal });
    } catch {
      return fail(session, list, `${reply.why}, and the time for it is over`);
    }
  }
}

type PageReply =
  | { readonly kind: 'read'; readonly body: unknown }
  | { readonly kind: 'expired' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'again'; readonly why: string; readonly retryAfterMs: number };

async function send(
  { access, token, agent, bounds, signal }: ClusterSession,
  list: ClusterList,
  next: string | null,
): Promise<PageReply> {
  const url = new URL(`${access.server.replace(/\/$/, '')}${list.path}`);
  url.searchParams.set('limit', String(bounds.pageSize));
  if (list.fieldSelector !== undefined) url.searchParams.set('fieldSelector', list.fieldSelector);
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
    if (reply.statusCode === 403) return { kind: 'refused', why };
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

function fail({ access }: ClusterSession, { path }: ClusterList, why: string): never {
  throw new WardenError('CLUSTER_UNREADABLE', messageFor({ access }, { path }, why));
}

function messageFor({ access }: Pick<ClusterSession, 'access'>, { path }: ClusterList, why: string): string {
  return `GET ${path} of ${access.name}: ${why}.`;
}
