import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { messageOf, WardenError } from '../../core/error.ts';
import { isLoopback } from '../../core/reference.ts';
import { openDispatcher } from '../http/dispatcher.ts';
import { Places } from '../http/places.ts';
import { type ProxySettings, proxyIn } from '../http/proxy.ts';
import { type ApiPace, apiPace } from './api-pace.ts';
import type { TokenSource } from './token.ts';

/** The hosts that tokens are sent to, whole and never by suffix. */
const ORIGINS = {
  iam: 'https://iam.googleapis.com',
  storage: 'https://storage.googleapis.com',
  artifactRegistry: 'https://artifactregistry.googleapis.com',
  resourceManager: 'https://cloudresourcemanager.googleapis.com',
  policyAnalyzer: 'https://policyanalyzer.googleapis.com',
  cloudAsset: 'https://cloudasset.googleapis.com',
  cloudRun: 'https://run.googleapis.com',
  compute: 'https://compute.googleapis.com',
  orgPolicy: 'https://orgpolicy.googleapis.com',
  cloudIdentity: 'https://cloudidentity.googleapis.com',
  pubsub: 'https://pubsub.googleapis.com',
  container: 'https://container.googleapis.com',
  monitoring: 'https://monitoring.googleapis.com',
  serviceUsage: 'https://serviceusage.googleapis.com',
  cloudFunctions: 'https://cloudfunctions.googleapis.com',
  cloudScheduler: 'https://cloudscheduler.googleapis.com',
  firestore: 'https://firestore.googleapis.com',
  iamCredentials: 'https://iamcredentials.googleapis.com',
} as const;

/** One of the services that are read. */
export type GoogleApi = keyof typeof ORIGINS;

/** Every service, for whoever points all of them at one stand-in. */
export const GOOGLE_APIS = Object.keys(ORIGINS) as readonly GoogleApi[];

export interface GoogleRestOptions {
  readonly token: TokenSource;
  /** Origins on this machine that stand in for a service. */
  readonly endpoints?: Partial<Readonly<Record<GoogleApi, string>>>;
  readonly limits?: Partial<RestLimits>;
  /** The proxy for HTTPS; that of the environment where left out. */
  readonly proxy?: ProxySettings;
  /** The end of the run that all reads are part of: what is not read by then is not read. */
  readonly runEnd?: AbortSignal;
  /** Told of each reply, whatever it says. */
  readonly onReply?: () => void;
}

/** Bounds of everything that a reply could stretch. */
export interface RestLimits {
  /** Requests under way at the same time. */
  readonly concurrency: number;
  /** One attempt, from its first byte to its last. */
  readonly attemptMs: number;
  /** One read with all its pages, attempts and pauses, but for the time that it waits for its turn. */
  readonly readMs: number;
  readonly attempts: number;
  /** The pause before the second attempt; it doubles with each one. */
  readonly pauseMs: number;
  /** The longest pause that a `Retry-After` may ask for. */
  readonly pauseMaxMs: number;
  /** One reply. A policy of 1,500 members is below 1 MiB. */
  readonly bodyBytes: number;
  readonly pages: number;
}

const LIMITS: RestLimits = {
  concurrency: 20,
  attemptMs: 20_000,
  readMs: 120_000,
  attempts: 4,
  pauseMs: 500,
  pauseMaxMs: 60_000,
  bodyBytes: 16 * 1024 * 1024,
  pages: 1000,
};

/** What a service answered. Only `read` says something about the resource. */
export type RestReply =
  | { readonly kind: 'read'; readonly body: Readonly<Record<string, unknown>> }
  /** The service itself says that the resource does not exist. */
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface RestRead {
  readonly api: GoogleApi;
  /** From `path`: every value in it is escaped. null: a name in it is none, and the read fails. */
  readonly path: string | null;
  /** A list is sent as the name once for each of its values. */
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /**
   * Sent as JSON by POST, for reads that Google made a POST of; null for a POST without a body. Such a read
   * changes nothing and may be sent again.
   */
  readonly body?: unknown;
}

/**
 * Writes a path with its values escaped, so that no name can leave its place in it. null where a value can't
 * be a name: URLs resolve `.` and `..` even when they are escaped.
 */
export function path(fixed: TemplateStringsArray, ...values: readonly string[]): string | null {
  if (values.some((value) => /^\.{0,2}$/.test(value) || !value.isWellFormed())) return null;
  return fixed.reduce((sum, text, index) => sum + encodeURIComponent(values[index - 1] ?? '') + text);
}

