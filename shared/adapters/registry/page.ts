import type { Completeness } from '../../core/listing.ts';
import { RegistryError, type RequestLine, requestLine } from './registry-error.ts';
import type { Session, SessionReply, SessionRequest } from './session.ts';
import type { ReplyHeaders } from './transport.ts';

/** What the end of a page told. */
export interface PageEnd {
  /** The body's own word for the next page: empty for none, null where it is no text. */
  readonly next: string | null;
  /** Lengths of its lists. Which of them a registry cuts is not known, so each may show a cut. */
  readonly lengths: readonly number[];
}

/** First and last entry of a page whose entries stand in ascending order. */
export interface Span {
  readonly first: string;
  readonly last: string;
}

/** Reads one page while it comes in. */
export interface PageReader {
  /** Takes the next piece; false where this is no such page. */
  write(piece: Buffer): boolean;
  /** Called after the last piece; null where the page is cut short, or is none. */
  end(): PageEnd | null;
  /** null where its entries don't stand in ascending order, or where their order says nothing. */
  span(): Span | null;
}

/** A paged reply, and what is done with its pages. */
export interface PagedRequest<Reader extends PageReader> extends Pick<SessionRequest, 'host' | 'scope'> {
  readonly path: string;
  readonly pageSize: number;
  readonly open: () => Reader;
  /** Gets each page in its order; returns how many of its entries no earlier page had. */
  readonly take: (page: Reader) => number;
  /** Asked at the end of more than one page: whether the first page, read again, says what it said. */
  readonly isUnchanged: (first: Reader) => boolean;
}

export type Walk =
  | Completeness
  /** One page, as long as a page may be, and no word of a next one: the end, or a cut. */
  | { readonly kind: 'doubtful'; readonly entries: number; readonly reason: string }
  /** It was not the same at the end as at the beginning: reading it once more may do. */
  | { readonly kind: 'changed'; readonly reason: string };

/** Page sizes at which registries are known to cut, whatever was asked for (go-containerregistry #1643, #1645). */
const KNOWN_CAPS: ReadonlySet<number> = new Set([1_000, 10_000]);
/** Two million entries at the smallest page size we ask for. */
const PAGES_MAX = 2_000;
/** Classic registries send everything on one page: some two million entries of Google's map. Never cut, but refused. */
const PAGE_SIZE_MAX_BYTES = 536_870_912;

interface Fetched<Reader> {
  readonly reply: SessionReply;
  readonly page: Reader;
  readonly end: PageEnd;
}

/** A page that is asked for, perhaps before the one that leads to it was read to its end. */
interface Fetching<Reader> {
  readonly fetched: Promise<Fetched<Reader>>;
  /** Called with the next page that the headers name, as soon as they are there and this page's turn has come. */
  onTurn(begin: (next: URL) => void): void;
  /** Ends the reading of a page that nobody will take. */
  abandon(): void;
}

/**
 * Follows a paged reply to its end, by `Link` header and by `next` in the body, on the same origin and path
 * only. The page that a `Link` names is asked for while the one before it comes in, and never more than that
 * one.
 * @throws RegistryError for a first page that is none (any status but 200); whatever comes later is
 *   `incomplete` with its reason, because what was taken until then may be shown
 */
export async function walkPages<Reader extends PageReader>(
  session: Session,
  request: PagedRequest<Reader>,
): Promise<Walk> {
  const ahead = new Map<string, Fetching<Reader>>();
  try {
    return await follow(session, request, ahead);
  } finally {
    for (const fetching of ahead.values()) fetching.abandon();
  }
}

