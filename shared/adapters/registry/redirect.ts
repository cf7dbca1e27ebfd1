import { isLoopback } from '../../core/reference.ts';
import { RegistryError, type RequestLine, redactedUrl } from './registry-error.ts';

/**
 * Where a redirect leads, checked. Never from HTTPS to plain HTTP, from plain HTTP to plain HTTP only on this
 * machine or at the same origin, and never with a user in the URL.
 * @throws RegistryError REGISTRY_REDIRECT_REFUSED
 */
export function redirectTarget(location: string, from: URL, line: RequestLine): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (url !== null && url.username === '' && url.password === '' && isSafe(url, from)) return url;
  throw new RegistryError(
    'REGISTRY_REDIRECT_REFUSED',
    `${line.method} ${line.url} was redirected to ${url === null ? 'something that is no URL' : redactedUrl(url)}, which is refused: only HTTPS without a user, or loopback from loopback.`,
    line,
  );
}

function isSafe(url: URL, from: URL): boolean {
  if (url.protocol === 'https:') return true;
  if (url.protocol !== 'http:' || from.protocol !== 'http:') return false;
  return url.origin === from.origin || (isLoopback(url.host) && isLoopback(from.host));
}
