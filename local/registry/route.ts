/** Where a request goes. Names and references are as they were sent, not yet checked. */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'token' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'manifests'; readonly name: string; readonly reference: string }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: string }
  | { readonly kind: 'uploads'; readonly name: string; readonly id: string | null }
  | { readonly kind: 'blobs'; readonly name: string; readonly digest: string }
  | { readonly kind: 'unknown' };

/**
 * Finds the route of a path. The path is taken apart as it came: nothing resolves `..` or double slashes, so
 * what a name contains is judged by the grammar of names alone.
 */
export function parseRoute(encodedPath: string): Route {
  let path: string;
  try {
    path = decodeURIComponent(encodedPath);
  } catch {
    return { kind: 'unknown' };
  }
  if (path === '/v2' || path === '/v2/') return { kind: 'base' };
  if (path === '/v2/token') return { kind: 'token' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const [, name, kind, rest] = REPOSITORY_PATH.exec(path) ?? [];
  if (name === undefined || rest === undefined) return { kind: 'unknown' };
  if (kind === 'tags') return rest === 'list' ? { kind, name } : { kind: 'unknown' };
  if (kind === 'manifests') return { kind, name, reference: rest };
  if (kind === 'referrers') return { kind, name, digest: rest };
  if (kind === 'blobs/uploads') return { kind: 'uploads', name, id: rest === '' ? null : rest };
  if (kind === 'blobs')
    return rest === 'uploads' ? { kind: 'uploads', name, id: null } : { kind: 'blobs', name, digest: rest };
  return { kind: 'unknown' };
}

/** The last of these words that is followed by one component parts the name from the rest. */
const REPOSITORY_PATH = /^\/v2\/(.+)\/(tags|manifests|referrers|blobs\/uploads|blobs)\/([^/]*)$/;