/** Reads Google's REST APIs: no redirects, no writes, limits on everything, tokens to known hosts only. */
export class GoogleRest {
  readonly #token: TokenSource;
  readonly #origins: Readonly<Record<GoogleApi, string>>;
  readonly #limits: RestLimits;
  readonly #dispatcher: Dispatcher;
  readonly #runEnd: AbortSignal | null;
  readonly #onReply: () => void;
  readonly #places: Places;
  readonly #gates = new Map<GoogleApi, { readonly places: Places; readonly pace: ApiPace }>();

  /** @throws WardenError GOOGLE_ENDPOINT_REFUSED where an endpoint is not on this machine */
  constructor({ token, endpoints = {}, limits = {}, proxy, runEnd, onReply }: GoogleRestOptions) {
    this.#token = token;
    this.#runEnd = runEnd ?? null;
    this.#onReply = onReply ?? (() => {});
    this.#limits = { ...LIMITS, ...limits };
    this.#origins = { ...ORIGINS, ...loopbackOrigins(endpoints) };
    this.#places = new Places(this.#limits.concurrency);
    this.#dispatcher = openDispatcher({
      requestsPerHost: this.#limits.concurrency,
      proxy: proxy ?? proxyIn(process.env),
    });
  }

  /** Reads one resource. */
  read(read: RestRead): Promise<RestReply> {
    return this.#inPlace(read.api, (turn) => this.#read(read, new Budget(this.#limits.readMs), turn));
  }

  /**
   * Reads a list to its end.
   * @param onPage is given each page's body; false ends the reading
   * @returns null where `onPage` was given all pages or ended it, else why not all could be read
   */
  eachPage(
    read: RestRead,
    onPage: (body: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Exclude<RestReply, { readonly kind: 'read' }> | null> {
    // A list keeps its place from page to page: what hangs on it can begin the sooner.
    return this.#inPlace(read.api, async (turn) => {
      const budget = new Budget(this.#limits.readMs);
      const seen = new Set<string>();
      let query = read.query ?? {};
      for (let pages = 0; pages < this.#limits.pages; pages += 1) {
        const reply = await this.#read({ ...read, query }, budget, turn);
        if (reply.kind !== 'read') return reply;
        if (!onPage(reply.body)) return null;
        const next = reply.body['nextPageToken'] ?? '';
        if (next === '') return null;
        if (typeof next !== 'string') return fail(read, 'the token of the next page is no text');
        if (seen.has(next)) return fail(read, 'its pages lead in a circle');
        seen.add(next);
        query = { ...query, pageToken: next };
      }
      return fail(read, `it has more than ${this.#limits.pages} pages`);
    });
  }

  /**
   * What time a service has, by the `Date` of whatever it answers to a request without a credential; null where
   * it answers none, or nothing.
   */
  async serverTime(api: GoogleApi): Promise<number | null> {
    try {
      const reply = await this.#dispatcher.request({
        origin: this.#origins[api],
        path: '/',
        method: 'HEAD',
        signal: AbortSignal.timeout(this.#limits.attemptMs),
      });
      await reply.body.dump();
      const { date } = reply.headers;
      const atMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
      return Number.isNaN(atMs) ? null : atMs;
    } catch {
      return null;
    }
  }

  /** Ends the connections. */
  close(): Promise<void> {
    return this.#dispatcher.close();
  }

  /**
   * Does the work of one read, in one of the places of its service. A place among those of all services it takes
   * only when its turn has come, and gives it back where it has to wait: others need it.
   */
  async #inPlace<T>(api: GoogleApi, work: (turn: () => Promise<void>) => Promise<T>): Promise<T> {
    const { places, pace } = this.#gateOf(api);
    let isHeld = false;
    const give = (): void => {
      if (isHeld) this.#places.give();
      isHeld = false;
    };
    await places.take();
    try {
      return await work(async () => {
        await pace.turn(this.#runEnd, give);
        if (!isHeld) await this.#places.take();
        isHeld = true;
      });
    } finally {
      give();
      places.give();
    }
  }

  #gateOf(api: GoogleApi): { readonly places: Places; readonly pace: ApiPace } {
    let gate = this.#gates.get(api);
    if (gate === undefined) {
      const pace = apiPace(api, this.#origins[api] === ORIGINS[api]);
      gate = { places: new Places(this.#limits.concurrency), pace };
      this.#gates.set(api, gate);
    }
    return gate;
  }

  async #read(read: RestRead, budget: Budget, turn: () => Promise<void>): Promise<RestReply> {
    const { pace } = this.#gateOf(read.api);
    let why: string | null = null;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await turn();
      } catch {
        return fail(read, why === null ? OVER : `${why}, and ${OVER}`);
      }
      const leftMs = budget.leftMs;
      if (leftMs <= 0 || this.#runEnd?.aborted === true) return fail(read, why ?? OVER);
      const outcome = await budget.spend(() => this.#attempt(read, Math.min(leftMs, this.#limits.attemptMs)));
      if (outcome.kind !== 'again') return outcome;
      why = outcome.why;
      if (attempt >= this.#limits.attempts || budget.leftMs <= 0) return fail(read, why);
      const pauseMs = Math.max(outcome.retryAfterMs, this.#limits.pauseMs * 2 ** (attempt - 1) * jitter());
      const delayMs = Math.min(pauseMs, this.#limits.pauseMaxMs);
      // A quota is everybody's: all reads of this service wait, and not only the one that was told.
      if (outcome.isQuota) pace.pause(delayMs);
      else if (!(await budget.spend(() => this.#pause(Math.min(delayMs, budget.leftMs))))) {
        return fail(read, `${why}, and ${OVER}`);
      }
    }
  }

  /** false where the run ends first. */
  async #pause(delayMs: number): Promise<boolean> {
    try {
      await delay(delayMs, null, this.#runEnd === null ? {} : { signal: this.#runEnd });
      return true;
    } catch {
      return false;
    }
  }

  /** A signal that comes after a time, or with the end of the run. One timer: `AbortSignal.any` costs more than a request. */
  #timed(delayMs: number): { readonly signal: AbortSignal; stop(): void } {
    const abort = new AbortController();
    const end = this.#runEnd;
    const onEnd = (): void => abort.abort(end?.reason);
    const timer = setTimeout(() => abort.abort(new Error(OVER)), delayMs);
    if (end?.aborted === true) onEnd();
    else end?.addEventListener('abort', onEnd, { once: true });
    return {
      signal: abort.signal,
      stop: () => {
        clearTimeout(timer);
        end?.removeEventListener('abort', onEnd);
      },
    };
  }

  async #attempt(read: RestRead, mostMs: number): Promise<RestReply | Again> {
    if (read.path === null) return fail(read, 'a name in it is no name of a resource');
    const { signal, stop } = this.#timed(mostMs);
    try {
      let token: string;
      try {
        token = await beforeAbort(this.#token(), signal);
      } catch (thrown) {
        // Ours are made to be shown; what other libraries throw here can hold a reply of a token server.
        return fail(read, thrown instanceof WardenError ? thrown.message : 'there is no access token');
      }
      return await this.#exchange(read, read.path, token, signal);
    } finally {
      stop();
    }
  }

  async #exchange(
    read: RestRead,
    path: string,
    token: string,
    signal: AbortSignal,
  ): Promise<RestReply | Again> {
    const hasBody = read.body !== undefined && read.body !== null;
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
    if (hasBody) headers['content-type'] = 'application/json';
    try {
      const reply = await this.#dispatcher.request({
        origin: this.#origins[read.api],
        path: `${path}${queryText(read.query)}`,
        method: read.body === undefined ? 'GET' : 'POST',
        headers,
        body: hasBody ? JSON.stringify(read.body) : null,
        signal,
      });
      const text = await this.#textOf(reply);
      this.#onReply();
      if (text === null) return fail(read, `its reply has more than ${this.#limits.bodyBytes} bytes`);
      return judge(read, reply, parseObject(text));
    } catch (thrown) {
      return {
        kind: 'again',
        why: `no answer (${shown(messageOf(thrown))})`,
        retryAfterMs: 0,
        isQuota: false,
      };
    }
  }

  /** The body as text, or null where it is larger than allowed. */
  async #textOf({ body }: Dispatcher.ResponseData): Promise<string | null> {
    const chunks: Buffer[] = [];
    let length = 0;
    // Leaving the loop early ends the reply, so one without end costs no more than the limit.
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.byteLength;
      if (length > this.#limits.bodyBytes) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

interface Again {
  readonly kind: 'again';
  readonly why: string;
  readonly retryAfterMs: number;
  /** Whether it is about all requests to the service, and not about this one. */
  readonly isQuota: boolean;
}

const OVER = 'the time for it is over';

/** The time that one read may take. What it waits for others does not count: there may be thousands before it. */
class Budget {
  #leftMs: number;

  constructor(allMs: number) {
    this.#leftMs = allMs;
  }

  get leftMs(): number {
    return this.#leftMs;
  }

  async spend<T>(work: () => Promise<T>): Promise<T> {
    const begunMs = performance.now();
    try {
      return await work();
    } finally {
      this.#leftMs -= performance.now() - begunMs;
    }
  }
}

function queryText(query: RestRead['query']): string {
  if (query === undefined) return '';
  const params = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    for (const value of typeof values === 'string' ? [values] : values) params.append(name, value);
  }
  return params.size === 0 ? '' : `?${params.toString()}`;
}

function loopbackOrigins(
  endpoints: Partial<Readonly<Record<GoogleApi, string>>>,
): Partial<Record<GoogleApi, string>> {
  const origins: Partial<Record<GoogleApi, string>> = {};
  for (const api of GOOGLE_APIS) {
    const endpoint = endpoints[api];
    if (endpoint === undefined) continue;
    const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
    if (url === null || !/^https?:$/.test(url.protocol) || !isLoopback(url.host) || url.username !== '') {
      throw new WardenError(
        'GOOGLE_ENDPOINT_REFUSED',
        `The endpoint for ${api} is not on this machine. Tokens are sent to ${ORIGINS[api]} or to loopback only; leave it out to use Google's own.`,
      );
    }
    origins[api] = url.origin;
  }
  return origins;
}

function judge(
  read: RestRead,
  { statusCode, headers }: Dispatcher.ResponseData,
  body: Readonly<Record<string, unknown>> | null,
): RestReply | Again {
  if (statusCode === 200) {
    if (body === null) return fail(read, 'its reply is no JSON object');
    return 'error' in body ? fail(read, `it answered an error: ${errorText(body)}`) : { kind: 'read', body };
  }
  const why = `it answered ${statusCode}${body === null ? '' : `: ${errorText(body)}`}`;
  if (statusCode === 429 || statusCode >= 500) {
    const asked = retryAfterMs(headers['retry-after']);
    return { kind: 'again', why, retryAfterMs: asked, isQuota: statusCode === 429 || asked > 0 };
  }
  // Only Google's own envelope is proof: a proxy's 404 says nothing about the resource.
  const isGoogles404 = statusCode === 404 && body !== null && errorOf(body)['code'] === 404;
  return isGoogles404 ? { kind: 'absent', reason: reasonOf(read, why) } : fail(read, why);
}

function fail(read: RestRead, why: string): { readonly kind: 'failed'; readonly reason: string } {
  return { kind: 'failed', reason: reasonOf(read, why) };
}

/** Names the request and what came of it. The path holds names of resources, and never a secret. */
function reasonOf({ api, path, body }: RestRead, why: string): string {
  return `${body === undefined ? 'GET' : 'POST'} ${new URL(ORIGINS[api]).host}${path === null ? '' : shown(decodeURI(path))}: ${why}`;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function errorOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const error = body['error'];
  return typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
}

/** Google's words for what went wrong: they name permissions and resources. */
function errorText(body: Readonly<Record<string, unknown>>): string {
  const { status, message } = errorOf(body);
  return shown([status, message].filter((part) => typeof part === 'string').join(' ')) || 'without a message';
}

const TEXT_MAX = 300;

/** A text from outside for a message: short, on one line, without anything that looks like a token. */
function shown(text: string): string {
  const safe = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\bya29\.[\w.-]+|\bBearer\s+\S+|\beyJ[\w-]+\.[\w.-]+/gi, '[redacted]');
  return safe.length > TEXT_MAX ? `${safe.slice(0, TEXT_MAX)}…` : safe;
}

/** Seconds or a date (RFC 9110, section 10.2.3); 0 where the header says nothing that can be read. */
function retryAfterMs(header: string | string[] | undefined): number {
  if (typeof header !== 'string') return 0;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - Date.now());
}

async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Half to full: clients that failed together don't come back together. */
function jitter(): number {
  return 0.5 + Math.random() / 2;
}
