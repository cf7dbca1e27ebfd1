import { WardenError } from '../../core/error.ts';
import { hostKind } from '../../core/reference.ts';
import type { Clock, Logger } from '../../ports.ts';
import { HEADERS_MAX_BYTES, openDispatcher } from '../http/dispatcher.ts';
import { createPace, GOOGLE_PACE, type PaceLimits } from '../http/pace.ts';
import { Places } from '../http/places.ts';
import type { ProxySettings } from '../http/proxy.ts';
import { type AttemptDeadline, startAttemptDeadline } from './attempt-deadline.ts';
import { exchangeOver } from './exchange.ts';
import { createHostGate, type HostGate } from './host-gate.ts';
import { takeReadingTurns } from './reading-turns.ts';
import { redirectTarget } from './redirect.ts';
import { RETRYABLE_STATUSES, RegistryError, type RequestLine, requestLine } from './registry-error.ts';
import { ACCEPT_ENCODING, type BodySink, openBody } from './reply-body.ts';
import { headerText, type ReplyHeaders } from './reply-headers.ts';
import { backoffMs, PAUSE_MAX_MS, pauseMs } from './retry.ts';

export type { ReplyHeaders };

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  /** Lower-case names. `authorization` never leaves the origin of `url`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A reply with a longer body is refused. */
  readonly bodyLimitBytes: number;
  /**
   * Called at each attempt when the status and headers of a reply are there: where its body goes, piece by
   * piece, or null for the whole body in the reply. What was given of an attempt that failed counts for nothing.
   */
  readonly receive?: (status: number, headers: ReplyHeaders) => BodySink | null;
  /** Whether a redirect may be followed; only for reads whose content is verified by its digest. */
  readonly redirects: 'follow' | 'refuse';
  /** How often it may be sent; 1 where sending it twice could do harm. Default: the transport's. */
  readonly attemptsMax?: number;
  /**
   * Not sent, and not sent again, at or after this time: for a request that is only right as long as what was
   * read before it is fresh. Waiting for a free connection or before a retry counts.
   */
  readonly startBeforeMs?: number;
  /** Asked directly before it is sent, and before it is sent again; false ends it. For who may lose the right to it. */
  readonly maySend?: () => boolean;
  /** The end of the run that it is part of: not begun, not waited for and not read at or after this time. */
  readonly endByMs?: number;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  /** Empty where the body was received piece by piece. */
  readonly body: Buffer;
}

/** HTTP with limits on everything. */
export interface Transport {
  /**
   * Sends a request, again where that is allowed and promising, and returns the last reply whatever its status.
   * @throws RegistryError REGISTRY_UNAVAILABLE, REGISTRY_DEADLINE, REGISTRY_TOO_LATE, REGISTRY_RATE_LIMITED,
   *   REGISTRY_BODY_TOO_LARGE, REGISTRY_HEADERS_TOO_LARGE, REGISTRY_BODY_INVALID, REGISTRY_REDIRECT_REFUSED
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
  /** For one attempt: connecting, waiting, reading the body to its end; longer for a body that comes fast. */
  readonly attemptDeadlineMs?: number;
  /** For all attempts and the waits between them. */
  readonly totalDeadlineMs?: number;
  /** How fast a host may be asked; null for as fast as it answers. Default: Google's hosts at half of the quota. */
  readonly paceOf?: (host: string) => PaceLimits | null;
  /** How every request names its sender; with the version, for the registry's logs. Default: `gcr-warden`. */
  readonly userAgent?: string;
  /** The proxy for HTTPS; none by default. */
  readonly proxy?: ProxySettings;
}

const CONCURRENCY = { global: 64, perHost: 16 } as const;
const ATTEMPTS_MAX = 6;
const ATTEMPT_DEADLINE_MS = 30_000;
const TOTAL_DEADLINE_MS = 300_000;
const REDIRECTS_MAX = 5;
/** Timers and clocks are not the same to the millisecond. */
const TIMER_SLACK_MS = 50;

/** OpenSSL's own codes have a slash: `ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE`. */
const CONNECTION_CODE = /^[A-Z0-9_/]{2,60}$/;

/** The literal code of a connection error; its message is not shown, it can quote a reply. */
function connectionCode(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' && CONNECTION_CODE.test(code) ? code : 'no code';
}

/** A certificate that is not trusted now, or a host without TLS (wrong version), will be no better on the next attempt. */
const TLS_CODE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|WRONG_VERSION_NUMBER/;

/** What came of one attempt. What is `over` is not tried again, whatever is left of the attempts. */
type Attempt =
  | { readonly kind: 'answered'; readonly reply: HttpReply }
  | { readonly kind: 'failed'; readonly why: RegistryError }
  | { readonly kind: 'over'; readonly why: RegistryError };

