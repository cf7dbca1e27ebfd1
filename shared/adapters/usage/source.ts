import { messageOf } from '../../core/error.ts';
import { formatAge } from '../../core/units.ts';
import type { UsageAnswer } from '../../core/usage.ts';
import type { UsageReader } from '../../ports.ts';

/** A reader over one source. Whatever goes wrong with it is an unknown answer, which keeps. */
export function usageFrom(source: string, answer: () => Promise<UsageAnswer>): UsageReader {
  return {
    async read() {
      try {
        return { version: 1, answers: [await answer()] };
      } catch (problem) {
        return { version: 1, answers: [unanswered(source, messageOf(problem))] };
      }
    },
  };
}

/** The answer of a source that can't tell what runs. */
export function unanswered(source: string, reason: string): UsageAnswer {
  return { kind: 'unknown', source, reason };
}

/** Why an answer is too old to be believed, or null where it is not. */
export function staleness(ageMs: number, ageMaxMs: number): string | null {
  return ageMs > ageMaxMs ? `it is ${formatAge(ageMs)} old, and may be ${formatAge(ageMaxMs)} at most` : null;
}
