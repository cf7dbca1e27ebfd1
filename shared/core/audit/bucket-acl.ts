import { type Fact, known, unknown } from '../fact.ts';
import type { Ability } from './ability.ts';
import type { AclEntry } from './access.ts';
import type { AccessGraph, PolicyNode } from './graph.ts';
import { groupOf } from './member.ts';
import type { BucketReply } from './replies.ts';

type BucketNode = PolicyNode & { readonly kind: 'bucket' };

/** One of a bucket's two access control lists: its own, and what a new object gets. */
export type AclList = 'bucket' | 'objects';

/** What an entry of a bucket's access control lists lets somebody do. */
export interface AclGrant extends AclEntry {
  /** As bindings name him. */
  readonly member: string;
  readonly list: AclList;
  readonly abilities: readonly Ability[];
  /** What it is about: `bucket b`, or `new objects in bucket b`. */
  readonly on: string;
  /** `READER in the access control list of bucket b` */
  readonly step: string;
  /** Unknown where it is not known whether lists count. */
  readonly condition: Fact<null>;
}

/** The grants of a bucket's access control lists, as far as they can be seen. */
export interface AclGrants {
  readonly grants: readonly AclGrant[];
  /** Why there may be more. */
  readonly unseen: readonly string[];
}

export const ACL_NAMES: Readonly<Record<AclList, string>> = {
  bucket: 'access control list',
  objects: 'default object access control list',
};

/**
 * What the roles of the lists amount to (https://cloud.google.com/storage/docs/access-control/lists#permissions):
 * what can be done to the bucket, and to the objects that somebody else makes in it from now on.
 */
const LIST_ABILITIES: Readonly<Record<AclList, Readonly<Record<string, readonly Ability[]>>>> = {
  bucket: {
    READER: ['list'],
    WRITER: ['list', 'push', 'delete'],
    OWNER: ['list', 'push', 'delete', 'administer'],
  },
  objects: { READER: ['read'], OWNER: ['read', 'administer'] },
};

/** A word that is not known here counts as the worst: the entry lets somebody in, whatever it means. */
const WORST: readonly Ability[] = ['administer'];

/** Reads a bucket's lists, which count only while uniform access is off. Lists of single objects stay unseen. */
export function aclGrants(
  node: BucketNode,
  graph: Pick<AccessGraph, 'project' | 'projectNumber'>,
): AclGrants {
  if (node.bucket.kind === 'unknown') return { grants: [], unseen: [`${node.label}: ${node.bucket.reason}`] };
  const { uniformAccess, acl, defaultObjectAcl } = node.bucket.value;
  if (uniformAccess.kind === 'known' && uniformAccess.value) return { grants: [], unseen: [] };
  const condition =
    uniformAccess.kind === 'known'
      ? known(null)
      : unknown(`whether access control lists count: ${uniformAccess.reason}`);
  // There may be one for each of a hundred thousand layers, and each would be a request.
  const unseen = [`the access control lists of single objects in ${node.label}: they are not read`];
  const grants: AclGrant[] = [];
  for (const [list, entries] of [
    ['bucket', acl],
    ['objects', defaultObjectAcl],
  ] as const) {
    const name = `the ${ACL_NAMES[list]} of ${node.label}`;
    if (entries.kind === 'unknown') {
      unseen.push(`${name}: ${entries.reason}`);
      continue;
    }
    for (const { entity, role } of entries.value) {
      grants.push({
        entity,
        role,
        member: memberOf(entity, graph),
        list,
        abilities: LIST_ABILITIES[list][role] ?? WORST,
        on: list === 'bucket' ? node.label : `new objects in ${node.label}`,
        step: `${role} in ${name}`,
        condition,
      });
    }
  }
  return { grants, unseen };
}

/** The groups that lists name: their members have to be asked for. */
export function groupsInAcls(buckets: readonly BucketReply[]): readonly string[] {
  return buckets.flatMap(({ bucket }) => {
    if (bucket.kind === 'unknown' || bucket.value === null) return [];
    const { uniformAccess, acl, defaultObjectAcl } = bucket.value;
    if (uniformAccess.kind === 'known' && uniformAccess.value) return [];
    const entries = [acl, defaultObjectAcl].flatMap((list) => (list.kind === 'known' ? list.value : []));
    return entries.flatMap(({ entity }) => groupOf(principalOf(entity)) ?? []);
  });
}

const TEAM = /^project-(owners|editors|viewers)-(\d+)$/;

/** `user-ada@example.com` → `user:ada@example.com`; the teams of a project are its convenience members. */
function memberOf(
  entity: string,
  { project, projectNumber }: Pick<AccessGraph, 'project' | 'projectNumber'>,
): string {
  const [, team, number] = TEAM.exec(entity) ?? [];
  if (team === undefined || number === undefined) return principalOf(entity);
  const kind = `project${team.charAt(0).toUpperCase()}${team.slice(1, -1)}`;
  const isOwn = projectNumber.kind === 'known' && projectNumber.value === number;
  return `${kind}:${isOwn ? project.label.replace(/^project /, '') : number}`;
}

function principalOf(entity: string): string {
  const [, kind, name] = /^(user|group|domain)-(.+)$/.exec(entity) ?? [];
  if (kind === undefined || name === undefined) return entity;
  // Lists have one word for people and accounts.
  return kind === 'user' && name.endsWith('gserviceaccount.com')
    ? `serviceAccount:${name}`
    : `${kind}:${name}`;
}
