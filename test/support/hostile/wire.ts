import { STATUS_CODES } from 'node:http';
import type { Reply } from './honest.ts';

/** What the server does with a connection, one step after the other; then it waits for the next request. */
export type Step =
  | { readonly kind: 'write'; readonly bytes: Buffer }
  /** The same bytes again and again, until the client has enough of it. */
  | { readonly kind: 'flood'; readonly bytes: Buffer }
  /** The bytes one by one, with a pause after each. */
  | { readonly kind: 'drip'; readonly bytes: Buffer; readonly pauseMs: number }
  /** Says nothing more and leaves the connection open. */
  | { readonly kind: 'hold' }
  /** Ends the connection in order. */
  | { readonly kind: 'end' }
  /** Breaks it. */
  | { readonly kind: 'reset' };

export function write(bytes: Buffer | string): Step {
  return { kind: 'write', bytes: Buffer.from(bytes) };
}

/** The head of a reply, to the empty line. */
export function headOf(status: number | string, headers: readonly (readonly [string, string])[]): string {
  const line = typeof status === 'string' ? status : `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`;
  return `${line}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** A reply in order, with these bytes as its body. */
export function plainWire(reply: Reply, body: Buffer | string = reply.body): Buffer {
  const bytes = Buffer.from(body);
  const headers = [...reply.headers, ['Content-Length', String(bytes.length)] as const];
  return Buffer.concat([Buffer.from(headOf(reply.status, headers)), bytes]);
}
