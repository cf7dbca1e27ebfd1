import { messageOf, WardenError } from './error.ts';

/**
 * One project to be audited, as a message on topic `work`. Its attribute tells it from work on repositories: the
 * subscriptions are filtered by it.
 */
export interface AuditWork {
  readonly version: 1;
  readonly project: string;
}

const AUDIT_ATTRIBUTE = 'audit';

/** The message's text, and its attributes. */
export function formatAuditWork(project: string): {
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
} {
  return { data: JSON.stringify({ version: 1, project }), attributes: { [AUDIT_ATTRIBUTE]: project } };
}

/**
 * Reads audit work from a message's text.
 * @throws WardenError WORK_INVALID
 */
export function parseAuditWork(text: string): AuditWork {
  try {
    const value = JSON.parse(text) as Partial<AuditWork> | null;
    if (value === null || typeof value !== 'object') throw new Error('it is not an object');
    const { version, project } = value;
    if (version !== 1) throw new Error(`its version is ${JSON.stringify(version)} and not 1`);
    if (typeof project !== 'string' || project === '') throw new Error('"project" is missing');
    return { version, project };
  } catch (cause) {
    throw new WardenError('WORK_INVALID', `The message is no work of the audit: ${messageOf(cause)}.`, {
      cause,
    });
  }
}
