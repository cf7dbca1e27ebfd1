import { randomUUID } from 'node:crypto';

/** A name for a run that sorts by time and that nobody guesses: `20261121T030000-1f6c9e2a`. */
export function newId(): string {
  const time = new Date().toISOString().replace(/[-:]/g, '').slice(0, 15);
  return `${time}-${randomUUID().slice(0, 8)}`;
}
