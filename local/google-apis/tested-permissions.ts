import { type ApiReply, ok, problem } from './reply.ts';
import type { Request, Route } from './route.ts';
import { V } from './route.ts';

/** `testIamPermissions`: which of the permissions that a caller asks about he has on something. */
export const TESTED_PERMISSIONS: readonly Route[] = [
  tested('project permissions', `^/v3/projects/${V}:testIamPermissions$`, 'cloudresourcemanager'),
  tested(
    'repository permissions',
    `^/v1/projects/${V}/locations/${V}/repositories/${V}:testIamPermissions$`,
    'artifactregistry',
  ),
  tested('topic permissions', `^/v1/projects/${V}/topics/${V}:testIamPermissions$`, 'pubsub'),
  tested('subscription permissions', `^/v1/projects/${V}/subscriptions/${V}:testIamPermissions$`, 'pubsub'),
  {
    name: 'bucket permissions',
    method: 'GET',
    pattern: new RegExp(`^/storage/v1/b/${V}/iam/testPermissions$`),
    permission: 'storage.buckets.get',
    subjects: ([bucket = '']) => [bucket, 'storage'],
    reply: (request) => granted(request, request.query.getAll('permissions')),
  },
];

function tested(name: string, pattern: string, service: string): Route {
  return {
    name,
    method: 'POST',
    pattern: new RegExp(pattern),
    permission: 'resourcemanager.projects.get',
    subjects: ([project = '']) => [project, service],
    reply: (request) => {
      const asked = permissionsIn(request.body);
      return asked === null
        ? problem(400, 'INVALID_ARGUMENT', 'Permissions are required.')
        : granted(request, asked);
    },
  };
}

function granted({ estate, account }: Request, asked: readonly string[]): ApiReply {
  const lacking = estate.lacking?.[account ?? 'caller'] ?? [];
  const held = asked.filter((permission) => !lacking.includes(permission));
  // As Google does, an empty list is left out.
  return ok(held.length === 0 ? {} : { permissions: held });
}

function permissionsIn(body: string): readonly string[] | null {
  try {
    const { permissions } = JSON.parse(body) as { readonly permissions?: unknown };
    return Array.isArray(permissions) && permissions.every((each) => typeof each === 'string')
      ? permissions
      : null;
  } catch {
    return null;
  }
}
