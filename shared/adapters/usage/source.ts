import { messageOf } from '../../core/error.ts';
import { formatAge } from '../../core/units.ts';
import type { Usage, UsageAnswer, UsageScope } from '../../core/usage.ts';
import type { UsageReader } from '../../ports.ts';

/** The reader of a run for which no in-use source is configured. */
export const noUsageSource: UsageReader = {
  read: async () => ({ version: 1, answers: [] }),
};

/** A reader over one source. Whatever goes wrong with it is an unknown answer, which keeps. */
export function usageFrom(
  source: string,
  answer: () => Promise<UsageAnswer | readonly UsageAnswer[]>,
): UsageReader {
  return {
    async read() {
      try {
        return { version: 1, answers: [await answer()].flat() };
      } catch (problem) {
        return { version: 1, answers: [unanswered(source, messageOf(problem))] };
      }
    },
  };
}

/** A reader that is opened when it is first read, and again where that failed. */
export function lazyUsage(open: () => Promise<UsageReader>): UsageReader {
  let opened: UsageReader | null = null;
  return {
    async read() {
      try {
        opened ??= await open();
      } catch (problem) {
        return { version: 1, answers: [unanswered('in-use sources', messageOf(problem))] };
      }
      return opened.read();
    },
  };
}

/** Reads several sources side by side, as one. */
export function usageFromAll(readers: readonly UsageReader[]): UsageReader {
  return {
    async read(): Promise<Usage> {
      const usages = await Promise.all(readers.map((reader) => reader.read()));
      return { version: 1, answers: usages.flatMap(({ answers }) => answers) };
    },
  };
}

/**
 * Reads one time after the other, however many ask: who comes while a reading is under way gets the next one,
 * together with all who came meanwhile. Nobody gets an answer to a question that was put before their own.
 */
export function oneAtATime(reader: UsageReader): UsageReader {
  let running: Promise<Usage> | null = null;
  let next: Promise<Usage> | null = null;
  const start = (): Promise<Usage> => {
    next = null;
    const reading = reader.read().finally(() => {
      if (running === reading) running = null;
    });
    running = reading;
    return reading;
  };
  return {
    read() {
      if (running === null) return start();
      next ??= running.then(start, start);
      return next;
    },
  };
}

/** A reader whose silence says nothing of other repositories than these, or than it says itself. */
export function withinScope(reader: UsageReader, repositories: readonly string[]): UsageReader {
  const scope: UsageScope = { repositories };
  return {
    async read(): Promise<Usage> {
      const { answers } = await reader.read();
      return { version: 1, answers: answers.map((answer) => ({ ...scope, ...answer })) };
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
