import { sha256 } from '../core/hash.ts';
import type { Place } from '../core/report-place.ts';

/** Where pages are, for whoever links to them. */
export interface Links {
  /** What stands in `href`; null where there is no such page. */
  readonly to: (place: Place) => string | null;
  /** The same for the part of a page whose heading has this id. */
  readonly within: (place: Place, id: string) => string | null;
  /** Whether headings have ids: only where each page is a document of its own. */
  readonly headings: boolean;
  /** Whether a page answers a search. */
  readonly search: boolean;
  /** Hidden fields that a search sends besides its words. */
  readonly kept: Readonly<Record<string, string>>;
}

/**
 * Links of pages that a function serves, wherever it is mounted: each is a query of the one address.
 * @param timeZone an IANA name that the reader asked for; null where times are in UTC
 */
export function servedLinks(timeZone: string | null): Links {
  const kept: Readonly<Record<string, string>> = timeZone === null ? {} : { zone: timeZone };
  const to = (place: Place): string => `?${new URLSearchParams({ ...queryOf(place), ...kept })}`;
  return {
    to,
    within: (place, id) => `${to(place)}#${id}`,
    headings: true,
    search: true,
    kept,
  };
}

function queryOf(place: Place): Record<string, string> {
  switch (place.page) {
    case 'run':
      return { run: place.runId, repository: place.repository };
    case 'repository': {
      const { repository, shown, part, search = '' } = place;
      return {
        repository,
        ...(shown === 'all' ? {} : { show: shown }),
        ...(part === 1 ? {} : { part: String(part) }),
        ...(search === '' ? {} : { q: search }),
      };
    }
    case 'image':
      return { image: `${place.repository}@${place.digest}` };
    default:
      return { page: place.page };
  }
}

/**
 * Links of pages in one folder, relative to each other.
 * @param has whether a page is written
 */
export function folderLinks(has: (place: Place) => boolean): Links {
  return {
    to: (place) => (has(place) ? fileNameOf(place) : null),
    within: (place, id) => (has(place) ? `${fileNameOf(place)}#${id}` : null),
    headings: true,
    search: false,
    kept: {},
  };
}

/**
 * Links of pages that are sections of one file.
 * @param has whether a page is written
 */
export function sectionLinks(has: (place: Place) => boolean): Links {
  const to = (place: Place): string | null => (has(place) ? `#${sectionIdOf(place)}` : null);
  return { to, within: to, headings: false, search: false, kept: {} };
}

/** The id of a page's section, where all pages are in one file. */
export function sectionIdOf(place: Place): string {
  return fileNameOf(place).replace(/\.html$/, '');
}

/** The file of a page: readable, and different for every other page whatever names hold. */
export function fileNameOf(place: Place): string {
  switch (place.page) {
    case 'estate':
      return 'index.html';
    case 'run':
      return `run-${slug(`${place.repository} ${place.runId}`, 0)}.html`;
    case 'repository': {
      const shown = place.shown === 'all' ? '' : `-${place.shown}`;
      return `repository-${slug(place.repository, 60)}${shown}${place.part === 1 ? '' : `-${place.part}`}.html`;
    }
    case 'image':
      return `image-${slug(`${place.repository}@${place.digest}`, 0)}.html`;
    default:
      return `${place.page}.html`;
  }
}

/** A name's letters and digits, as many as are asked for, and the beginning of its hash. */
function slug(name: string, charactersMax: number): string {
  const hash = sha256(name).slice('sha256:'.length).slice(0, 16);
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, charactersMax);
  return readable === '' ? hash : `${readable}-${hash}`;
}
