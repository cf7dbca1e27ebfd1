import type { Digest } from '../digest.ts';
import { type Fact, unknown } from '../fact.ts';
import type { Policy, PolicyProblem } from '../policy.ts';
import type { AuditException } from './exception.ts';

/** A file that an audit went by. */
export interface AuditedByFile {
  /** Relative to the folder of policies. */
  readonly file: string;
  /** Digest of the whole file's bytes. */
  readonly contentHash: Digest;
  /** The commit that it was taken from. */
  readonly gitRevision: Fact<string>;
}

/** What a folder of policies says to the audit. */
export interface AuditFolder {
  readonly exceptions: readonly AuditException[];
  /** What is wrong with files of exceptions, by file: such a file excepts nothing. Unknown where no file could be read. */
  readonly broken: Fact<readonly PolicyProblem[]>;
  /** Unknown where one is broken: what it would select nobody knows. */
  readonly policies: Fact<readonly Policy[]>;
  /** All that was read, by name. */
  readonly files: readonly AuditedByFile[];
}

/** What is known where nobody names a folder of policies. */
export const NO_AUDIT_FOLDER: AuditFolder = {
  exceptions: [],
  broken: { kind: 'known', value: [] },
  policies: unknown('no folder of policies was given'),
  files: [],
};

/** What is known where the folder could not be read: nothing is excepted. */
export function unreadAuditFolder(reason: string): AuditFolder {
  return { ...NO_AUDIT_FOLDER, broken: unknown(reason), policies: unknown(reason) };
}
