import { isTold, type LogSeverity } from '../../core/log-severity.ts';
import type { TraceContext } from '../../core/trace-context.ts';
import type { Logger } from '../../ports.ts';

export interface JsonLoggerOptions {
  /** What is less severe is not written; `INFO` where it is left out. */
  readonly from?: LogSeverity;
  /** The Google Cloud project that traces are kept in. Left out, entries have trace ids that nothing links to. */
  readonly project?: string | null;
}

/** Fields that entries are looked for by; Cloud Logging keeps an index of labels. */
const LABELS = ['repository', 'runId', 'policy', 'project'] as const;

/**
 * One JSON line an entry, in the form that Cloud Logging reads from standard output: `severity`, `message`, the
 * trace and labels under the names that it knows, everything else under `jsonPayload`.
 */
export function createJsonLogger(
  write: (line: string) => void,
  { from = 'INFO', project = null }: JsonLoggerOptions = {},
): Logger {
  const entryOf = (trace: TraceContext | null) => (fields: Readonly<Record<string, unknown>>) => {
    const labels = LABELS.flatMap((name) => (typeof fields[name] === 'string' ? [[name, fields[name]]] : []));
    return {
      ...fields,
      ...(labels.length === 0 ? {} : { 'logging.googleapis.com/labels': Object.fromEntries(labels) }),
      ...(trace === null ? {} : traceFields(trace, project)),
    };
  };
  const within = (trace: TraceContext | null): Logger => {
    const entry = entryOf(trace);
    return {
      tellsDecisions: from === 'DEBUG',
      within,
      log(severity, message, fields = {}) {
        if (!isTold(severity, from)) return;
        write(`${JSON.stringify({ severity, message, ...entry(fields) })}\n`);
      },
    };
  };
  return within(null);
}

function traceFields({ traceId, spanId, isSampled }: TraceContext, project: string | null): object {
  return {
    'logging.googleapis.com/trace': project === null ? traceId : `projects/${project}/traces/${traceId}`,
    'logging.googleapis.com/spanId': spanId,
    'logging.googleapis.com/trace_sampled': isSampled,
  };
}
