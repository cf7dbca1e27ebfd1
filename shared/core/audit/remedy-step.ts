import type { RemedyStep } from '../finding.ts';

/** A step that only the reader can do: something to find out, to decide, or to move. */
export function handStep(say: string, wait?: string): RemedyStep {
  return { say, gcloud: [], terraform: null, ...(wait === undefined ? {} : { wait }) };
}

/** The only step where no command is safe, with the reason. */
export function noStep(why: string): RemedyStep {
  return handStep(`There is no command for this yet: ${why}.`);
}