/** Does what `walkPages` says. `ahead` holds the page that is asked for before its turn, by its normalised URL. */
async function follow<Reader extends PageReader>(
  session: Session,
  request: PagedRequest<Reader>,
  ahead: Map<string, Fetching<Reader>>,
): Promise<Walk> {
  const { path, pageSize, take } = request;
  const first = `${path}?n=${pageSize}`;
  const firstUrl = session.urlOf(request.host, first);
  const firstKey = normalised(firstUrl);
  const waiting: { readonly url: URL; readonly key: string }[] = [{ url: firstUrl, key: firstKey }];
  const seen = new Set<string>([firstKey]);
  let forked = false;
  let pageCount = 0;
  let previous: { readonly span: Span; readonly resumeAfter: string } | null = null;
  for (let turn = waiting.shift(); turn !== undefined; turn = waiting.shift()) {
    const { url, key } = turn;
    if (pageCount >= PAGES_MAX) return cut(`it has more than ${PAGES_MAX} pages`);
    const fetching = ahead.get(key) ?? fetchPage(session, request, url);
    ahead.delete(key);
    fetching.onTurn((next) => {
      const nextKey = normalised(next);
      if (ahead.size > 0 || seen.has(nextKey) || pageCount + 1 >= PAGES_MAX) return;
      ahead.set(nextKey, fetchPage(session, request, next));
    });
    let fetched: Fetched<Reader>;
    try {
      fetched = await fetching.fetched;
    } catch (thrown) {
      if (pageCount === 0 || !(thrown instanceof RegistryError)) throw thrown;
      return cut(`page ${pageCount + 1} can't be read: ${thrown.message}`);
    }
    const { reply, page, end } = fetched;
    pageCount += 1;
    const span = page.span();
    if (previous !== null && span !== null && skips(previous, span)) {
      return cut(`page ${pageCount} jumps past what follows ${previous.span.last}`);
    }
    const fresh = take(page);

    const links = nextLinks(reply, end);
    if (links.kind === 'incomplete') return links;
    if (links.urls.length > 1) forked = true;
    for (const next of links.urls) {
      const nextKey = normalised(next);
      // Two ways to go on lead over the same pages twice; one way must never come back.
      if (seen.has(nextKey)) {
        if (forked) continue;
        return cut(`page ${pageCount} leads back to a page that was read before`);
      }
      if (fresh === 0 && !forked && end.lengths.some((length) => length > 0))
        return cut(`page ${pageCount} repeats what earlier pages had`);
      seen.add(nextKey);
      waiting.push({ url: next, key: nextKey });
    }
    const resumeAfter = forked ? null : (links.urls[0]?.searchParams.get('last') ?? null);
    previous = span === null || resumeAfter === null ? null : { span, resumeAfter };
    const atCap = end.lengths.find((length) => length === pageSize || KNOWN_CAPS.has(length));
    // A registry that named a next page before is believed when it names none.
    if (pageCount === 1 && links.urls.length === 0 && atCap !== undefined) {
      return {
        kind: 'doubtful',
        entries: atCap,
        reason: `it has exactly ${atCap} entries, a length at which registries cut, and no next page is named`,
      };
    }
  }
  return pageCount === 1 ? { kind: 'complete' } : readAgain(session, request, firstUrl);
}

/**
 * What was deleted or pushed while the pages were read can have moved an entry from a page that was still to
 * come to one that was read. It would have moved the first page's entries too, where pages are cut by count; and
 * pages that are cut by name hide nothing.
 */
async function readAgain<Reader extends PageReader>(
  session: Session,
  request: PagedRequest<Reader>,
  firstUrl: URL,
): Promise<Walk> {
  try {
    const { page } = await fetchPage(session, request, firstUrl).fetched;
    if (request.isUnchanged(page)) return { kind: 'complete' };
    return { kind: 'changed', reason: 'it changed while its pages were read' };
  } catch (thrown) {
    if (!(thrown instanceof RegistryError)) throw thrown;
    return cut(`its first page can't be read again: ${thrown.message}`);
  }
}

function cut(reason: string): { readonly kind: 'incomplete'; readonly reason: string } {
  return { kind: 'incomplete', reason };
}

/** Whether a page was to go on after an entry that no page had, and did. */
function skips(previous: { readonly span: Span; readonly resumeAfter: string }, { first }: Span): boolean {
  return previous.resumeAfter > previous.span.last && previous.resumeAfter < first;
}

