import { LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { messageOf, WardenError } from '../error.ts';
import { AGE_MAX_MS, DAY_MS, HOUR_MS, MINUTE_MS } from '../units.ts';
import type { SourceFile } from './draft.ts';

/** Twice what Amazon takes as a lifecycle policy, and far more than ten cleanup policies. */
export const SOURCE_BYTES_MAX = 64 * 1024;

/** Rules of one file. Artifact Registry takes 10 a repository, ECR 50. */
export const SOURCE_RULES_MAX = 100;

/**
 * Refuses a file that is not in its source's format.
 * @param field where in the file, for example `rules[1].selection`; empty for the file as a whole
 * @throws WardenError IMPORT_INVALID
 */
export function refuseSource(file: string, field: string, why: string, cause?: unknown): never {
  throw new WardenError('IMPORT_INVALID', `${file}: ${field === '' ? '' : `${field}: `}${why}.`, { cause });
}

/**
 * Refuses a rule that is right in its source and can't be said in a policy without deleting more.
 * @throws WardenError IMPORT_UNSUPPORTED
 */
export function refuseRule(file: string, field: string, why: string): never {
  throw new WardenError('IMPORT_UNSUPPORTED', `${file}: ${field}: ${why}.`);
}

/**
 * Reads JSON strictly: a key that stands twice is refused, since whoever wrote it meant both and one would
 * be lost.
 * @throws WardenError IMPORT_INVALID
 */
export function readJson<T>({ file, text }: SourceFile, shape: z.ZodType<T>): T {
  checkSize(file, text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    refuseSource(file, '', `it is not JSON (${messageOf(cause)})`, cause);
  }
  refuseDuplicateKeys(file, text);
  const checked = shape.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  refuseSource(file, fieldOf(issue?.path ?? []), (issue?.message ?? 'unexpected').replace(/\.$/, ''));
}

/** @throws WardenError IMPORT_INVALID */
export function checkSize(file: string, text: string): void {
  if (text.length > SOURCE_BYTES_MAX || Buffer.byteLength(text) > SOURCE_BYTES_MAX) {
    refuseSource(file, '', `it is larger than ${SOURCE_BYTES_MAX / 1024} KiB`);
  }
}

// JSON.parse keeps the last of two equal keys and says nothing. The YAML parser reads JSON too, and does say it.
function refuseDuplicateKeys(file: string, text: string): void {
  const lines = new LineCounter();
  const { errors } = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const found = errors.find((error) => error.code === 'DUPLICATE_KEY');
  if (found === undefined) return;
  const { line, col } = lines.linePos(found.pos[0]);
  refuseSource(file, `line ${line}, column ${col}`, 'the key stands twice in one object');
}

/** A place in a JSON value as people write it: `rules[0].action.type`. */
export function fieldOf(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/**
 * A length of time in whole minutes, which is what policies write. `up` or `down`, whichever deletes less.
 * null where nothing is left of it.
 */
export function wholeMinutes(ageMs: number, direction: 'up' | 'down'): number | null {
  const minutes = direction === 'up' ? Math.ceil(ageMs / MINUTE_MS) : Math.floor(ageMs / MINUTE_MS);
  return minutes === 0 ? null : minutes * MINUTE_MS;
}

/** @throws WardenError IMPORT_UNSUPPORTED where a length of time is over the 100 years that policies take. */
export function checkAge(file: string, field: string, ageMs: number): void {
  if (ageMs > AGE_MAX_MS) refuseRule(file, field, 'it is over 100 years (36525 days), which means no age');
}

/** A length of time as policies write it, in the largest unit that fits: `14d`, `36h`, `20161m`. */
export function ageText(ageMs: number): string {
  if (ageMs % DAY_MS === 0) return `${ageMs / DAY_MS}d`;
  if (ageMs % HOUR_MS === 0) return `${ageMs / HOUR_MS}h`;
  return `${ageMs / MINUTE_MS}m`;
}
