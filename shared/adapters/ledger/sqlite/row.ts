import { WardenError } from '../../../core/error.ts';
import type { Row } from './database.ts';

function refuse(column: string): never {
  throw new WardenError('LEDGER_UNREADABLE', `A row of the ledger holds no usable "${column}".`);
}

export function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : refuse(column);
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : refuse(column);
}

export function integerOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : integer(row, column);
}

export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  return value instanceof Uint8Array ? value : refuse(column);
}

/** A column that holds JSON of our own writing. */
export function json<T>(row: Row, column: string): T {
  try {
    return JSON.parse(text(row, column)) as T;
  } catch (cause) {
    throw new WardenError('LEDGER_UNREADABLE', `A row of the ledger holds broken JSON in "${column}".`, {
      cause,
    });
  }
}
