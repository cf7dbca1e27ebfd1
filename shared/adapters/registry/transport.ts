import { Agent, request as send } from 'undici';
import { WardenError } from '../../core/error.ts';
import { isLoopback } from '../../core/reference.ts';
import type { Clock, Logger } from '../../ports.ts';
import { RETRYABLE_STATUSES, RegistryError, type RequestLine, redactedUrl } from './registry-error.ts';

export type ReplyHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly url: URL;
  /** Lower-case names. `authorization` never leaves the origin of `url`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A reply with a longer body is refused. */
  readonly bodyLimitBytes: number;
  /** Whether a redirect may be followed; only for reads whose content is verified by its digest. */
  readonly redirects: 'follow' | 'refuse';
  /** How often it may be sent; 1 where sending it twice could do harm. Default: the transport's. */
  readonly attemptsMax?: number;
  /**
   * Not sent, and not sent again, at or after this time: for a request that is only right as long as what was
   * read before it is fresh. Waiting for a free connection or before a retry counts.
   */
  readonly startBeforeMs?: number;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly body: Buffer;
}

/** HTTP with limits on everything. */
export interface Transport {
  /**
   * Sends a request, again where that is allowed and promising, and returns the last reply whatever its status.
   * @throws RegistryError REGISTRY_UNAVAILABLE, REGISTRY_DEADLINE, REGISTRY_TOO_LATE, REGISTRY_BODY_TOO_LARGE,
   *   REGISTRY_BODY_INVALID, REGISTRY_REDIRECT_REFUSED
   */
  send(request: HttpRequest): Promise<HttpReply>;
  /** Closes idle connections and waits for requests under way; a second call does nothing more. */
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Between 0 and 1, for jitter. */
  readonly random?: () => number;
  readonly sleep?: (delayMs: number) => Promise<void>;
  /** Requests at once, to all hosts together and to one. */
  readonly concurrency?: { readonly global: number; readonly perHost: number };
  readonly attemptsMax?: number;
  /** For one attempt: connecting, waiting, reading the body to its end. */
  readonly attemptDeadlineMs?: number;
  /** For all attempts and the waits between them. */
  readonly totalDeadlineMs?: number;
}

const CONCURRENCY = { global: 64, perHost: 16 } as const;
const ATTEMPTS_MAX = 6;
const ATTEMPT_DEADLINE_MS = 30_000;
const TOTAL_DEADLINE_MS = 300_000;
const CONNECT_DEADLINE_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;
const REDIRECTS_MAX = 5;

/** Waits before the second, third, … attempt are random between 0 and base · 2^n ("full jitter"), never above the cap. */
const BACKOFF_MS = { base: 500, cap: 60_000 } as const;
/** Google's quotas count by the minute: the sum of these waits has to pass one (4 + 8 + 16 + 32 + 60 s at most). */
const QUOTA_BACKOFF_MS = { base: 4_000, cap: 60_000 } as const;
/** A registry that wants us to wait longer is not waited for: the run ends and a later one takes over. */
const RETRY_AFTER_MAX_MS = 120_000;

/** A counted number of places, handed on in the order of asking. */
class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** OpenSSL's own codes have a slash: `ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE`. */
const CONNECTION_CODE = /^[A-Z0-9_/]{2,60}$/;

/** The literal code of a connection error; its message is not shown, it can quote a reply. */
function connectionCode(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' && CONNECTION_CODE.test(code) ? code : 'no code';
}

/** A certificate that is not trusted now, or a host without TLS (wrong version), will be no better on the next attempt. */
const TLS_CODE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|WRONG_VERSION_NUMBER/;

function headerText(headers: ReplyHeaders, name: string): string | null {
  const value = headers[name];
  if (value === undefined) return null;
  return typeof value === 'string' ? value : (value[0] ?? null);
}

/**
 * The wait that `Retry-After` asks for, in milliseconds; null where the header is missing or unreadable
 * (RFC 9110, section 10.2.3: seconds or a date).
 */
