import type { Request } from '@google-cloud/functions-framework';
import { newSpan } from '../../shared/adapters/identity/span.ts';
import { formatTraceparent, parseTraceparent, type TraceContext } from '../../shared/core/trace-context.ts';
import type { Logger, Publisher } from '../../shared/ports.ts';

/** One call of a function: what it logs and publishes belongs to the trace of what set it going. */
export interface Span {
  readonly logger: Logger;
  /** The same publisher, whose messages carry the trace on. */
  carrying(publisher: Publisher): Publisher;
}

/** The attribute and header of W3C Trace Context, and the attribute that Google's Pub/Sub clients write. */
const TRACEPARENT = 'traceparent';
const GOOGLE_TRACEPARENT = 'googclient_traceparent';

/**
 * The span of one call. A message's own trace counts before that of the request which delivered it; where neither
 * has one, a trace begins here.
 */
export function openSpan(
  logger: Logger,
  request: Request,
  attributes: Readonly<Record<string, string>> = {},
): Span {
  const written = [attributes[TRACEPARENT], attributes[GOOGLE_TRACEPARENT], request.headers[TRACEPARENT]];
  const parent = written.reduce<TraceContext | null>(
    (found, text) => found ?? (typeof text === 'string' ? parseTraceparent(text) : null),
    null,
  );
  const span = newSpan(parent);
  return {
    logger: logger.within?.(span) ?? logger,
    carrying: (publisher) => ({
      publish: (topic, data, more = {}) =>
        publisher.publish(topic, data, { ...more, [TRACEPARENT]: formatTraceparent(span) }),
    }),
  };
}
