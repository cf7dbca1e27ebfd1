import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { RegistryError, type RequestLine } from './registry-error.ts';
import { headerText, type ReplyHeaders } from './reply-headers.ts';

/** What we take: gzip, which Google's front ends and most proxies have, or nothing. */
export const ACCEPT_ENCODING = 'gzip';

/** Takes a body while it comes in. What `write` throws ends the reading and the connection. */
export interface BodySink {
  write(piece: Buffer): void;
}

/**
 * Reads a body to its end, unpacked, into a sink or, where there is none, into what it returns. The limit counts
 * unpacked bytes, and is looked at after every piece, so that a small body that unpacks into a huge one ends
 * early. `received` is told of bytes as they come over the wire.
 * @throws RegistryError REGISTRY_BODY_TOO_LARGE, REGISTRY_BODY_INVALID; and what the connection throws
 */
export async function readReplyBody(
  reply: { readonly statusCode: number; readonly headers: ReplyHeaders; readonly body: Readable },
  limitBytes: number,
  line: RequestLine,
  sink: BodySink | null,
  received: (sizeBytes: number) => void,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
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
    if (sink === null) chunks.push(chunk);
    else sink.write(chunk);
  }
  return Buffer.concat(chunks);
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
