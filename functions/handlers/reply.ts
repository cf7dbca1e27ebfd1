import type { Request, Response } from '@google-cloud/functions-framework';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import { type PushMessage, parsePushMessage } from '../../shared/core/push-message.ts';
import type { Logger } from '../../shared/ports.ts';
import { openSpan, type Span } from './span.ts';

/**
 * Answers one delivery of a push subscription. 204 acknowledges, and is sent only after `work` resolved; 500
 * asks for the message again. What is no delivery at all gets 400: Pub/Sub never sends such a thing.
 */
export async function answerDelivery(
  logger: Logger,
  request: Request,
  response: Response,
  work: (message: PushMessage, span: Span) => Promise<void>,
): Promise<void> {
  let message: PushMessage;
  try {
    message = parsePushMessage(request.body);
  } catch (problem) {
    openSpan(logger, request).logger.log('WARNING', 'request refused', { reason: messageOf(problem) });
    response.status(400).json({ code: codeOf(problem), message: messageOf(problem) });
    return;
  }
  const span = openSpan(logger, request, message.attributes);
  try {
    await work(message, span);
    response.status(204).end();
  } catch (problem) {
    // The framework would put a thrown message into the body; ours says only which code to look for.
    span.logger.log('ERROR', 'delivery will be tried again', {
      messageId: message.messageId,
      code: codeOf(problem),
      reason: messageOf(problem),
    });
    response.status(500).json({ code: codeOf(problem), messageId: message.messageId });
  }
}

/** Runs a scheduled or requested piece of work and answers with its result as JSON. */
export async function answerRequest(
  logger: Logger,
  request: Request,
  response: Response,
  work: (span: Span) => Promise<unknown>,
): Promise<void> {
  const span = openSpan(logger, request);
  try {
    response.status(200).json(await work(span));
  } catch (problem) {
    span.logger.log('ERROR', 'request failed', { code: codeOf(problem), reason: messageOf(problem) });
    response.status(500).json({ code: codeOf(problem) });
  }
}

function codeOf(problem: unknown): string {
  return problem instanceof WardenError ? problem.code : 'INTERNAL';
}
