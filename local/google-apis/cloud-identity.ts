import { createHash } from 'node:crypto';
import { denied, ok, pageOf } from './reply.ts';
import { pageMax, type Request, type Route, V } from './route.ts';

/** cloudidentity.googleapis.com: who is in a group. */
export const CLOUD_IDENTITY: readonly Route[] = [
  {
    name: 'group',
    method: 'GET',
    pattern: /^\/v1\/groups:lookup$/,
    permission: 'cloudidentity.groups.get',
    subjects: () => ['cloudidentity'],
    reply: (request) => {
      const address = request.query.get('groupKey.id') ?? '';
      const isThere = Object.hasOwn(request.estate.groups ?? {}, address);
      if (!isThere || request.options.denied?.includes(address)) return refused();
      return ok({ name: `groups/${idOf(address)}` });
    },
  },
  {
    name: 'group members',
    method: 'GET',
    pattern: new RegExp(`^/v1/groups/${V}/memberships$`),
    permission: 'cloudidentity.groups.memberships.list',
    subjects: () => ['cloudidentity', 'group members'],
    reply: (request) => {
      const members = membersOf(request);
      if (members === undefined) return refused();
      const isFull = request.query.get('view') === 'FULL';
      return pageOf(
        'memberships',
        members.map(({ id, type }) => ({
          name: `groups/${request.values[0]}/memberships/${idOf(id)}`,
          preferredMemberKey: { id },
          roles: [{ name: 'MEMBER' }],
          ...(isFull ? { type } : {}),
        })),
        request.query,
        pageMax(request, 500),
      );
    },
  },
];

/** Cloud Identity does not tell a group that is missing from one that the caller may not see. */
function refused() {
  return denied('cloudidentity.groups.get', 'groups');
}

function membersOf({ estate, values: [id] }: Request) {
  return Object.entries(estate.groups ?? {}).find(([address]) => idOf(address) === id)?.[1];
}

/** Cloud Identity's own name for a group or a member, which says nothing. */
function idOf(address: string): string {
  return createHash('sha256').update(address).digest('hex').slice(0, 15);
}
