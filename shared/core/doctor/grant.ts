import type { IamPolicy } from '../audit/access.ts';

/**
 * Whether policies grant a member one of these roles. `unclear`: it has a role of somebody's own, or one under a
 * condition, and what that comes to is not seen here.
 */
export function grantsOneOf(
  policies: readonly IamPolicy[],
  member: string,
  roles: ReadonlySet<string>,
): 'granted' | 'unclear' | 'not granted' {
  const bindings = policies
    .flatMap(({ bindings }) => bindings)
    .filter(({ members }) => members.includes(member));
  if (bindings.some(({ role, condition }) => roles.has(role) && condition === null)) return 'granted';
  const isUnclear = bindings.some(({ role }) => roles.has(role) || !role.startsWith('roles/'));
  return isUnclear ? 'unclear' : 'not granted';
}
