import type { Fact } from '../../core/fact.ts';
import type { PolicySet } from '../../core/policy.ts';
import { parsePolicyFile, unparsedPolicyFile } from '../../core/policy-file/parse.ts';

/** Decodes a policy file and parses it. Bytes that are not UTF-8 are a problem and never replaced by something. */
export function parsePolicyBytes(file: string, bytes: Uint8Array, gitRevision: Fact<string>): PolicySet {
  let text: string;
  try {
    // The mark stays in: the content hash is that of the bytes.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return unparsedPolicyFile(file, 'POLICY_NOT_UTF8', 'The file is not UTF-8 text. Save it as UTF-8.');
  }
  return parsePolicyFile({ file, text, gitRevision });
}
