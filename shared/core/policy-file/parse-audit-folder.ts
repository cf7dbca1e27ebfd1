import type { AuditFolder } from '../audit/folder.ts';
import { known, unknown } from '../fact.ts';
import { sha256 } from '../hash.ts';
import { isExceptionsFile } from './exceptions-file.ts';
import { type PolicyFolder, parsePolicyFolder } from './folder.ts';
import { parseExceptions } from './parse-exceptions.ts';

/**
 * Reads what a folder of policies says to the audit. A file of exceptions that is broken anywhere excepts nothing:
 * nobody knows what else in it is not meant as it stands.
 */
export function parseAuditFolder(folder: PolicyFolder): AuditFolder {
  const { exceptions, problems } = parseExceptions(folder.files);
  const broken = [...folder.unread.filter(({ file }) => isExceptionsFile(file)), ...problems];
  const brokenFiles = new Set(broken.map(({ file }) => file));
  const { policies, problems: brokenPolicies } = parsePolicyFolder(folder);
  const [first] = brokenPolicies.filter(({ file }) => !isExceptionsFile(file));
  return {
    exceptions: exceptions.filter(({ source }) => !brokenFiles.has(source.file)),
    broken: known(broken),
    policies:
      first === undefined
        ? known(policies)
        : unknown(`${first.file}:${first.line} is broken, and what it would select is not known`),
    files: folder.files
      .map(({ file, text, gitRevision }) => ({ file, contentHash: sha256(text), gitRevision }))
      .sort((a, b) => (a.file < b.file ? -1 : 1)),
  };
}
