import type { Readable } from 'node:stream';

/**
 * Reads a request's body of at most `maxBytes`. Of a larger one up to `discardBytes` more are read and
 * dropped: a client that is still sending would meet a reset in place of the answer.
 * @returns null where the body is too large
 */
export async function readBody(
  body: Readable,
  maxBytes: number,
  discardBytes: number,
): Promise<Uint8Array | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > maxBytes + discardBytes) return null;
  }
  return bytes > maxBytes ? null : Buffer.concat(chunks);
}
