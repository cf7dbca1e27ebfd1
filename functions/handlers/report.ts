import type { HttpFunction } from '@google-cloud/functions-framework';
import { explainImage } from '../../shared/app/explain-image.ts';
import { readOverview } from '../../shared/app/overview.ts';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import { parseImageReference } from '../../shared/core/reference.ts';
import type { Clock, Ledger, Logger } from '../../shared/ports.ts';
import {
  CONTENT_SECURITY_POLICY,
  renderImagePage,
  renderOverviewPage,
  renderProblemPage,
} from '../../shared/report/page.ts';

export interface ReportPorts {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Answers these codes with 404 and their message: they are about what was asked for. */
const NOT_FOUND: ReadonlySet<string> = new Set(['IMAGE_UNKNOWN', 'REFERENCE_INVALID']);

/** HTTP, authenticated in front of it → the report pages: `/` and `/?image=HOST/NAME@sha256:…`. Reads only. */
export function reportHandler(logger: Logger, open: () => Promise<ReportPorts>): HttpFunction {
  return async (request, response) => {
    response.set({
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
    });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.status(405).set('Allow', 'GET, HEAD').send(renderProblemPage('This page can only be read.'));
      return;
    }
    const image = request.query['image'];
    try {
      const ports = await open();
      const body =
        typeof image === 'string'
          ? renderImagePage(await explainImage(ports.ledger, parseImageReference(image)), ports.clock())
          : renderOverviewPage(await readOverview(ports.ledger, ports.clock));
      response.status(200).send(body);
    } catch (problem) {
      const known = problem instanceof WardenError && NOT_FOUND.has(problem.code);
      if (!known) logger.log('ERROR', 'page failed', { reason: messageOf(problem) });
      response
        .status(known ? 404 : 500)
        .send(renderProblemPage(known ? messageOf(problem) : 'The ledger could not be read.'));
    }
  };
}