export function retryAfterMs(headers: ReplyHeaders, nowMs: number): number | null {
  const text = headerText(headers, 'retry-after')?.trim() ?? '';
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1_000;
  const atMs = text === '' ? Number.NaN : Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** Opens a transport; connections are made on first use and kept alive between requests. */
export function createTransport(options: TransportOptions): Transport {
  const { clock, logger } = options;
  const random = options.random ?? Math.random;
  const sleep = options.sleep ?? ((delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)));
  const concurrency = options.concurrency ?? CONCURRENCY;
  const attemptDeadlineMs = options.attemptDeadlineMs ?? ATTEMPT_DEADLINE_MS;
  const totalDeadlineMs = options.totalDeadlineMs ?? TOTAL_DEADLINE_MS;
  const agent = new Agent({
    connections: concurrency.perHost,
    // One request a connection at a time: a failure then concerns the request that failed and no other.
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_DEADLINE_MS },
    // One deadline covers an attempt as a whole, see `attempt`.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let closing: Promise<void> | null = null;
  const everywhere = new Places(concurrency.global);
  const byHost = new Map<string, Places>();

  function placesAt(host: string): Places {
    const known = byHost.get(host);
    if (known !== undefined) return known;
    const places = new Places(concurrency.perHost);
    byHost.set(host, places);
    return places;
  }

  async function attempt(request: HttpRequest, line: RequestLine): Promise<HttpReply> {
    const atHost = placesAt(request.url.host);
    await atHost.take();
    try {
      await everywhere.take();
      try {
        if (request.startBeforeMs !== undefined && clock() >= request.startBeforeMs) {
          throw new RegistryError(
            'REGISTRY_TOO_LATE',
            `${line.method} ${line.url} was not sent: what was read before it is no longer fresh. Read again and retry.`,
            line,
            { retryable: true },
          );
        }
        return await exchange(request, line);
      } finally {
        everywhere.give();
      }
    } finally {
      atHost.give();
    }
  }

  async function exchange(request: HttpRequest, line: RequestLine): Promise<HttpReply> {
    const deadline = AbortSignal.timeout(attemptDeadlineMs);
    try {
      let url = request.url;
      for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
        const reply = await exchangeOnce(request, url, line, deadline);
        const location = headerText(reply.headers, 'location');
        const isRedirect = reply.status >= 301 && reply.status <= 308 && location !== null;
        if (request.redirects === 'refuse' || request.method !== 'GET' || !isRedirect) return reply;
        url = redirectTarget(location, url, line);
      }
      throw new RegistryError(
        'REGISTRY_REDIRECT_REFUSED',
        `${line.method} ${line.url} was redirected more than ${REDIRECTS_MAX} times. Check the registry, or a proxy in front of it.`,
        line,
      );
    } catch (thrown) {
      if (thrown instanceof WardenError) throw thrown;
      if (deadline.aborted) {
        throw new RegistryError(
          'REGISTRY_DEADLINE',
          `${line.method} ${line.url} was not answered in full within ${attemptDeadlineMs} ms. Run again later.`,
          line,
          { retryable: true },
        );
      }
      const code = connectionCode(thrown);
      throw new RegistryError(
        'REGISTRY_UNAVAILABLE',
        `${line.method} ${line.url} failed: the connection broke or could not be made (${code}). Check the host's name, the network and the certificate.`,
        line,
        { retryable: !TLS_CODE.test(code) },
      );
    }
  }

  async function exchangeOnce(
    request: HttpRequest,
    url: URL,
    line: RequestLine,
    signal: AbortSignal,
  ): Promise<HttpReply> {
    const headers: Record<string, string> = {
      'user-agent': 'gcr-warden',
      // What is not compressed can't be a bomb, and its length is what was sent.
      'accept-encoding': 'identity',
      ...request.headers,
    };
    if (url.origin !== request.url.origin) delete headers['authorization'];
    const reply = await send(url, {
      dispatcher: agent,
      method: request.method,
      headers,
      signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of reply.body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      // Leaving the loop destroys the body and with it the connection.
      if (sizeBytes > request.bodyLimitBytes) {
        throw new RegistryError(
          'REGISTRY_BODY_TOO_LARGE',
          `${line.method} ${line.url} answered with more than ${request.bodyLimitBytes} bytes. Nothing of it is used.`,
          line,
          { status: reply.statusCode },
        );
      }
      chunks.push(chunk);
    }
    const encoding = headerText(reply.headers, 'content-encoding');
    if (encoding !== null && encoding !== '' && encoding !== 'identity' && sizeBytes > 0) {
      throw new RegistryError(
        'REGISTRY_BODY_INVALID',
        `${line.method} ${line.url} answered in an encoding that was not asked for. Check the proxy in front of the registry.`,
        line,
        { status: reply.statusCode },
      );
    }
    return { status: reply.statusCode, headers: reply.headers, body: Buffer.concat(chunks) };
  }

  /** How long to wait before the next attempt; null where there is no use in one. */
  function waitMs(attemptsDone: number, reply: HttpReply | null): number | null {
    const asked = reply === null ? null : retryAfterMs(reply.headers, clock());
    if (asked !== null && asked > RETRY_AFTER_MAX_MS) return null;
    // Who names a time is believed; a little jitter keeps those who wait for it from coming all at once.
    if (asked !== null) return asked + random() * BACKOFF_MS.base;
    const backoff = reply?.status === 429 ? QUOTA_BACKOFF_MS : BACKOFF_MS;
    return random() * Math.min(backoff.cap, backoff.base * 2 ** (attemptsDone - 1));
  }

  return {
    async send(request) {
      const line: RequestLine = { method: request.method, url: redactedUrl(request.url) };
      const attemptsMax = request.attemptsMax ?? options.attemptsMax ?? ATTEMPTS_MAX;
      const giveUpAtMs = clock() + totalDeadlineMs;
      for (let attemptsDone = 1; ; attemptsDone += 1) {
        let reply: HttpReply | null = null;
        let failure: RegistryError | null = null;
        try {
          reply = await attempt(request, line);
        } catch (thrown) {
          if (!(thrown instanceof RegistryError)) throw thrown;
          failure = thrown;
        }
        if (reply !== null && !RETRYABLE_STATUSES.has(reply.status)) return reply;
        const isWorthIt = attemptsDone < attemptsMax && (failure === null || failure.retryable);
        const delayMs = isWorthIt ? waitMs(attemptsDone, reply) : null;
        const latestMs = Math.min(giveUpAtMs, request.startBeforeMs ?? Number.POSITIVE_INFINITY);
        if (delayMs === null || clock() + delayMs >= latestMs) {
          if (failure !== null) throw failure;
          if (reply !== null) return reply;
        } else {
          logger?.log('DEBUG', 'a request to a registry is sent again', {
            method: line.method,
            url: line.url,
            status: reply?.status ?? null,
            code: failure?.code ?? null,
            attemptsDone,
            delayMs: Math.round(delayMs),
          });
          await sleep(delayMs);
        }
      }
    },
    async close() {
      closing ??= agent.close();
      await closing;
    },
  };
}

/** Where a redirect leads, checked. Never from HTTPS to plain HTTP, and never with a user in the URL. */
function redirectTarget(location: string, from: URL, line: RequestLine): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : null;
  const isAllowed =
    url !== null &&
    url.username === '' &&
    url.password === '' &&
    (url.protocol === 'https:' ||
      (url.protocol === 'http:' &&
        isLoopback(url.host) &&
        isLoopback(from.host) &&
        from.protocol === 'http:'));
  if (url !== null && isAllowed) return url;
  throw new RegistryError(
    'REGISTRY_REDIRECT_REFUSED',
    `${line.method} ${line.url} was redirected to ${url === null ? 'something that is no URL' : redactedUrl(url)}, which is refused: only HTTPS without a user, or loopback from loopback.`,
    line,
  );
}