/** The time of a whole run is over: a later run may well succeed, and this one may not try. */
class RunEnded extends RegistryError {
  constructor(line: RequestLine) {
    const what = `${line.method} ${line.url} was not answered in full before the time of this run was over.`;
    super('REGISTRY_DEADLINE', `${what} A later run goes on.`, line, { retryable: true });
  }
}

/** Opens a transport; connections are made on first use and kept alive between requests. */
export function createTransport(options: TransportOptions): Transport {
  const { clock, logger, userAgent = 'gcr-warden' } = options;
  const random = options.random ?? Math.random;
  const sleep = options.sleep ?? ((delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)));
  const concurrency = options.concurrency ?? CONCURRENCY;
  const attemptDeadlineMs = options.attemptDeadlineMs ?? ATTEMPT_DEADLINE_MS;
  const totalDeadlineMs = options.totalDeadlineMs ?? TOTAL_DEADLINE_MS;
  const paceOf = options.paceOf ?? ((host) => (hostKind(host) === 'google' ? GOOGLE_PACE : null));
  const dispatcher = openDispatcher({
    requestsPerHost: concurrency.perHost,
    proxy: options.proxy ?? null,
  });
  let closing: Promise<void> | null = null;
  const everywhere = new Places(concurrency.global);
  const gates = new Map<string, HostGate>();
  const turn = takeReadingTurns();

  function gateOf(host: string): HostGate {
    const known = gates.get(host);
    if (known !== undefined) return known;
    const limits = paceOf(host);
    const pace = limits === null ? null : createPace(limits);
    const placeCount = concurrency.perHost;
    const gate = createHostGate({ placeCount, everywhere, pace, clock, sleep, random });
    gates.set(host, gate);
    return gate;
  }

  async function attempt(request: HttpRequest, line: RequestLine): Promise<Attempt> {
    const gate = gateOf(request.url.host);
    const latestMs = latestStartMs(request);
    const entered = await gate.enter(request.method === 'DELETE' ? 'delete' : 'request', latestMs);
    if (entered !== 'entered') return { kind: 'over', why: notSent(request, line, entered.untilMs) };
    let isInside = true;
    const leave = (): void => {
      if (isInside) gate.leave();
      isInside = false;
    };
    try {
      if (clock() >= latestMs) return { kind: 'over', why: notSent(request, line, clock()) };
      if (request.maySend?.() === false) return { kind: 'over', why: withdrawn(line) };
      const reply = await exchange(request, line, leave);
      const pause = pauseMs(reply, clock(), random());
      if (pause !== null) gate.pause(clock() + pause);
      return { kind: 'answered', reply };
    } catch (thrown) {
      if (!(thrown instanceof RegistryError)) throw thrown;
      return { kind: thrown instanceof RunEnded ? 'over' : 'failed', why: thrown };
    } finally {
      leave();
    }
  }

  /** Why a request could not be begun: its own time would be over, or its host wants to be left alone for long. */
  function notSent(request: HttpRequest, line: RequestLine, untilMs: number): RegistryError {
    const { startBeforeMs, endByMs } = request;
    if (startBeforeMs !== undefined && untilMs >= startBeforeMs) {
      return new RegistryError(
        'REGISTRY_TOO_LATE',
        `${line.method} ${line.url} was not sent: what was read before it is no longer fresh. Read again and retry.`,
        line,
        { retryable: true },
      );
    }
    if (endByMs !== undefined && untilMs >= endByMs) return new RunEnded(line);
    return new RegistryError(
      'REGISTRY_RATE_LIMITED',
      `${line.method} ${line.url} was not sent: the registry asked to be left alone for ${Math.ceil((untilMs - clock()) / 1_000)} s. Run again later.`,
      line,
      { retryable: true },
    );
  }

  async function exchange(request: HttpRequest, line: RequestLine, leave: () => void): Promise<HttpReply> {
    const leftMs = (request.endByMs ?? Number.POSITIVE_INFINITY) - clock();
    const mostMs = Math.min(totalDeadlineMs, leftMs);
    const deadline = startAttemptDeadline(attemptDeadlineMs, mostMs);
    try {
      let url = request.url;
      for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
        const reply = await exchangeOnce(request, url, line, deadline, leave);
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
      if (deadline.isOver()) {
        if (request.endByMs !== undefined && clock() >= request.endByMs - TIMER_SLACK_MS)
          throw new RunEnded(line);
        throw new RegistryError(
          'REGISTRY_DEADLINE',
          `${line.method} ${line.url} was not answered in full in time (${attemptDeadlineMs} ms, longer only for a body that comes fast). Run again later.`,
          line,
          { retryable: true },
        );
      }
      const code = connectionCode(thrown);
      if (code === 'UND_ERR_HEADERS_OVERFLOW') {
        throw new RegistryError(
          'REGISTRY_HEADERS_TOO_LARGE',
          `${line.method} ${line.url} answered with headers of more than ${HEADERS_MAX_BYTES} bytes. Nothing of it is used.`,
          line,
        );
      }
      throw new RegistryError(
        'REGISTRY_UNAVAILABLE',
        `${line.method} ${line.url} failed: the connection broke or could not be made (${code}). Check the host's name, the network and the certificate.`,
        line,
        { retryable: !TLS_CODE.test(code) },
      );
    } finally {
      deadline.stop();
    }
  }

  async function exchangeOnce(
    request: HttpRequest,
    url: URL,
    line: RequestLine,
    deadline: AttemptDeadline,
    leave: () => void,
  ): Promise<HttpReply> {
    const headers: Record<string, string> = {
      'user-agent': userAgent,
      'accept-encoding': ACCEPT_ENCODING,
      ...request.headers,
    };
    if (url.origin !== request.url.origin) delete headers['authorization'];
    const reply = await exchangeOver(dispatcher, {
      url,
      method: request.method,
      headers,
      ...(request.body === undefined ? {} : { body: request.body }),
      deadline,
      open: (status, replyHeaders, flow) => {
        const sink = request.receive?.(status, replyHeaders) ?? null;
        const reading = { limitBytes: request.bodyLimitBytes, sink, received: deadline.received };
        const body = openBody({ status, headers: replyHeaders, flow }, line, reading);
        return { status, headers: replyHeaders, sink, body };
      },
    });
    const { status, sink, body } = reply;
    // The next request needs not wait until this reply is parsed. Only after a success: others may have to pause.
    if (sink !== null && status < 300) leave();
    if (sink !== null) await turn(() => body.giveNext());
    return { status, headers: reply.headers, body: body.rest() };
  }

  return {
    async send(request) {
      const line = requestLine(request.method, request.url);
      const attemptsMax = request.attemptsMax ?? options.attemptsMax ?? ATTEMPTS_MAX;
      const giveUpAtMs = Math.min(clock() + totalDeadlineMs, latestStartMs(request));
      for (let attemptsDone = 1; ; attemptsDone += 1) {
        const sent = await attempt(request, line);
        if (sent.kind === 'over') throw sent.why;
        const reply = sent.kind === 'answered' ? sent.reply : null;
        const isPromising =
          sent.kind === 'answered' ? RETRYABLE_STATUSES.has(sent.reply.status) : sent.why.retryable;
        const pause = reply === null ? null : pauseMs(reply, clock(), 0);
        const delayMs = pause ?? backoffMs(attemptsDone, random());
        const isTooLate = delayMs > PAUSE_MAX_MS || clock() + delayMs >= giveUpAtMs;
        if (!isPromising || attemptsDone >= attemptsMax || isTooLate) {
          if (sent.kind === 'answered') return sent.reply;
          throw sent.why;
        }
        logger?.log('DEBUG', 'a request to a registry is sent again', {
          method: line.method,
          url: line.url,
          status: reply?.status ?? null,
          code: sent.kind === 'failed' ? sent.why.code : null,
          attemptsDone,
          delayMs: Math.round(delayMs),
        });
        // A pause is the host's: the next attempt waits for its end with everybody else.
        if (pause === null) await sleep(delayMs);
      }
    },
    async close() {
      closing ??= dispatcher.close();
      await closing;
    },
  };
}

/** The same transport for one run: every request ends with the run. Closing it is the other's business. */
export function endingBy(transport: Transport, end: number | (() => number)): Transport {
  const endByMs = typeof end === 'number' ? (): number => end : end;
  const send: Transport['send'] = (request) =>
    transport.send({
      ...request,
      // Asked anew for every attempt: a run may be told to end while one of its requests waits for its turn.
      get endByMs() {
        return Math.min(request.endByMs ?? Number.POSITIVE_INFINITY, endByMs());
      },
    });
  return {
    send,
    close: async () => {},
  };
}

/** The time from which on a request is not begun. */
function latestStartMs(request: HttpRequest): number {
  return Math.min(
    request.startBeforeMs ?? Number.POSITIVE_INFINITY,
    request.endByMs ?? Number.POSITIVE_INFINITY,
  );
}

function withdrawn(line: RequestLine): RegistryError {
  return new RegistryError(
    'REGISTRY_TOO_LATE',
    `${line.method} ${line.url} was not sent: the run may not send it any more.`,
    line,
    { retryable: true },
  );
}
