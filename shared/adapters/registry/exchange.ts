import type { Dispatcher } from 'undici';
import type { AttemptDeadline } from './attempt-deadline.ts';
import type { Flow, IncomingBody } from './reply-body.ts';
import type { ReplyHeaders } from './reply-headers.ts';

/** One request over one connection. */
export interface Exchange<Opened extends { readonly body: IncomingBody }> {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly deadline: AttemptDeadline;
  /** Called with the status and headers of the reply; returns what takes its body. What it throws ends the reply. */
  readonly open: (status: number, headers: ReplyHeaders, flow: Flow) => Opened;
}

/**
 * Sends a request and hands the reply over while it comes in; resolves with what was opened for it when its body
 * is there. No stream stands between the connection and what takes the body: for a small reply it would cost more
 * than all the rest.
 * @throws what the connection throws, and what takes the body does
 */
export function exchangeOver<Opened extends { readonly body: IncomingBody }>(
  dispatcher: Dispatcher,
  { url, method, headers, body, deadline, open }: Exchange<Opened>,
): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const over = new Error('the time of this attempt is over');
    let flow: Flow | null = null;
    let opened: Opened | null = null;
    // Also before there is a connection: a host that takes one and says nothing would be waited for.
    deadline.whenOver(() => {
      reject(over);
      flow?.abort(over);
    });
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { ...headers },
        ...(body === undefined ? {} : { body }),
      },
      {
        onRequestStart(controller) {
          flow = controller;
          if (deadline.isOver()) controller.abort(over);
        },
        onResponseStart(controller, status, replyHeaders) {
          // 1xx: the reply itself follows.
          if (status >= 200) opened = open(status, replyHeaders, controller);
        },
        onResponseData(_controller, piece) {
          opened?.body.take(piece);
        },
        onResponseEnd() {
          const reply = opened;
          if (reply === null) {
            reject(new Error('the reply had no status'));
            return;
          }
          const unpacked = reply.body.end();
          if (unpacked === null) resolve(reply);
          else unpacked.then(() => resolve(reply), reject);
        },
        onResponseError(_controller, problem) {
          reject(problem);
        },
      },
    );
  });
}
