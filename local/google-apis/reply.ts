/** What a stand-in answers. */
export interface ApiReply {
  readonly status: number;
  readonly body: unknown;
  /** Bytes instead of JSON. */
  readonly content?: Buffer;
}

export function ok(body: unknown): ApiReply {
  return { status: 200, body };
}

/** Google's envelope for what is refused or not there. */
export function problem(code: number, status: string, message: string): ApiReply {
  return { status: code, body: { error: { code, message, status } } };
}

export function denied(permission: string, resource: string): ApiReply {
  return problem(
    403,
    'PERMISSION_DENIED',
    `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`,
  );
}

/** Cloud Storage's own envelope, which has no status but a list. */
export function storageProblem(code: number, reason: string, message: string): ApiReply {
  return {
    status: code,
    body: { error: { code, message, errors: [{ message, domain: 'global', reason }] } },
  };
}

/**
 * One page of a list. As Google does, an empty list and the token after the last page are left out.
 * @param sizeMax the most that this API gives on a page, whatever is asked for
 */
export function pageOf(
  field: string,
  items: readonly unknown[],
  query: URLSearchParams,
  sizeMax: number,
): ApiReply {
  const asked = Number(query.get('pageSize') ?? query.get('maxResults') ?? sizeMax);
  const size = Math.max(1, Math.min(Number.isInteger(asked) && asked > 0 ? asked : sizeMax, sizeMax));
  const token = query.get('pageToken');
  const start = token === null ? 0 : Number(Buffer.from(token, 'base64url').toString());
  if (!Number.isInteger(start) || start < 0 || start > items.length) {
    return problem(400, 'INVALID_ARGUMENT', 'Invalid page token.');
  }
  const page = items.slice(start, start + size);
  const end = start + page.length;
  return ok({
    ...(page.length > 0 ? { [field]: page } : {}),
    ...(end < items.length ? { nextPageToken: Buffer.from(String(end)).toString('base64url') } : {}),
  });
}
