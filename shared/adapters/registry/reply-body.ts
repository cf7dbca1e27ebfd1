import { createGunzip, type Gunzip } from 'node:zlib';
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
/** What a sink gets at once of what was held: a fraction of a millisecond's work, so that nothing waits long for it. */
const PART_BYTES = 16_384;

/** The connection that a body comes from. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** Ends the reply with a reason, and with it the connection. */
  abort(reason: Error): void;
}

/** What is done with a body while it comes in. */
export interface BodyReading {
  /** A longer body is refused. */
  readonly limitBytes: number;
  /** Where it goes; null for the whole body in what is returned. */
  readonly sink: BodySink | null;
  /** Told of bytes as they come over the wire. */
  received(sizeBytes: number): void;
}

/** A body that comes in. Its methods throw what is wrong with it, which ends it. */
export interface IncomingBody {
  /**
   * A piece as it came over the wire.
   * @throws RegistryError REGISTRY_BODY_TOO_LARGE, REGISTRY_BODY_INVALID; and what the sink throws
   */
  take(piece: Buffer): void;
  /** Told that the last piece is in; a promise where it has to be unpacked yet. */
  end(): Promise<void> | null;
  /** Called after its end: gives a sink the next part of what is held; false where nothing is left. */
  giveNext(): boolean;
  /** Called after its end: the whole where there is no sink. */
  rest(): Buffer;
}

/**
 * Opens a body for reading, unpacked. The limit counts unpacked bytes, and is looked at after every piece, so
 * that a small body that unpacks into a huge one ends early.
 */
export function openBody(
  reply: { readonly status: number; readonly headers: ReplyHeaders; readonly flow: Flow },
  line: RequestLine,
  { limitBytes, sink, received }: BodyReading,
): IncomingBody {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const give = (to: BodySink): void => {
    for (const chunk of chunks) to.write(chunk);
    chunks.length = 0;
  };
  const takeUnpacked = (chunk: Buffer): void => {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      throw new RegistryError(
        'REGISTRY_BODY_TOO_LARGE',
        `${line.method} ${line.url} answered with more than ${limitBytes} bytes. Nothing of it is used.`,
        line,
        { status: reply.status },
      );
    }
    chunks.push(chunk);
    if (sink !== null && sizeBytes > HELD_MAX_BYTES) give(sink);
  };
  const invalid = (why: string): RegistryError =>
    new RegistryError(
      'REGISTRY_BODY_INVALID',
      `${line.method} ${line.url} answered ${why}. Check the proxy in front of the registry.`,
      line,
      { status: reply.status },
    );
  const held = {
    giveNext() {
      const [first] = chunks;
      if (sink === null || first === undefined) return false;
      sink.write(first.subarray(0, PART_BYTES));
      if (first.length > PART_BYTES) chunks[0] = first.subarray(PART_BYTES);
      else chunks.shift();
      return chunks.length > 0;
    },
    rest: () => Buffer.concat(chunks),
  };
  const encoding = headerText(reply.headers, 'content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') {
    return {
      ...held,
      take(piece) {
        received(piece.length);
        takeUnpacked(piece);
      },
      end: () => null,
    };
  }
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    return {
      ...held,
      // A reply without a body may name any encoding.
      take() {
        throw invalid('in an encoding that was not asked for');
      },
      end: () => null,
    };
  }
  const unpacking = unpack(reply.flow, takeUnpacked, () =>
    invalid('with a body that is not the gzip it says, or is cut'),
  );
  return {
    ...held,
    take(piece) {
      received(piece.length);
      unpacking.take(piece);
    },
    end: () => unpacking.end(),
  };
}

/** Unpacks gzip into `take`, no faster than it is taken. */
function unpack(
  flow: Flow,
  take: (chunk: Buffer) => void,
  invalid: () => RegistryError,
): Pick<IncomingBody, 'take' | 'end'> {
  let gunzip: Gunzip | null = null;
  let failure: Error | null = null;
  const settled = Promise.withResolvers<void>();
  settled.promise.catch(() => {});
  const fail = (reason: Error): void => {
    if (failure !== null) return;
    failure = reason;
    gunzip?.destroy();
    settled.reject(reason);
    flow.abort(reason);
  };
  const open = (): Gunzip => {
    const opened = createGunzip();
    opened.on('data', (chunk: Buffer) => {
      if (failure !== null) return;
      try {
        take(chunk);
      } catch (thrown) {
        fail(thrown instanceof Error ? thrown : new Error('what takes the body failed'));
      }
    });
    opened.on('error', () => fail(invalid()));
    opened.on('end', () => settled.resolve());
    opened.on('drain', () => flow.resume());
    return opened;
  };
  return {
    take(piece) {
      if (failure !== null) throw failure;
      gunzip ??= open();
      if (!gunzip.write(piece)) flow.pause();
    },
    end() {
      // Nothing at all is an empty body, whatever its encoding: replies to HEAD are.
      if (gunzip === null) return null;
      gunzip.end();
      return settled.promise;
    },
  };
}
