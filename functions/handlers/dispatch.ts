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
  return async (_request, response) => {
    await answerRequest(logger, response, async () => {
      const { ports, targets } = await open();
      return dispatch({ ...ports, logger }, targets);
    });
  };
}
