/** What mends something: commands to run, or what to write in the configuration of the Terraform module. */
export type Remedy =
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'terraform'; readonly text: string };

/** What a check says of one thing. Unknown is not fine: what could not be seen may be missing. */
export type Answer =
  | { readonly kind: 'fine'; readonly text: string }
  | { readonly kind: 'missing'; readonly text: string; readonly mend: readonly Remedy[] }
  | { readonly kind: 'unknown'; readonly text: string; readonly mend: readonly Remedy[] }
  /** Nobody asked for it, so that it can't be missing. */
  | { readonly kind: 'not used'; readonly text: string };

export type Status = Answer['kind'];

export function fine(text: string): Answer {
  return { kind: 'fine', text };
}

export function missing(text: string, ...mend: readonly Remedy[]): Answer {
  return { kind: 'missing', text, mend };
}

export function unclear(text: string, ...mend: readonly Remedy[]): Answer {
  return { kind: 'unknown', text, mend };
}

export function notUsed(text: string): Answer {
  return { kind: 'not used', text };
}

export function command(text: string): Remedy {
  return { kind: 'command', text };
}

export function terraform(text: string): Remedy {
  return { kind: 'terraform', text };
}

/** Worst first. */
const STATUSES: readonly Status[] = ['missing', 'unknown', 'fine', 'not used'];

/** The worst of several answers. A check without any was not used. */
export function worstOf(answers: readonly Answer[]): Status {
  return STATUSES.find((status) => answers.some(({ kind }) => kind === status)) ?? 'not used';
}
