import type { Digest } from '../../shared/core/digest.ts';

/** Who did something: one of the processes under test, or anybody else. */
export type Actor = string;

export const OTHERS: Actor = 'others';

/**
 * One thing that happened to the repository or beside it, in the order in which it happened. The checker knows
 * these and the final states of registry and ledger, and nothing else.
 */
export type WorldEvent = {
  readonly atMs: number;
} & (
  | {
      readonly kind: 'pushed';
      readonly by: Actor;
      readonly digest: Digest;
      readonly tag: string | null;
    }
  | { readonly kind: 'untagged'; readonly by: Actor; readonly tag: string }
  | { readonly kind: 'deleted'; readonly by: Actor; readonly digest: Digest }
  /** A request that changes something reached the registry. */
  | { readonly kind: 'sent'; readonly by: Actor; readonly step: string }
  /** A process was told what a tag points at, or `all tags` of the repository. */
  | { readonly kind: 'looked'; readonly by: Actor; readonly at: string }
  /** Intents became durable. */
  | { readonly kind: 'intended'; readonly by: Actor; readonly steps: readonly IntendedStep[] }
  /** A process was told what runs. */
  | { readonly kind: 'told what runs'; readonly by: Actor; readonly isKnown: boolean }
  /** A process was shown a listing from which something was missing. */
  | { readonly kind: 'shown a cut listing'; readonly by: Actor }
  /** From now on everybody who asks is told that this digest runs. */
  | { readonly kind: 'came into use'; readonly digest: Digest }
  | { readonly kind: 'put on hold'; readonly digest: Digest }
);

/** A step as an intent names it. */
export interface IntendedStep {
  readonly text: string;
  /** What a tag points at, or what goes. */
  readonly digest: Digest;
}

/** The event without its time, as those who tell it write it. */
export type Told = WorldEvent extends infer One
  ? One extends WorldEvent
    ? Omit<One, 'atMs'>
    : never
  : never;

/** How a step is named: by its tag, or by its digest. */
export function stepText(step: {
  readonly kind: string;
  readonly digest: Digest;
  readonly tag?: string;
}): string {
  return step.kind === 'untag' ? `untag ${step.tag}` : `delete ${step.digest}`;
}
