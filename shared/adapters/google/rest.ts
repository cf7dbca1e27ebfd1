import { setTimeout as delay } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { messageOf, WardenError } from '../../core/error.ts';
import { isLoopback } from '../../core/reference.ts';
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
  /** The end of the run that all reads are part of: what is not read by then is not read. */
  readonly runEnd?: AbortSignal;
}

/** Bounds of everything that a reply could stretch. */
export interface RestLimits {
  /** Requests under way at the same time. */
  readonly concurrency: number;
  /** One attempt, from its first byte to its last. */
  readonly attemptMs: number;
  /** One read with all its pages, attempts and pauses. */
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
  readonly #agent: Dispatcher;
  readonly #runEnd: AbortSignal | null;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws WardenError GOOGLE_ENDPOINT_REFUSED where an endpoint is not on this machine */
  constructor({ token, endpoints = {}, limits = {}, runEnd }: GoogleRestOptions) {
    this.#token = token;
    this.#runEnd = runEnd ?? null;
    this.#limits = { ...LIMITS, ...limits };
    this.#origins = { ...ORIGINS, ...loopbackOrigins(endpoints) };
    this.#agent = new Agent({ connections: this.#limits.concurrency });
  }

  /** Reads one resource. */
  read(read: RestRead): Promise<RestReply> {
    return this.#withinDeadline((signal) => this.#read(read, signal));
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
    return this.#withinDeadline(async (signal) => {
      const seen = new Set<string>();
      let query = read.query ?? {};
      for (let pages = 0; pages < this.#limits.pages; pages += 1) {
        const reply = await this.#read({ ...read, query }, signal);
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
      const reply = await request(`${this.#origins[api]}/`, {
        dispatcher: this.#agent,
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
    return this.#agent.close();
  }

  async #withinDeadline<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      const deadline = AbortSignal.timeout(this.#limits.readMs);
      return await work(this.#runEnd === null ? deadline : AbortSignal.any([deadline, this.#runEnd]));
    } finally {
      this.#underWay -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #enter(): Promise<void> {
    while (this.#underWay >= this.#limits.concurrency) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#underWay += 1;
  }

  async #read(read: RestRead, signal: AbortSignal): Promise<RestReply> {
    for (let attempt = 1; ; attempt += 1) {
      if (signal.aborted) return fail(read, 'the time for it is over');
      const outcome = await this.#attempt(read, signal);
      if (outcome.kind !== 'again') return outcome;
      if (attempt >= this.#limits.attempts || signal.aborted) return fail(read, outcome.why);
      const pauseMs = Math.max(outcome.retryAfterMs, this.#limits.pauseMs * 2 ** (attempt - 1) * jitter());
      try {
        await delay(Math.min(pauseMs, this.#limits.pauseMaxMs), null, { signal });
      } catch {
        return fail(read, `${outcome.why}, and the time for it is over`);
      }
    }
  }

  async #attempt(read: RestRead, signal: AbortSignal): Promise<RestReply | Again> {
    if (read.path === null) return fail(read, 'a name in it is no name of a resource');
    let token: string;
    try {
      token = await beforeAbort(this.#token(), signal);
    } catch (thrown) {
      // Ours are made to be shown; what other libraries throw here can hold a reply of a token server.
      return fail(read, thrown instanceof WardenError ? thrown.message : 'there is no access token');
    }
    const hasBody = read.body !== undefined && read.body !== null;
    try {
      const reply = await request(this.#urlOf(read, read.path), {
        dispatcher: this.#agent,
        method: read.body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(hasBody ? { 'content-type': 'application/json' } : {}),
        },
        body: hasBody ? JSON.stringify(read.body) : null,
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#limits.attemptMs)]),
      });
      const text = await this.#textOf(reply);
      if (text === null) return fail(read, `its reply has more than ${this.#limits.bodyBytes} bytes`);
      return judge(read, reply, parseObject(text));
    } catch (thrown) {
      return { kind: 'again', why: `no answer (${shown(messageOf(thrown))})`, retryAfterMs: 0 };
    }
  }

  #urlOf({ api, query = {} }: RestRead, path: string): URL {
    const url = new URL(`${this.#origins[api]}${path}`);
    for (const [name, values] of Object.entries(query)) {
      for (const value of typeof values === 'string' ? [values] : values)
        url.searchParams.append(name, value);
    }
    return url;
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
    return { kind: 'again', why, retryAfterMs: retryAfterMs(headers['retry-after']) };
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

function retryAfterMs(header: string | string[] | undefined): number {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : 0;
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
