import { DAY_MS } from '../units.ts';

/** What the checks may be told. */
export interface AuditSettings {
  /** A key older than this has to go. */
  readonly keyMaxAgeMs: number;
}

/** 90 days, as CIS Google Cloud Foundations has it for rotating the keys of service accounts. */
export const DEFAULT_AUDIT_SETTINGS: AuditSettings = { keyMaxAgeMs: 90 * DAY_MS };
