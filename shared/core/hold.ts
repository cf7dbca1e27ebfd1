import type { Digest } from './digest.ts';

/** What a hold is on: one manifest, or whatever a tag points at. */
export type HoldSubject =
  | { readonly kind: 'digest'; readonly digest: Digest }
  | { readonly kind: 'tag'; readonly tag: string };

/**
 * Keeps one thing of a repository from every run, whatever policies say, and shows why: on something that was
 * restored, quarantined, or asked for by a person. A repository has at most one hold on one subject.
 */
export interface Hold {
  readonly version: 1;
  /** `HOST/NAME` */
  readonly repository: string;
  readonly on: HoldSubject;
  /** As people read it: `restored from run 4f1c`. */
  readonly reason: string;
  /** Who or what put it there. */
  readonly by: string;
  readonly atMs: number;
  /** From this time on it says nothing any more; null means that it lasts until it is released. */
  readonly untilMs: number | null;
}

/** Whether a hold still keeps what it is on. */
export function isInForce(hold: Hold, nowMs: number): boolean {
  return hold.untilMs === null || nowMs < hold.untilMs;
}

/** A hold's subject as one text, different for every other subject: no tag and no digest begins with the other's word. */
export function subjectName(on: HoldSubject): string {
  return on.kind === 'digest' ? on.digest : `tag:${on.tag}`;
}

/** What a hold says about itself, as every output shows it. */
export function holdSentence(hold: Hold): string {
  const until = hold.untilMs === null ? '' : ` until ${new Date(hold.untilMs).toISOString()}`;
  return `held by ${hold.by}${until}: ${hold.reason}`;
}
