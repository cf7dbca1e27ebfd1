import { jsonReply, type Reply } from './reply.ts';

/** The codes this registry answers: those of the distribution specification, and Google's own. */
export type ProblemCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'FAILED_PRECONDITION'
  | 'GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE'
  | 'GOOGLE_MANIFEST_DANGLING_TAG'
  | 'GOOGLE_MANIFEST_REFERRING_MANIFEST'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'PAGINATION_NUMBER_INVALID'
  | 'RANGE_INVALID'
  | 'SIZE_INVALID'
  | 'TAG_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNKNOWN'
  | 'UNSUPPORTED';

/** An error answer in the registry's envelope: `{"errors":[{"code","message"}]}`. */
export function problem(
  status: number,
  code: ProblemCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return jsonReply(status, { errors: [{ code, message }] }, headers);
}

/** The answer where a repository does not exist, in Google's words. */
export function repositoryUnknown(name: string): Reply {
  return problem(404, 'NAME_UNKNOWN', `Repository "${name}" not found`);
}

/** The answer where a tag or a digest does not exist, in Google's words (dialect: delete-gone). */
export function manifestUnknown(reference: string): Reply {
  return problem(404, 'MANIFEST_UNKNOWN', `Failed to fetch "${reference}"`);
}
