import type { Dialect } from './dialect.ts';
import { problem } from './problem.ts';
import type { Reply } from './reply.ts';

/** What a client asks of a listing. */
export interface PageRequest {
  /** null where the client leaves the size to the registry. */
  readonly size: number | null;
  /** The entry after which the page begins, or null for the first page. */
  readonly after: string | null;
}

/** A part of a sorted list. */
export interface Page {
  readonly entries: readonly string[];
  /** The last entry of this page where more follow, or null at the end. */
  readonly resumeAfter: string | null;
}

/** A page that goes on, as header and as URL; both empty where the dialect or the end leaves them out. */
export interface PageHint {
  readonly headers: Readonly<Record<string, string>>;
  readonly next: string;
}

const AFTER_LENGTH_MAX = 512;

/** Reads `n` and `last`; an unreadable one is answered as the distribution specification says. */
export function parsePageRequest(query: URLSearchParams): PageRequest | Reply {
  const n = query.get('n');
  if (n !== null && !/^[1-9][0-9]{0,8}$/.test(n)) {
    return problem(400, 'PAGINATION_NUMBER_INVALID', 'n has to be a whole number of at least 1');
  }
  const after = query.get('last');
  if (after !== null && after.length > AFTER_LENGTH_MAX) {
    return problem(400, 'PAGINATION_NUMBER_INVALID', `last is longer than ${AFTER_LENGTH_MAX} characters`);
  }
  return { size: n === null ? null : Number(n), after };
}

/** Cuts a page out of a list that is sorted by code units. */
export function cutPage(sorted: readonly string[], request: PageRequest, cap: number): Page {
  const begin = request.after === null ? 0 : firstAfter(sorted, request.after);
  const end = begin + Math.min(request.size ?? cap, cap);
  const entries = sorted.slice(begin, end);
  return { entries, resumeAfter: end < sorted.length ? (entries.at(-1) ?? null) : null };
}

function firstAfter(sorted: readonly string[], after: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') > after) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How a page tells that there is more, as the dialect has it. `path` begins with `/v2/`. */
export function pageHint(
  page: Page,
  request: PageRequest,
  dialect: Dialect,
  host: string,
  path: string,
): PageHint {
  if (page.resumeAfter === null || dialect.paging === 'none') return { headers: {}, next: '' };
  const query = new URLSearchParams({
    n: String(Math.min(request.size ?? dialect.pageCap, dialect.pageCap)),
    last: page.resumeAfter,
  });
  const target = `${path}?${query}`;
  return {
    headers: dialect.paging === 'next' ? {} : { Link: `<${target}>; rel="next"` },
    next: dialect.paging === 'link' ? '' : `http://${host}${target}`,
  };
}
