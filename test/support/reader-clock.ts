import type { ReaderClock } from '../../shared/report/time-text.ts';

/** A reader in UTC, at the time at which most of the tests' plans are made. */
export const READER: ReaderClock = { nowMs: Date.UTC(2026, 10, 21, 3), timeZone: 'UTC' };
