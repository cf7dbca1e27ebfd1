import type { HttpFunction, Request } from '@google-cloud/functions-framework';
import { readImage } from '../../shared/app/report/image.ts';
import { type PageView, readPage } from '../../shared/app/report/read-page.ts';
import { SHOWN } from '../../shared/core/artifact-row.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import { parseImageReference } from '../../shared/core/reference.ts';
import { MAIN_PAGES, type Place } from '../../shared/core/report-place.ts';
import { isTimeZone } from '../../shared/core/schedule.ts';
import type { Clock, Ledger, Logger } from '../../shared/ports.ts';
import { CONTENT_SECURITY_POLICY } from '../../shared/report/document.ts';
import { servedLinks } from '../../shared/report/page-links.ts';
import { type PageContext, problemPage, renderPage } from '../../shared/report/pages/frame.ts';
import { pageOf } from '../../shared/report/pages/index.ts';

export interface ReportPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Answers these codes with 404 and their message: they are about what was asked for. */
const NOT_FOUND: ReadonlySet<string> = new Set([
  'IMAGE_UNKNOWN',
  'PAGE_UNKNOWN',
  'REFERENCE_INVALID',
  'REPOSITORY_UNKNOWN',
  'RUN_UNKNOWN',
]);

/**
 * HTTP, authenticated in front of it → the report pages. Reads only. A page is named by the query: `?page=runs`,
 * `?repository=HOST/NAME`, `?run=ID&repository=HOST/NAME`, `?image=HOST/NAME@sha256:…`, and with `&zone=Europe/Berlin`
 * its times are in a zone.
 */
export function reportHandler(logger: Logger, open: () => Promise<ReportPorts>): HttpFunction {
  return async (request, response) => {
    response.set({
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
    });
    const query = queryOf(request);
    const zone = query('zone');
    const timeZone = zone !== null && isTimeZone(zone) ? zone : null;
    const context = (nowMs: number): PageContext => ({
      links: servedLinks(timeZone),
      clock: { nowMs, timeZone: timeZone ?? 'UTC' },
      isServed: true,
    });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const page = problemPage('Not allowed', 'This page can only be read.');
      response
        .status(405)
        .set('Allow', 'GET, HEAD')
        .send(renderPage(page, context(Date.now())));
      return;
    }
    try {
      const { ledger, clock } = await open();
      const nowMs = clock();
      const view = await viewOf(query, ledger, nowMs);
      const here = context(nowMs);
      response.status(200).send(renderPage(pageOf(view, here), here));
    } catch (problem) {
      const isKnown = problem instanceof WardenError && NOT_FOUND.has(problem.code);
      if (!isKnown) logger.log('ERROR', 'page failed', { reason: messageOf(problem) });
      const [title, message] = isKnown
        ? ['Not found', messageOf(problem)]
        : [
            'The ledger could not be read',
            'Why stands in the log of the function. Nothing is shown rather than a part of it.',
          ];
      const page = renderPage(problemPage(title, message), context(Date.now()));
      response.status(isKnown ? 404 : 500).send(page);
    }
  };
}

type Query = (name: string) => string | null;

/** A field that comes twice has no value. */
function queryOf({ query }: Request): Query {
  return (name) => {
    const value = query[name];
    return typeof value === 'string' && value !== '' ? value : null;
  };
}

/**
 * Reads what is asked for. An image may be named by a tag as well, which stands for the digest that it is on.
 * @throws WardenError with a code of `NOT_FOUND`, and what the ledger throws
 */
async function viewOf(query: Query, ledger: Ledger, nowMs: number): Promise<PageView> {
  const image = query('image');
  return image === null
    ? await readPage(ledger, placeOf(query), nowMs)
    : { page: 'image', view: await readImage(ledger, parseImageReference(image), nowMs) };
}

/** @throws WardenError PAGE_UNKNOWN */
function placeOf(query: Query): Place {
  const repository = query('repository');
  const runId = query('run');
  if (runId !== null && repository !== null) return { page: 'run', runId, repository };
  if (repository !== null) {
    const shown = SHOWN.find((one) => one === query('show')) ?? 'all';
    const part = Number(query('part') ?? 1);
    const search = query('q') ?? '';
    return { page: 'repository', repository, shown, part: Number.isSafeInteger(part) ? part : 1, search };
  }
  const name = query('page') ?? 'estate';
  const page = MAIN_PAGES.find((one) => one === name);
  if (page === undefined) {
    throw new WardenError('PAGE_UNKNOWN', `There is no page ${name}; there are ${MAIN_PAGES.join(', ')}.`);
  }
  return { page };
}
