import * as z from 'zod';
import type { GroupReply } from '../../core/audit/group.ts';
import { type Fact, known } from '../../core/fact.ts';
import type { GoogleAccess } from '../../ports.ts';
import type { FactReads } from './fact-reads.ts';
import { keptReads } from './kept-reads.ts';
import { path } from './rest.ts';

const GROUP = z.object({ name: z.string().regex(/^groups\/[^/]+$/) });

const MEMBERSHIPS = z.object({
  memberships: z
    .array(
      z.object({
        preferredMemberKey: z.object({ id: z.string().min(1) }),
        type: z.string().default('TYPE_UNSPECIFIED'),
      }),
    )
    .default([]),
});

/** How a policy would name a member of each type. */
const PREFIX: Readonly<Record<string, string>> = {
  USER: 'user',
  SERVICE_ACCOUNT: 'serviceAccount',
  GROUP: 'group',
};

/**
 * The direct members of groups. The transitive search would take one request for all levels, but answers only
 * in some editions of Workspace and does not say by which way somebody is a member:
 * https://cloud.google.com/identity/docs/reference/rest/v1/groups.memberships
 */
export function cloudIdentityReads({ one, all }: FactReads): Pick<GoogleAccess, 'group'> {
  // The same groups are named in many projects.
  const group = keptReads(async (address: string): Promise<Fact<GroupReply>> => {
    const found = await one(GROUP, {
      api: 'cloudIdentity',
      path: '/v1/groups:lookup',
      query: { 'groupKey.id': address },
    });
    if (found.kind === 'unknown') return found;
    const pages = await all(MEMBERSHIPS, {
      api: 'cloudIdentity',
      path: path`/v1/groups/${found.value.name.slice('groups/'.length)}/memberships`,
      // The basic view leaves the type of a member out.
      query: { view: 'FULL', pageSize: '500' },
    });
    return pages.kind === 'known' ? known(groupOf(pages.value)) : pages;
  });
  return { group };
}

function groupOf(pages: readonly z.infer<typeof MEMBERSHIPS>[]): GroupReply {
  const members = new Set<string>();
  const others = new Set<string>();
  for (const { preferredMemberKey, type } of pages.flatMap(({ memberships }) => memberships)) {
    const prefix = PREFIX[type];
    if (prefix === undefined) others.add(type);
    else members.add(`${prefix}:${preferredMemberKey.id}`);
  }
  return { members: [...members].sort(), others: [...others].sort() };
}
