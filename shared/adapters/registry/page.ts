import type { Completeness } from '../../core/listing.ts';
import { RegistryError } from './registry-error.ts';
import type { Session, SessionReply, SessionRequest } from './session.ts';
import type { ReplyHeaders } from './transport.ts';

/** One page of a paged reply. */
export interface Page {
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a page brought. */
export interface PageCount {
  /** Lengths of its lists. Which of them a registry cuts is not known, so each may show a cut. */
  readonly lengths: readonly number[];
  /** Entries that no earlier page had. */
  readonly fresh: number;
}

export type Walk =
  | Completeness
  /** One page, as long as a page may be, and no word of a next one: the end, or a cut. */
  | { readonly kind: 'doubtful'; readonly entries: number; readonly reason: string };

/** Page sizes at which registries are known to cut, whatever was asked for (go-containerregistry #1643, #1645). */
const KNOWN_CAPS: ReadonlySet<number> = new Set([1_000, 10_000]);
/** Two million entries at the smallest page size we ask for. */
const PAGES_MAX = 2_000;
/** Some 230,000 entries of Google's map; more on one page is refused, never cut. */
const PAGE_SIZE_MAX_BYTES = 67_108_864;

/**
 * Follows a paged reply to its end, by `Link` header and by `next` in the body, on the same origin and path
 * only. `take` gets each page in its order.
 * @throws RegistryError for a first page that is none (any status but 200); whatever comes later is
 *   `incomplete` with its reason, because what was taken until then may be shown
 */
export async function walkPages(
  session: Session,
  request: Pick<SessionRequest, 'host' | 'scope'> & { readonly path: string; readonly pageSize: number },
  take: (page: Page) => PageCount,
): Promise<Walk> {
  const { host, scope, path, pageSize } = request;
  const waiting: string[] = [`${path}?n=${pageSize}`];
  const seen = new Set<string>();
  let forked = false;
  let pageCount = 0;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (pageCount >= PAGES_MAX) return cut(`it has more than ${PAGES_MAX} pages`);
    let reply: SessionReply;
    let page: Page;
    try {
      reply = await session.send({
        host,
        scope,
        path: next,
        method: 'GET',
        bodyLimitBytes: PAGE_SIZE_MAX_BYTES,
      });
      if (reply.status !== 200) throw reply.failure();
      page = readPage(reply);
    } catch (thrown) {
      if (pageCount === 0 || !(thrown instanceof RegistryError)) throw thrown;
      return cut(`page ${pageCount + 1} can't be read: ${thrown.message}`);
    }
    pageCount += 1;
    seen.add(normalised(reply.url));
    const { lengths, fresh } = take(page);

    const links = nextLinks(reply, page);
    if (links.kind === 'incomplete') return links;
    if (links.urls.length > 1) forked = true;
    for (const url of links.urls) {
      // Two ways to go on lead over the same pages twice; one way must never come back.
      if (seen.has(normalised(url))) {
        if (forked) continue;
        return cut(`page ${pageCount} leads back to a page that was read before`);
      }
      if (fresh === 0 && !forked && lengths.some((length) => length > 0))
        return cut(`page ${pageCount} repeats what earlier pages had`);
      seen.add(normalised(url));
      waiting.push(`${url.pathname}${url.search}`);
    }
    const atCap = lengths.find((length) => length === pageSize || KNOWN_CAPS.has(length));
    // A registry that named a next page before is believed when it names none.
    if (pageCount === 1 && links.urls.length === 0 && atCap !== undefined) {
      return {
        kind: 'doubtful',
        entries: atCap,
        reason: `it has exactly ${atCap} entries, a length at which registries cut, and no next page is named`,
      };
    }
  }
  return { kind: 'complete' };
}

function cut(reason: string): { readonly kind: 'incomplete'; readonly reason: string } {
  return { kind: 'incomplete', reason };
}

function readPage(reply: SessionReply): Page {
  const text = reply.body.toString('utf8');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new RegistryError(
      'REGISTRY_BODY_INVALID',
      `${reply.line.method} ${reply.line.url} answered with something that is not a JSON object, or is cut short. Nothing of it is used.`,
      reply.line,
      { status: reply.status },
    );
  }
  return { text, body: body as Record<string, unknown> };
}

/** The same page asked for with its parameters in another order is the same page. */
function normalised(url: URL): string {
  const sorted = new URLSearchParams([...url.searchParams].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  return `${url.pathname}?${sorted}`;
}

/** Where the next page is: nowhere, or one URL, or two where the header and the body disagree. */
function nextLinks(
  reply: SessionReply,
  page: Page,
):
  | { readonly kind: 'urls'; readonly urls: readonly URL[] }
  | { readonly kind: 'incomplete'; readonly reason: string } {
  const inBody = page.body['next'] ?? '';
  if (typeof inBody !== 'string') return cut('"next" is not a text');
  const inHeader = linkedNext(reply.headers);
  if (inHeader === undefined) return cut('its Link header names no readable next page');
  const urls = new Map<string, URL>();
  for (const text of [inHeader ?? '', inBody]) {
    if (text === '') continue;
    const url = URL.canParse(text, reply.url.href) ? new URL(text, reply.url) : null;
    if (url === null) return cut('the next page it names is not a URL');
    // The token we hold is for this place. Anything else is not asked, with the token or without.
    if (url.origin !== reply.url.origin || url.pathname !== reply.url.pathname) {
      return cut('the next page it names is at another place');
    }
    urls.set(normalised(url), url);
  }
  return { kind: 'urls', urls: [...urls.values()] };
}

/** The target of `rel="next"` (RFC 8288); null where there is no such link, undefined where it can't be read. */
function linkedNext(headers: ReplyHeaders): string | null | undefined {
  const value = headers['link'];
  const lines = value === undefined ? [] : typeof value === 'string' ? [value] : value;
  const found: string[] = [];
  for (const line of lines) {
    for (const [, target = '', parameters = ''] of line.matchAll(/<([^<>]*)>([^<>]*)/g)) {
      if (/;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)/i.test(parameters)) found.push(target);
    }
    // A header that speaks of a next page in a form we can't read must not pass for none.
    if (found.length === 0 && /\bnext\b/i.test(line)) return undefined;
  }
  return found.length > 1 ? undefined : (found[0] ?? null);
}
