import { WardenError } from '../error.ts';

/** What one audit is about: a project, or all projects below a folder or an organisation. */
export type AuditTarget =
  | { readonly kind: 'project'; readonly project: string }
  | {
      readonly kind: 'below';
      /** `folders/N` or `organizations/N` */
      readonly parent: string;
    };

/**
 * The target that somebody names by kind and id.
 * @param id a project's id, with its domain where it has one (`example.com:p`), or a number
 * @throws WardenError OPTION_INVALID where it can't be one
 */
export function auditTarget(kind: 'project' | 'folder' | 'organization', id: string): AuditTarget {
  if (kind === 'project') {
    if (!/^(?:[a-z0-9][a-z0-9.-]{0,250}:)?[a-z0-9][a-z0-9-]{0,62}$/.test(id))
      throw invalid(kind, 'an id such as my-project');
    return { kind: 'project', project: id };
  }
  if (!/^\d{1,20}$/.test(id)) throw invalid(kind, 'its number');
  return { kind: 'below', parent: `${kind}s/${id}` };
}

function invalid(kind: string, wanted: string): WardenError {
  return new WardenError(
    'OPTION_INVALID',
    `That names no ${kind} to audit. Give ${wanted}, as \`gcloud ${kind}s list\` prints it.`,
  );
}
