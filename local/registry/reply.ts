/** What a route answers; the server writes it to the wire, without the body where the request was a HEAD. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReplyBody;
}

/** Bytes in memory, a part of a file (both ends included, in bytes), or nothing. */
export type ReplyBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly first: number; readonly last: number };

/** A reply without a body. */
export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, body: { kind: 'none' } };
}

/** A reply that carries these bytes under this media type. */
export function bytesReply(
  status: number,
  mediaType: string,
  bytes: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers: { ...headers, 'Content-Type': mediaType }, body: { kind: 'bytes', bytes } };
}

/** A reply that carries a value as JSON. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return bytesReply(status, 'application/json; charset=utf-8', Buffer.from(JSON.stringify(value)), headers);
}
