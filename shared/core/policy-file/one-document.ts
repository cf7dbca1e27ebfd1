import type { PolicyProblem } from '../policy.ts';
import { cutDocuments, DocumentReader } from './document.ts';
import { FILE_BYTES_MAX } from './limits.ts';
import { type PolicyFile, tooLargePolicyFile, unparsedPolicyFile } from './parse.ts';
import { Positions } from './positions.ts';

/** The reader of a file that is one document, with the places in it; or why it is none. */
export type OneDocument =
  | { readonly kind: 'read'; readonly reader: DocumentReader; readonly positions: Positions }
  | { readonly kind: 'broken'; readonly problems: readonly PolicyProblem[] };

/**
 * Cuts a file that has to be one document of YAML.
 * @param what the file is, as its problems call it: `A file of defaults`
 */
export function readOneDocument({ file, text }: PolicyFile, what: string): OneDocument {
  if (text.length > FILE_BYTES_MAX || Buffer.byteLength(text) > FILE_BYTES_MAX)
    return { kind: 'broken', problems: tooLargePolicyFile(file).problems };
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const documents = cutDocuments(body).filter((part) => part.text.trim() !== '');
  const [first] = documents;
  if (first !== undefined && documents.length === 1)
    return { kind: 'read', reader: new DocumentReader(first), positions: new Positions(body) };
  const { problems } = unparsedPolicyFile(
    file,
    first === undefined ? 'POLICY_EMPTY' : 'POLICY_TOO_MANY',
    `${what} is one document, and here ${first === undefined ? 'is none' : `are ${documents.length}`}.`,
  );
  return { kind: 'broken', problems };
}
