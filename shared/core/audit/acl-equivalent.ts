import { known } from '../fact.ts';
import type { RemedyStep } from '../finding.ts';
import { addMember } from './binding.ts';
import { type AclGrant, type AclList, aclGrants } from './bucket-acl.ts';
import type { BucketNode } from './bucket-answer.ts';
import type { AuditCase } from './check.ts';
import { conditionOf, rolesOn } from './graph.ts';
import { isPublic } from './member.ts';
import { whoseIs } from './whose.ts';

/**
 * The role on a bucket that lets do what an entry of one of its lists does
 * (https://cloud.google.com/storage/docs/access-control/iam#acls). Cloud Storage keeps the first three beside the
 * bucket's own list by itself; what lists of objects give is lost when uniform access is turned on.
 */
const EQUIVALENT: Readonly<Record<AclList, Readonly<Record<string, string>>>> = {
  bucket: {
    READER: 'roles/storage.legacyBucketReader',
    WRITER: 'roles/storage.legacyBucketWriter',
    OWNER: 'roles/storage.legacyBucketOwner',
  },
  objects: { READER: 'roles/storage.legacyObjectReader', OWNER: 'roles/storage.legacyObjectOwner' },
};

/** What has to be granted before a bucket's lists count no longer. */
export interface AclReplacement {
  /** For everybody whose access is as it should be and comes by a list alone. */
  readonly grants: readonly RemedyStep[];
  /** Who loses what: everybody at once, people from outside, and entries that no role stands for. */
  readonly lost: readonly AclGrant[];
}

/** Finds the roles that stand for the entries of a bucket's lists and are not granted yet. */
export function aclReplacement(node: BucketNode, audit: AuditCase): AclReplacement {
  const grants = new Map<string, RemedyStep>();
  const lost: AclGrant[] = [];
  for (const entry of aclGrants(node, audit.graph).grants) {
    const { list, role, member } = entry;
    const equivalent = EQUIVALENT[list][role];
    const isFine = member.includes(':') && !isPublic(member) && whoseIs(member, audit).kind !== 'outside';
    if (equivalent === undefined || !isFine) {
      lost.push(entry);
      continue;
    }
    if (isGranted(node, equivalent, member)) continue;
    const binding = { role: equivalent, condition: known(null) };
    grants.set(`${member} ${equivalent}`, addMember(node, binding, member, audit.replies.project));
  }
  return { grants: [...grants.values()], lost };
}

function isGranted(node: BucketNode, role: string, member: string): boolean {
  return rolesOn(node).some(
    (each) =>
      each.role === role &&
      each.written.some((written) => {
        const condition = conditionOf(written);
        return condition.kind === 'known' && condition.value === null && written.members.includes(member);
      }),
  );
}
