import { messageOf, WardenError } from './error.ts';
import { formatRepository, parseRepository, type Repository } from './reference.ts';

/** One repository to be cleaned, as a message on topic `work`. */
export interface Work {
  readonly version: 1;
  /** `HOST/NAME` */
  readonly repository: string;
  readonly trigger: 'schedule' | 'push';
  /** Names of the policies that are due, sorted. */
  readonly policies: readonly string[];
  readonly scheduledAtMs: number;
}

/** Writes work as a message's text. */
export function formatWork({ version, repository, trigger, policies, scheduledAtMs }: Work): string {
  return JSON.stringify({ version, repository, trigger, policies, scheduledAtMs });
}

/**
 * Reads work from a message's text.
 * @throws WardenError WORK_INVALID
 */
export function parseWork(text: string): Work & { readonly parsed: Repository } {
  try {
    const value = JSON.parse(text) as Partial<Work> | null;
    if (value === null || typeof value !== 'object') throw new Error('it is not an object');
    const { version, repository, trigger, policies, scheduledAtMs } = value;
    if (version !== 1) throw new Error(`its version is ${JSON.stringify(version)} and not 1`);
    if (typeof repository !== 'string') throw new Error('"repository" is missing');
    if (trigger !== 'schedule' && trigger !== 'push')
      throw new Error('"trigger" is neither schedule nor push');
    if (!Array.isArray(policies) || !policies.every((name) => typeof name === 'string')) {
      throw new Error('"policies" is no list of names');
    }
    if (typeof scheduledAtMs !== 'number' || !Number.isFinite(scheduledAtMs))
      throw new Error('"scheduledAtMs" is no time');
    const parsed = parseRepository(repository);
    return { version, repository: formatRepository(parsed), trigger, policies, scheduledAtMs, parsed };
  } catch (cause) {
    throw new WardenError('WORK_INVALID', `The message is no work: ${messageOf(cause)}.`, { cause });
  }
}
