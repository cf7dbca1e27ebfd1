import { halfTaken } from '../core/half-taken.ts';
import type { Logger } from '../ports.ts';
import type { StepResult } from './apply-request.ts';

/** Tells of images that a run left without their tags or signatures, with the command that brings those back. */
export function tellHalfTaken(
  logger: Logger,
  run: { readonly repository: string; readonly runId: string },
  results: readonly StepResult[],
): void {
  const mend = `gcr-warden restore ${run.runId}`;
  for (const { isToStay, ...lost } of halfTaken(results)) {
    if (isToStay) {
      const message = 'an image that stays has lost what belongs to it';
      logger.log('ERROR', message, { repository: run.repository, ...lost, mend });
      continue;
    }
    // Later runs may name it by another rule, so that it is no fault yet.
    const message =
      'an image has lost its tags and was not deleted: it stays unless a rule names it without them';
    logger.log('WARNING', message, { repository: run.repository, ...lost, mend });
  }
}
