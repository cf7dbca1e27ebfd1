import type { Shown } from './artifact-row.ts';
import type { Digest } from './digest.ts';

/** The pages of the report that there is one of each, in the order in which they are named. */
export const MAIN_PAGES = ['estate', 'runs', 'policies', 'findings', 'access', 'cost'] as const;

/** The pages of the report that there is one of each. */
export type MainPage = (typeof MAIN_PAGES)[number];

/** A page of the report. */
export type Place =
  | { readonly page: MainPage }
  | { readonly page: 'run'; readonly runId: string; readonly repository: string }
  | {
      readonly page: 'repository';
      readonly repository: string;
      readonly shown: Shown;
      /** 1 for the first. */
      readonly part: number;
      readonly search?: string;
    }
  | { readonly page: 'image'; readonly repository: string; readonly digest: Digest };
