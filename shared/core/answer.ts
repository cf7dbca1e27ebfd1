import type { Evidence } from './decision.ts';
import type { Artifact } from './inventory.ts';

/**
 * What a rule or condition says of one artifact. `unknown` wherever a fact it asks for is not known: for a
 * keep rule that keeps, for a delete rule it deletes nothing.
 */
export interface Answer {
  readonly kind: 'yes' | 'no' | 'unknown';
  readonly evidence: readonly Evidence[];
}

export const NO: Answer = { kind: 'no', evidence: [] };

/** A rule made ready to be asked about the artifacts of one inventory, `at` being the place of each in it. */
export type RuleEvaluator = (artifact: Artifact, at: number) => Answer;

/** What is not known stands last in the evidence. */
export function answerWith(evidence: Evidence[]): Answer {
  const isMissing = (one: Evidence): boolean => one.kind === 'unknown';
  if (!evidence.some(isMissing)) return { kind: 'yes', evidence };
  const found = evidence.filter((one) => !isMissing(one));
  return { kind: 'unknown', evidence: [...found, ...evidence.filter(isMissing)] };
}

/** Says that something is not known; one object for as long as the reason is the same. */
export function unknownOf(what: string): (reason: string) => Evidence {
  let last: Extract<Evidence, { kind: 'unknown' }> = { kind: 'unknown', what, reason: '' };
  return (reason) => {
    if (reason !== last.reason) last = { kind: 'unknown', what, reason };
    return last;
  };
}
