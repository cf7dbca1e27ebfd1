import { WardenError } from '../../core/error.ts';
import { scrub } from './scrub.ts';

/** Every code this adapter throws. */
export type RegistryErrorCode =
  | 'REGISTRY_HOST_REFUSED'
  | 'REGISTRY_REALM_REFUSED'
  | 'REGISTRY_REDIRECT_REFUSED'
  | 'REGISTRY_UNAUTHORIZED'
  | 'REGISTRY_DENIED'
  | 'REGISTRY_NOT_FOUND'
  | 'REGISTRY_RATE_LIMITED'
  | 'REGISTRY_UNAVAILABLE'
  | 'REGISTRY_DEADLINE'
  | 'REGISTRY_TOO_LATE'
  | 'REGISTRY_BODY_TOO_LARGE'
  | 'REGISTRY_HEADERS_TOO_LARGE'
  | 'REGISTRY_BODY_INVALID'
  | 'REGISTRY_DIGEST_MISMATCH'
  | 'REGISTRY_LISTING_INCOMPLETE'
  | 'REGISTRY_UNEXPECTED';

/** One entry of the error envelope `{"errors":[{"code","message"}]}` (distribution specification, "Error Codes"). */
export interface RegistryComplaint {
  readonly code: string;
  readonly message: string;
}

/** What a request was, as far as an error may show it. */
export interface RequestLine {
  readonly method: string;
  /** Redacted: see `redactedUrl`. */
  readonly url: string;
}

/** A request to a registry, or to its token endpoint, that did not do what it was sent for. */
export class RegistryError extends WardenError<RegistryErrorCode> {
  readonly method: string;
  readonly url: string;
  /** null where no reply came. */
  readonly status: number | null;
  /** What the registry said, scrubbed and shortened; empty where it said nothing in the known form. */
  readonly complaints: readonly RegistryComplaint[];

  constructor(
    code: RegistryErrorCode,
    message: string,
    request: RequestLine,
    details: { status?: number; complaints?: readonly RegistryComplaint[]; retryable?: boolean } = {},
  ) {
    // No cause on purpose: errors of HTTP clients can carry whole replies, and replies can carry tokens.
    super(code, message, { retryable: details.retryable ?? false });
    this.method = request.method;
    this.url = request.url;
    this.status = details.status ?? null;
    this.complaints = details.complaints ?? [];
  }
}

/** Query parameters whose values are never secret, so that an error can show which page or scope was asked for. */
const SHOWN_PARAMETERS: ReadonlySet<string> = new Set(['n', 'last', 'scope', 'service']);
const URL_LENGTH_MAX = 500;

/** A URL without user, password, fragment and the values of all but well-known parameters; at most 500 characters. */
export function redactedUrl(url: URL): string {
  const query = [...url.searchParams]
    .map(([name, value]) => (SHOWN_PARAMETERS.has(name) ? `${name}=${value}` : `${name}=…`))
    .join('&');
  return shorten(`${url.origin}${url.pathname}${query === '' ? '' : `?${query}`}`, URL_LENGTH_MAX);
}

/** A request as an error may show it. The URL is made when somebody wants to see it: most requests fail at nothing. */
export function requestLine(method: string, url: URL): RequestLine {
  return {
    method,
    get url() {
      return redactedUrl(url);
    },
  };
}

const COMPLAINTS_MAX = 10;
const COMPLAINT_LENGTH_MAX = 300;
const COMPLAINT_CODE = /^[A-Z0-9_]{1,64}$/;

function shorten(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
}

/**
 * Reads the error envelope of a reply. A body in any other form (a proxy's page, a cut document) yields
 * nothing: it is never shown, because nobody knows what is in it.
 */
export function complaintsIn(body: Uint8Array, secrets: readonly string[]): RegistryComplaint[] {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return [];
  }
  const errors = document !== null && typeof document === 'object' && 'errors' in document && document.errors;
  if (!Array.isArray(errors)) return [];
  const complaints: RegistryComplaint[] = [];
  for (const entry of errors.slice(0, COMPLAINTS_MAX) as unknown[]) {
    if (entry === null || typeof entry !== 'object') continue;
    const { code, message } = entry as Record<string, unknown>;
    if (typeof code !== 'string' || !COMPLAINT_CODE.test(code)) continue;
    const said = typeof message === 'string' ? message : '';
    // Scrubbed before it is shortened, so that no half of a secret is left at the cut.
    const printable = scrub(said, secrets).replace(/\p{Cc}+/gu, ' ');
    complaints.push({ code: scrub(code, secrets), message: shorten(printable, COMPLAINT_LENGTH_MAX) });
  }
  return complaints;
}

/** Statuses after which the same request may succeed later. */
export const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

function codeOf(status: number): RegistryErrorCode {
  if (status === 401) return 'REGISTRY_UNAUTHORIZED';
  if (status === 403) return 'REGISTRY_DENIED';
  if (status === 404) return 'REGISTRY_NOT_FOUND';
  if (status === 429) return 'REGISTRY_RATE_LIMITED';
  if (status >= 300 && status < 400) return 'REGISTRY_REDIRECT_REFUSED';
  return status >= 500 || status === 408 ? 'REGISTRY_UNAVAILABLE' : 'REGISTRY_UNEXPECTED';
}

const ADVICE: Readonly<Partial<Record<RegistryErrorCode, string>>> = {
  REGISTRY_UNAUTHORIZED:
    'Check the credentials for this host (Application Default Credentials, docker config).',
  REGISTRY_DENIED: 'Grant the account that is used here the permission named, or leave this repository out.',
  REGISTRY_NOT_FOUND: 'Check the host and the name.',
  REGISTRY_RATE_LIMITED: 'Run again later, or with less concurrency.',
  REGISTRY_UNAVAILABLE: 'Run again later.',
  REGISTRY_REDIRECT_REFUSED:
    'Redirects are followed for manifests only; name the host that really serves it.',
};

/** The error for a reply that was not the one asked for. */
export function failureOf(
  request: RequestLine,
  reply: { readonly status: number; readonly body: Uint8Array },
  secrets: readonly string[],
): RegistryError {
  const complaints = complaintsIn(reply.body, secrets);
  const code = codeOf(reply.status);
  const said = complaints.map((one) => (one.message === '' ? one.code : `${one.code} "${one.message}"`));
  const what = said.length === 0 ? `${reply.status}` : `${reply.status} ${said.join(', ')}`;
  const advice = ADVICE[code] ?? 'Check that this host is a registry that speaks the Docker Registry V2 API.';
  return new RegistryError(code, `${request.method} ${request.url} answered ${what}. ${advice}`, request, {
    status: reply.status,
    complaints,
    retryable: RETRYABLE_STATUSES.has(reply.status),
  });
}
