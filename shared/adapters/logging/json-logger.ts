import type { Logger } from '../../ports.ts';

/**
 * One JSON line an entry, in the form that Cloud Logging reads from standard output (`severity`, `message`,
 * everything else under `jsonPayload`).
 */
export function createJsonLogger(write: (line: string) => void): Logger {
  return {
    log(severity, message, fields = {}) {
      write(`${JSON.stringify({ severity, message, ...fields })}\n`);
    },
  };
}
