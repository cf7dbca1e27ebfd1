import { Option } from 'commander';
import type { OpenRegistry, RegistryAccess } from '../shared/adapters/registry/open.ts';
import { WardenError } from '../shared/core/error.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../shared/core/units.ts';
import { onFirstInterrupt } from './terminal.ts';

const UNITS_MS = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS } as const;
const DEADLINE_MAX_MS = 24 * HOUR_MS;

/** `--deadline`: how long a command may work, in milliseconds. `left` says what becomes of the rest. */
export function deadlineOption(left: string): Option {
  return new Option(
    '--deadline <time>',
    `end after this time with what was done by then, such as \`30s\`, \`10m\` or \`2h\`; ${left}`,
  ).argParser(parseDeadline);
}

function parseDeadline(text: string): number {
  const [, digits = '', unit = ''] = /^([1-9][0-9]{0,4})([smh])$/.exec(text) ?? [];
  const deadlineMs = digits === '' ? 0 : Number(digits) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (deadlineMs > 0 && deadlineMs <= DEADLINE_MAX_MS) return deadlineMs;
  throw new WardenError(
    'OPTION_INVALID',
    `--deadline is a whole number with s, m or h, at most 24h, for example 10m, and ${JSON.stringify(text)} is not.`,
  );
}

/** The end of one run of a command. */
export interface RunEnd {
  /** null: it may take as long as it takes. */
  readonly atMs: number | null;
  /** Aborts then; null where nothing can end it. */
  readonly signal: AbortSignal | null;
}

/** Begins to count. Called where the work begins, after every question. */
export function beginRun(deadlineMs: number | undefined): RunEnd {
  if (deadlineMs === undefined) return { atMs: null, signal: null };
  return { atMs: Date.now() + deadlineMs, signal: AbortSignal.timeout(deadlineMs) };
}

/**
 * The same for what only reads, which Ctrl-C ends as a deadline does: with what was read by then. A second one
 * ends the process at once.
 */
export function beginReading(deadlineMs: number | undefined): RunEnd {
  const { atMs, signal } = beginRun(deadlineMs);
  const interrupted = new AbortController();
  let endMs = atMs;
  onFirstInterrupt(() => {
    endMs = Date.now();
    interrupted.abort();
  });
  return {
    get atMs() {
      return endMs;
    },
    signal: signal === null ? interrupted.signal : AbortSignal.any([signal, interrupted.signal]),
  };
}

/** Access to registries for this run: no request goes on after its end and this many milliseconds. */
export function accessUntil(registry: OpenRegistry, end: RunEnd, graceMs = 0): RegistryAccess {
  return registry.forRun(() => (end.atMs === null ? Number.POSITIVE_INFINITY : end.atMs + graceMs));
}
