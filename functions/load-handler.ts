import type { HttpFunction } from '@google-cloud/functions-framework';
import { messageOf } from '../shared/core/error.ts';
import { logger, once } from './open-ports.ts';

/**
 * A handler that is loaded with its first request. The platform starts an instance for a request and holds that back
 * until the instance listens, so what is loaded before comes on top of all that the request waits for anyway.
 */
export function loadHandler(load: () => Promise<HttpFunction>): HttpFunction {
  const loaded = once(load);
  return async (request, response) => {
    let handler: HttpFunction;
    try {
      handler = await loaded();
    } catch (problem) {
      logger.log('ERROR', 'the function could not be loaded', { reason: messageOf(problem) });
      response.status(500).json({ code: 'INTERNAL' });
      return;
    }
    await handler(request, response);
  };
}
