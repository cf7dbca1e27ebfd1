import { randomBytes } from 'node:crypto';
import type { TraceContext } from '../../core/trace-context.ts';

/** Names a piece of work within the trace that set it going, or begins a trace where there is none. */
export function newSpan(parent: TraceContext | null): TraceContext {
  return {
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    isSampled: parent?.isSampled ?? false,
  };
}
