import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../core/error.ts';
import { proxiedFetch } from '../http/proxied-fetch.ts';
import type { ProxySettings } from '../http/proxy.ts';

const ORIGIN = 'https://pubsub.googleapis.com';

export interface PubSubOptions {
  /** An access token; asked before every request to Google, and for no other. */
  readonly token: () => Promise<string>;
  /** `http://HOST:PORT` of an emulator or a stand-in; null for Google. */
  readonly origin: string | null;
  /** Whether a stand-in wants to see that somebody calls: it gets a word instead of a token. */
  readonly isStandIn?: boolean;
  /** The proxy for HTTPS; that of the environment where left out. */
  readonly proxy?: ProxySettings;
}

/** One request to Pub/Sub's REST API (cloud.google.com/pubsub/docs/reference/rest). */
export interface PubSubCall {
  /** `projects/P/topics/T:publish` */
  readonly path: string;
  /** null sends a GET. */
  readonly body: object | null;
  /** For each attempt. */
  readonly deadlineMs: number;
  /** Requests to send where the service is not well, at most. */
  readonly attempts: number;
}

/** What was answered; `late` where no answer came within the deadline. */
export type PubSubReply =
  | { readonly kind: 'read'; readonly body: unknown }
  | { readonly kind: 'late' }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryable: boolean };

export type PubSubRest = (call: PubSubCall) => Promise<PubSubReply>;

/** Statuses that pass by themselves. */
const PASSING = new Set([408, 409, 429, 500, 502, 503, 504]);
const PAUSE_MS = 200;
/** A page of messages, each of which may have 10 MB. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Opens Pub/Sub by its REST API: the few requests that we need, for which Google's client would be most of what a
 * function loads. Tokens go to Google's own host and to no other, and no redirect is followed.
 */
export function openPubSub({ token, origin, isStandIn = false, proxy }: PubSubOptions): PubSubRest {
  const fetch = proxiedFetch(proxy);
  const attempt = async ({ path, body, deadlineMs }: PubSubCall): Promise<PubSubReply> => {
    const authorization = origin === null ? await token() : isStandIn ? 'none' : null;
    const signal = AbortSignal.timeout(deadlineMs);
    try {
      const reply = await fetch(`${origin ?? ORIGIN}/v1/${path}`, {
        method: body === null ? 'GET' : 'POST',
        redirect: 'error',
        signal,
        headers: {
          ...(body === null ? {} : { 'content-type': 'application/json' }),
          ...(authorization === null ? {} : { authorization: `Bearer ${authorization}` }),
        },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
      });
      const text = await textOf(reply);
      if (text === null) return { kind: 'failed', reason: 'the answer is too large', retryable: false };
      if (!reply.ok) {
        const reason = `${reply.status} ${text.slice(0, 300)}`;
        return { kind: 'failed', reason, retryable: PASSING.has(reply.status) };
      }
      return { kind: 'read', body: JSON.parse(text) };
    } catch (problem) {
      if (signal.aborted) return { kind: 'late' };
      const cause = problem instanceof Error && problem.cause !== undefined ? problem.cause : problem;
      return { kind: 'failed', reason: messageOf(cause), retryable: true };
    }
  };
  return async (call) => {
    for (let count = 1; ; count += 1) {
      const reply = await attempt(call);
      if (reply.kind === 'read' || count >= call.attempts) return reply;
      if (reply.kind === 'failed' && !reply.retryable) return reply;
      await pause(PAUSE_MS * 2 ** (count - 1) * (0.5 + Math.random() / 2));
    }
  };
}

/** The body as text; null where it is too long to be read. */
async function textOf(reply: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of reply.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What went wrong, in words. */
export function whyOf(reply: Exclude<PubSubReply, { kind: 'read' }>): string {
  return reply.kind === 'late' ? 'no answer came in time' : reply.reason;
}
