import type { HttpFunction } from '@google-cloud/functions-framework';
import { type DispatchPorts, dispatch } from '../../shared/app/dispatch.ts';
import type { Target } from '../../shared/core/reference.ts';
import type { Logger } from '../../shared/ports.ts';
import { answerRequest } from './reply.ts';

/** Cloud Scheduler, every few minutes → one message a repository that is due. */
export function dispatchHandler(
  logger: Logger,
  open: () => Promise<{ readonly ports: Omit<DispatchPorts, 'logger'>; readonly targets: readonly Target[] }>,
): HttpFunction {
  return async (request, response) => {
    await answerRequest(logger, request, response, async (span) => {
      const { ports, targets } = await open();
      const publisher = span.carrying(ports.publisher);
      return dispatch({ ...ports, publisher, logger: span.logger }, targets);
    });
  };
}
