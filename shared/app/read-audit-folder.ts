import { type AuditFolder, unreadAuditFolder } from '../core/audit/folder.ts';
import { WardenError } from '../core/error.ts';
import { parseAuditFolder } from '../core/policy-file/parse-audit-folder.ts';
import type { PolicyFileReader } from '../ports.ts';

/**
 * Reads what a folder of policies says to the audit. One that can't be read is told in the report and ends no
 * audit: what is open to everybody has to be known all the same.
 * @throws whatever the reader throws besides POLICY_SOURCE_UNREADABLE
 */
export async function readAuditFolder(files: PolicyFileReader): Promise<AuditFolder> {
  try {
    return parseAuditFolder(await files.read());
  } catch (thrown) {
    if (!(thrown instanceof WardenError) || thrown.code !== 'POLICY_SOURCE_UNREADABLE') throw thrown;
    return unreadAuditFolder(thrown.message);
  }
}
