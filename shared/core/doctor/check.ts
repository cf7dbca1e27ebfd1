import type { Answer } from './answer.ts';
import type { Observations } from './observation.ts';

/** One thing that has to be right, and how to see whether it is. */
export interface Check {
  /** Never changes: programs that read the report go by it. */
  readonly id: string;
  readonly title: string;
  answers(seen: Observations): readonly Answer[];
}
