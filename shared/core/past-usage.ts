import { type DayRanges, isDayIn } from './day-ranges.ts';
import type { Digest } from './digest.ts';
import type { Usage, UsageAnswer } from './usage.ts';
import { daysInUse, standingOn, type UsageRecord } from './usage-record.ts';

/** What is said of a use that only the record tells: which workload it was is not kept. */
export const SEEN_BY_RUN = 'something that a run saw';

/** What planning would have been answered on a past day, as far as runs wrote it down. */
export class PastUsage {
  readonly #record: UsageRecord;
  readonly #days: ReadonlyMap<Digest, DayRanges>;
  readonly #repository: string;

  /** @param repository `HOST/NAME` */
  constructor(record: UsageRecord, repository: string) {
    this.#record = record;
    this.#days = daysInUse(record);
    this.#repository = repository;
  }

  /** The days on which each digest was seen to be in use. */
  get days(): ReadonlyMap<Digest, DayRanges> {
    return this.#days;
  }

  /** Whether it was seen that day what was in use, and with that what was not. */
  isToldOf(day: number): boolean {
    const standing = standingOn(this.#record, day);
    return standing === 'complete' || standing === 'best effort';
  }

  /** @param nobody what is answered where nobody asked that day, or not everybody answered */
  on(day: number, nobody: Usage): Usage {
    const standing = standingOn(this.#record, day);
    const uses = [...this.#days].flatMap(([digest, days]) =>
      isDayIn(days, day) ? [{ repository: this.#repository, digest, tag: null, by: SEEN_BY_RUN }] : [],
    );
    const isTold = standing === 'complete' || standing === 'best effort';
    const kind: UsageAnswer['kind'] = isTold ? standing : 'best effort';
    const seen: UsageAnswer = { kind, source: 'the ledger', asOfMs: 0, uses };
    return { version: 1, answers: isTold ? [seen] : [seen, ...nobody.answers] };
  }
}
