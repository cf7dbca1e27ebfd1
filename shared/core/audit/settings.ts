import type { Fact } from '../fact.ts';
import type { Policy } from '../policy.ts';
import { DAY_MS } from '../units.ts';
import { NO_AUDIT_FOLDER } from './folder.ts';

/** What the checks may be told. */
export interface AuditSettings {
  /** A key older than this has to go. */
  readonly keyMaxAgeMs: number;
  /** A key or an account that was not used for so long is unused. */
  readonly unusedMs: number;
  /** The retention policies of gcr-warden. */
  readonly policies: Fact<readonly Policy[]>;
}

/**
 * 90 days, as CIS Google Cloud Foundations has it for rotating the keys of service accounts, and as Google's own
 * recommender has it for unused accounts.
 */
export const DEFAULT_AUDIT_SETTINGS: AuditSettings = {
  keyMaxAgeMs: 90 * DAY_MS,
  unusedMs: 90 * DAY_MS,
  policies: NO_AUDIT_FOLDER.policies,
};
