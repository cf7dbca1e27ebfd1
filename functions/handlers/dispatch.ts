import type { HttpFunction } from '@google-cloud/functions-framework';
import { type DispatchPorts, dispatch } from '../../shared/app/dispatch.ts';
import type { Target } from '../../shared/core/reference.ts';
import { answerRequest } from './reply.ts';

/** Cloud Scheduler, every few minutes → one message a repository that is due. */
export function dispatchHandler(
  open: () => Promise<{ readonly ports: DispatchPorts; readonly targets: readonly Target[] }>,
): HttpFunction {
  return async (_request, response) => {
    const { ports, targets } = await open();
    await answerRequest(ports.logger, response, () => dispatch(ports, targets));
  };
}
