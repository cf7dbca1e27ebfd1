/**
 * A fact that may not be known. Unknown is a value of its own and never stands for "absent", zero or an
 * empty list: whoever reads a fact has to say what happens when it is not known, and for a deletion the
 * answer is always "keep".
 */
export type Fact<T> =
  | { readonly kind: 'known'; readonly value: T }
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * A time: known, null where it never was, or only the latest that it can have been, and after which moment,
 * where that is known. Whoever asks whether it is longer ago than something may take that latest; whoever asks
 * whether it is less long ago has an answer only from the other end.
 */
export type TimeFact =
  | Fact<number | null>
  | { readonly kind: 'at latest'; readonly value: number; readonly afterMs?: number };

/** Wraps a value that is known. */
export function known<T>(value: T): Fact<T> {
  return { kind: 'known', value };
}

/** Says that a fact is not known, and why, in words a person can act on. */
export function unknown(reason: string): Fact<never> {
  return { kind: 'unknown', reason };
}
