import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { ReadingTurns } from './reading-turns.ts';
import { RegistryError, type RequestLine } from './registry-error.ts';
import { headerText, type ReplyHeaders } from './reply-headers.ts';

/** What we take: gzip, which Google's front ends and most proxies have, or nothing. */
export const ACCEPT_ENCODING = 'gzip';

/** Takes a body while it comes in. What `write` throws ends the reading and the connection. */
export interface BodySink {
  write(piece: Buffer): void;
}

/** A body up to this size is read to its end before a sink gets any of it. */
const HELD_MAX_BYTES = 262_144;

/** What is done with a body while and after it comes in. */
export interface BodyReading {
  /** A longer body is refused. */
  readonly limitBytes: number;
  /** Where it goes; null for the whole body in what is returned. */
  readonly sink: BodySink | null;
  /** Told of bytes as they come over the wire. */
  received(sizeBytes: number): void;
  /** Told that the last byte is in. Of a small body a sink has seen nothing yet. */
  ended(): void;
  /** Waited for after the end, before a small body goes to the sink. */
  readonly turn: ReadingTurns;
}

/**
 * Reads a body to its end, unpacked, into a sink or, where there is none, into what it returns. The limit counts
 * unpacked bytes, and is looked at after every piece, so that a small body that unpacks into a huge one ends
 * early.
 * @throws RegistryError REGISTRY_BODY_TOO_LARGE, REGISTRY_BODY_INVALID; and what the connection throws
 */
export async function readReplyBody(
  reply: { readonly statusCode: number; readonly headers: ReplyHeaders; readonly body: Readable },
  line: RequestLine,
  { limitBytes, sink, received, ended, turn }: BodyReading,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const give = (to: BodySink): void => {
    for (const chunk of chunks) to.write(chunk);
    chunks.length = 0;
  };
  for await (const chunk of unpacked(reply, line, received)) {
    sizeBytes += chunk.length;
    // Leaving the loop destroys the body and with it the connection.
    if (sizeBytes > limitBytes) {
      throw new RegistryError(
        'REGISTRY_BODY_TOO_LARGE',
        `${line.method} ${line.url} answered with more than ${limitBytes} bytes. Nothing of it is used.`,
        line,
        { status: reply.statusCode },
      );
    }
    chunks.push(chunk);
    if (sink !== null && sizeBytes > HELD_MAX_BYTES) give(sink);
  }
  ended();
  if (sink === null) return Buffer.concat(chunks);
  if (chunks.length > 0) await turn();
  give(sink);
  return Buffer.alloc(0);
}

async function* unpacked(
  reply: { readonly statusCode: number; readonly headers: ReplyHeaders; readonly body: Readable },
  line: RequestLine,
  received: (sizeBytes: number) => void,
): AsyncGenerator<Buffer> {
  const encoding = headerText(reply.headers, 'content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') {
    for await (const chunk of reply.body as AsyncIterable<Buffer>) {
      received(chunk.length);
      yield chunk;
    }
    return;
  }
  const invalid = (why: string): RegistryError =>
    new RegistryError(
      'REGISTRY_BODY_INVALID',
      `${line.method} ${line.url} answered ${why}. Check the proxy in front of the registry.`,
      line,
      { status: reply.statusCode },
    );
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    // A reply without a body may name any encoding.
    for await (const _chunk of reply.body) throw invalid('in an encoding that was not asked for');
    return;
  }
  let packedBytes = 0;
  const counted = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      packedBytes += chunk.length;
      received(chunk.length);
      yield chunk;
    }
  };
  try {
    // Ends the body where the unpacking ends early, and the unpacking where the connection breaks.
    yield* pipeline(reply.body, counted, createGunzip(), () => {}) as AsyncIterable<Buffer>;
  } catch (thrown) {
    // What the connection did is told as such.
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    if (!code.startsWith('Z_')) throw thrown;
    // Nothing at all is an empty body, whatever its encoding: replies to HEAD are.
    if (packedBytes > 0) throw invalid('with a body that is not the gzip it says, or is cut');
  }
}