function fetchPage<Reader extends PageReader>(
  session: Session,
  request: Pick<PagedRequest<Reader>, 'host' | 'scope' | 'open'>,
  url: URL,
): Fetching<Reader> {
  let linked: URL | null = null;
  let isWanted = true;
  let begin: ((next: URL) => void) | null = null;
  const fetch = async (): Promise<Fetched<Reader>> => {
    const line = requestLine('GET', url);
    let page: Reader | null = null;
    const reply = await session.send({
      host: request.host,
      scope: request.scope,
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      bodyLimitBytes: PAGE_SIZE_MAX_BYTES,
      maySend: () => isWanted,
      receive: (status, headers) => {
        if (status !== 200) return null;
        // Of an attempt that broke off nothing is kept.
        const reader = request.open();
        page = reader;
        const target = linkedNext(headers);
        linked = typeof target === 'string' ? nextAt(target, url) : null;
        if (linked !== null) begin?.(linked);
        return {
          write: (piece) => {
            if (!isWanted || !reader.write(piece)) throw notAPage(line, status);
          },
        };
      },
    });
    if (reply.status !== 200) throw reply.failure();
    // Set where `receive` is called; a compiler can't see that.
    const received = page as Reader | null;
    const end = received?.end() ?? null;
    if (received === null || end === null) throw notAPage(line, reply.status);
    return { reply, page: received, end };
  };
  const fetched = fetch();
  // Whoever takes the page sees the failure; a page that nobody takes any more may fail.
  fetched.catch(() => {});
  return {
    fetched,
    onTurn(then) {
      begin = then;
      if (linked !== null) then(linked);
    },
    abandon() {
      isWanted = false;
    },
  };
}

function notAPage(line: RequestLine, status: number): RegistryError {
  return new RegistryError(
    'REGISTRY_BODY_INVALID',
    `${line.method} ${line.url} answered with something that is not a JSON object, or is cut short. Nothing of it is used.`,
    line,
    { status },
  );
}

/**
 * Reads one page by itself, whatever follows it.
 * @throws RegistryError for what is no page, any status but 200 among it
 */
export async function readOnePage<Reader extends PageReader>(
  session: Session,
  request: Pick<PagedRequest<Reader>, 'host' | 'scope' | 'path' | 'pageSize' | 'open'>,
): Promise<Reader> {
  const url = session.urlOf(request.host, `${request.path}?n=${request.pageSize}`);
  return (await fetchPage(session, request, url).fetched).page;
}

/** The same page asked for with its parameters in another order is the same page. */
function normalised(url: URL): string {
  const sorted = new URLSearchParams([...url.searchParams].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  return `${url.pathname}?${sorted}`;
}

/** The next page's URL where it is one that may be asked: at the same place. The token we hold is for that alone. */
function nextAt(text: string, from: URL): URL | null {
  const url = URL.canParse(text, from.href) ? new URL(text, from) : null;
  return url !== null && url.origin === from.origin && url.pathname === from.pathname ? url : null;
}

/** Where the next page is: nowhere, or one URL, or two where the header and the body disagree. */
function nextLinks(
  reply: SessionReply,
  { next }: PageEnd,
):
  | { readonly kind: 'urls'; readonly urls: readonly URL[] }
  | { readonly kind: 'incomplete'; readonly reason: string } {
  if (next === null) return cut('"next" is not a text');
  const inHeader = linkedNext(reply.headers);
  if (inHeader === undefined) return cut('its Link header names no readable next page');
  const urls = new Map<string, URL>();
  for (const text of [inHeader ?? '', next]) {
    if (text === '') continue;
    if (!URL.canParse(text, reply.url.href)) return cut('the next page it names is not a URL');
    const url = nextAt(text, reply.url);
    // Anything else is not asked, with the token or without.
    if (url === null) return cut('the next page it names is at another place');
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
  // `<>` is this page itself, and no word of an end.
  return found.length > 1 || found[0] === '' ? undefined : (found[0] ?? null);
}
