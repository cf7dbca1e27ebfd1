/** How much an entry of a log matters, the least first. */
const LOG_SEVERITIES = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;

export type LogSeverity = (typeof LOG_SEVERITIES)[number];

/** The severity that a text names, in whatever case; null where it names none. */
export function parseLogSeverity(text: string): LogSeverity | null {
  return LOG_SEVERITIES.find((one) => one === text.trim().toUpperCase()) ?? null;
}

/** Whether an entry is told where everything from a severity on is. */
export function isTold(severity: LogSeverity, from: LogSeverity): boolean {
  return LOG_SEVERITIES.indexOf(severity) >= LOG_SEVERITIES.indexOf(from);
}
