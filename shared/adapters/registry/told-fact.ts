import { type Fact, known, unknown } from '../../core/fact.ts';

/** A number that the registry did not tell in a readable form. */
export const UNREADABLE = Number.NaN;
/** A number that two pages told differently. */
export const DIFFERENT = -1;
/** Media types by their number in the table; these two are none. */
export const NO_TYPE = 0xffff_ffff;
export const DIFFERENT_TYPES = 0xffff_fffe;

/** What two pages say of one manifest; what only one could tell is not known either. */
export function agreed(a: number, b: number, different: number, untold: number = UNREADABLE): number {
  if (Object.is(a, b) || Object.is(a, untold)) return a;
  return Object.is(b, untold) ? b : different;
}

export const TOLD_DIFFERENTLY = unknown('two pages of the listing tell it differently');
export const TYPE_UNTOLD = unknown('the registry names no media type');
const SIZE_UNTOLD = unknown('the registry tells no readable size');
const SIZE_ZERO = unknown('the registry tells a size of 0');
const UPLOAD_UNTOLD = unknown('the registry tells no readable upload time');

/**
 * An index may weigh 0: its images are listed and weighed by themselves. Nothing else does, so there 0 means
 * that the registry does not know.
 */
export function sizeFact(sizeBytes: number, isIndex: boolean): Fact<number> {
  if (Number.isNaN(sizeBytes)) return SIZE_UNTOLD;
  if (sizeBytes === DIFFERENT) return TOLD_DIFFERENTLY;
  return sizeBytes === 0 && !isIndex ? SIZE_ZERO : known(sizeBytes);
}

export function uploadFact(uploadedAtMs: number): Fact<number> {
  if (Number.isNaN(uploadedAtMs)) return UPLOAD_UNTOLD;
  return uploadedAtMs === DIFFERENT ? TOLD_DIFFERENTLY : known(uploadedAtMs);
}
