import { MAIN_PAGES, type MainPage, type Place } from '../../core/report-place.ts';
import { renderDocument } from '../document.ts';
import { type Html, html, NOTHING } from '../html.ts';
import type { Links } from '../page-links.ts';
import { formatDistance, formatTime, inReadersZone, type ReaderClock } from '../time-text.ts';

/** How a page is read: where the others are, when and in which zone, and by whom it is brought. */
export interface PageContext {
  readonly links: Links;
  readonly clock: ReaderClock;
  readonly isServed: boolean;
}

const NAMES: Readonly<Record<MainPage, string>> = {
  estate: 'Estate',
  runs: 'Runs',
  policies: 'Policies',
  findings: 'Findings',
  access: 'Keys and access',
  cost: 'Cost',
};

/** What a page says, without the frame that all of them have. */
export interface Page {
  /** The main page that it belongs to; null where it belongs to none. */
  readonly under: MainPage | null;
  readonly title: string;
  readonly body: Html;
}

/** A page of the report in a document of its own. */
export function renderPage({ under, title, body }: Page, context: PageContext): string {
  const { clock, isServed } = context;
  return renderDocument({
    title: title === 'Estate' ? 'gcr-warden' : `${title} · gcr-warden`,
    navigation: html`<a class="skip" href="#main">Skip to the content</a>${navigation(under, context)}`,
    body: bodyOf(body, clock),
    footer: footer(clock),
    isServed,
  });
}

/** What a page says, with the times in its sentences in the reader's zone. */
export function bodyOf(body: Html, clock: ReaderClock): Html {
  return { safe: inReadersZone(body.safe, clock) };
}

/** The bar with links to the main pages. */
export function navigation(under: MainPage | null, { links }: Pick<PageContext, 'links'>): Html {
  const items = MAIN_PAGES.map((page) => {
    const current = page === under ? html` aria-current="page"` : NOTHING;
    return html`<a href="${links.to({ page }) ?? ''}"${current}>${NAMES[page]}</a>`;
  });
  return html`<header class="bar"><div><span class="brand">gcr-warden</span><nav class="main" aria-label="Pages">${items}</nav></div></header>`;
}

export function footer(clock: ReaderClock): Html {
  return html`From the ledger alone, ${formatTime(clock.nowMs, clock)}. Times are in ${clock.timeZone}, days in UTC.`;
}

/** A link to a page, or its text where the page is not there. */
export function link(place: Place, text: Html | string, { links }: Pick<PageContext, 'links'>): Html {
  const to = links.to(place);
  return to === null ? html`${text}` : html`<a href="${to}">${text}</a>`;
}

/** A time, and how long ago that is. */
export function when(atMs: number, { clock }: Pick<PageContext, 'clock'>): Html {
  const iso = new Date(atMs).toISOString();
  return html`<time datetime="${iso}">${formatTime(atMs, clock)}</time> <span class="faint nowrap">· ${formatDistance(atMs, clock)}</span>`;
}

/** How long ago alone, the time for who asks for it. */
export function ago(atMs: number, { clock }: Pick<PageContext, 'clock'>): Html {
  return html`<time datetime="${new Date(atMs).toISOString()}" title="${formatTime(atMs, clock)}">${formatDistance(atMs, clock)}</time>`;
}

/** A number that matters, with its name above and what explains it below. */
export function tile(name: string, value: Html | string, more: Html | string | null = null): Html {
  return html`<div class="tile"><div class="what">${name}</div><div class="value">${value}</div>${more === null ? NOTHING : html`<p class="more">${more}</p>`}</div>`;
}

export function tiles(...all: readonly Html[]): Html {
  return html`<div class="tiles">${all}</div>`;
}

export function chip(text: string, tone: 'good' | 'bad' | 'warn' | 'plain'): Html {
  return html`<span class="chip ${tone}">${text}</span>`;
}

/** A name that breaks where its parts end, and not in the middle of a word. */
export function pathName(name: string): Html {
  return html`${name.split('/').map((part, at) => (at === 0 ? html`${part}` : html`/<wbr>${part}`))}`;
}

/** A count as people read it: `12,345`. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** The name of a repository, with its page behind it. */
export function repositoryLink(repository: string, context: Pick<PageContext, 'links'>): Html {
  return link({ page: 'repository', repository, shown: 'all', part: 1 }, pathName(repository), context);
}

/** A page that says what went wrong. */
export function problemPage(title: string, message: string): Page {
  return { under: null, title, body: html`<h1>${title}</h1><p>${message}</p>` };
}
