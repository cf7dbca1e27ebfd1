import type { Fact } from '../../core/fact.ts';
import type { PolicyProblem } from '../../core/policy.ts';
import { type PolicyFile, unparsedPolicyFile } from '../../core/policy-file/parse.ts';

/**
 * Decodes a policy file. Bytes that are not UTF-8 are a problem and never replaced by something.
 * @returns the file, or its problems
 */
export function decodePolicyFile(
  file: string,
  bytes: Uint8Array,
  gitRevision: Fact<string>,
): PolicyFile | readonly PolicyProblem[] {
  let text: string;
  try {
    // The mark stays in: the content hash is that of the bytes.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return unparsedPolicyFile(file, 'POLICY_NOT_UTF8', 'The file is not UTF-8 text. Save it as UTF-8.')
      .problems;
  }
  return { file, text, gitRevision };
}
