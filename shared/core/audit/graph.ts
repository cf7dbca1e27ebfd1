import { type Fact, known, unknown } from '../fact.ts';
import {
  type Binding,
  holdsImages,
  type IamCondition,
  type IamPolicy,
  type RegistryBucket,
  type RegistryRepository,
} from './access.ts';
import { groupOf } from './member.ts';
import type { AuditReplies } from './replies.ts';
import { knownPermissions, type Permission, ROLE_PERMISSIONS } from './role-permissions.ts';

/** A binding with what its role allows. */
export interface GraphBinding {
  /** The role's real name, without the suffix that hides a condition. */
  readonly role: string;
  readonly members: readonly string[];
  /** null: it always holds. Unknown where the reply hides it. */
  readonly condition: Fact<IamCondition | null>;
  readonly permissions: Fact<readonly Permission[]>;
}

/** Something with a policy of its own. */
export type PolicyNode =
  | (NodeBase & { readonly kind: 'project' })
  | (NodeBase & { readonly kind: 'bucket'; readonly bucket: Fact<RegistryBucket> })
  | (NodeBase & { readonly kind: 'repository'; readonly repository: RegistryRepository });

interface NodeBase {
  /** Google's full resource name. */
  readonly resource: string;
  /** How a person would name it: `bucket artifacts.acme.appspot.com`. */
  readonly label: string;
  readonly bindings: Fact<readonly GraphBinding[]>;
}

/** Every policy that was read or should have been, with its roles resolved. */
export interface AccessGraph {
  readonly project: PolicyNode & { readonly kind: 'project' };
  /** The registry's buckets that exist or may exist, and the repositories that may hold images. */
  readonly registries: readonly PolicyNode[];
  /** What could not even be listed, by resource. */
  readonly unlisted: readonly {
    readonly resource: string;
    readonly label: string;
    readonly reason: string;
  }[];
}

/** Google's full resource name of a project. */
export function projectResource(project: string): string {
  return `//cloudresourcemanager.googleapis.com/projects/${project}`;
}

/** Google's full resource name of a bucket. */
export function bucketResource(bucket: string): string {
  return `//storage.googleapis.com/projects/_/buckets/${bucket}`;
}

/** Google's full resource name of a repository. */
export function repositoryResource(name: string): string {
  return `//artifactregistry.googleapis.com/${name}`;
}

/** Makes the graph of who is bound where from what was read. */
export function accessGraph(replies: AuditReplies): AccessGraph {
  const resolve = (bindings: readonly Binding[]): readonly GraphBinding[] =>
    bindings.map((binding) => resolveBinding(binding, replies));
  const mapPolicy = (policy: Fact<{ readonly bindings: readonly Binding[] }>) =>
    policy.kind === 'known' ? known(resolve(policy.value.bindings)) : policy;

  const registries: PolicyNode[] = [];
  const unlisted: { resource: string; label: string; reason: string }[] = [];
  for (const { name, bucket, policy } of replies.buckets) {
    if (bucket.kind === 'known' && bucket.value === null) continue;
    registries.push({
      kind: 'bucket',
      resource: bucketResource(name),
      label: `bucket ${name}`,
      bucket: bucket.kind === 'known' && bucket.value !== null ? known(bucket.value) : notRead(bucket),
      bindings: mapPolicy(policy ?? unknown('its policy was not asked for')),
    });
  }
  const repositoriesAt = `projects/${replies.project}/locations`;
  if (replies.locations.kind === 'unknown') {
    unlisted.push({
      resource: repositoryResource(repositoriesAt),
      label: 'the repositories of Artifact Registry',
      reason: replies.locations.reason,
    });
  } else {
    for (const { location, repositories } of replies.locations.value) {
      if (repositories.kind === 'unknown') {
        unlisted.push({
          resource: repositoryResource(`${repositoriesAt}/${location}`),
          label: `the repositories in ${location}`,
          reason: repositories.reason,
        });
        continue;
      }
      for (const { repository, policy } of repositories.value) {
        if (!holdsImages(repository)) continue;
        registries.push({
          kind: 'repository',
          resource: repositoryResource(repository.name),
          label: `repository ${repository.location}/${repository.id}`,
          repository,
          bindings: mapPolicy(policy),
        });
      }
    }
  }
  return {
    project: {
      kind: 'project',
      resource: projectResource(replies.project),
      label: `project ${replies.project}`,
      bindings: mapPolicy(replies.projectPolicy),
    },
    registries: registries.sort((a, b) => (a.resource < b.resource ? -1 : a.resource > b.resource ? 1 : 0)),
    unlisted,
  };
}

function notRead(fact: Fact<unknown>): Fact<never> {
  return fact.kind === 'unknown' ? fact : unknown('it was not asked for');
}

/** Policies asked for in an old version show a conditional binding as `ROLE_withcond_HASH`, without its condition. */
const HIDDEN_CONDITION = /_withcond_[0-9a-f]+$/;

/** The role's real name, without the suffix that hides a condition. */
export function roleName(role: string): string {
  return role.replace(HIDDEN_CONDITION, '');
}

function resolveBinding(binding: Binding, replies: AuditReplies): GraphBinding {
  const role = roleName(binding.role);
  return {
    role,
    members: binding.members,
    condition:
      role === binding.role
        ? known(binding.condition)
        : unknown('the reply hides the condition of this binding'),
    permissions: permissionsOf(role, replies.roles),
  };
}

function permissionsOf(role: string, roles: AuditReplies['roles']): Fact<readonly Permission[]> {
  const predefined = ROLE_PERMISSIONS.get(role);
  if (predefined !== undefined) return known(predefined);
  const read = Object.hasOwn(roles, role) ? roles[role] : undefined;
  if (read === undefined) return unknown('the role was not asked for');
  return read.kind === 'known' ? known(knownPermissions(read.value)) : read;
}

/** The roles in policies whose permissions have to be asked for. */
export function rolesToRead(policies: readonly IamPolicy[]): readonly string[] {
  const names = new Set<string>();
  for (const { bindings } of policies) {
    for (const binding of bindings) {
      const role = roleName(binding.role);
      if (!ROLE_PERMISSIONS.has(role)) names.add(role);
    }
  }
  return [...names].sort();
}

/**
 * The groups in policies whose members have to be asked for: those that get a permission that a check asks
 * about, or may get one because what their role allows is not known.
 */
export function groupsToRead(
  policies: readonly IamPolicy[],
  roles: AuditReplies['roles'],
): readonly string[] {
  const addresses = new Set<string>();
  for (const { bindings } of policies) {
    for (const { role, members } of bindings) {
      const permissions = permissionsOf(roleName(role), roles);
      if (permissions.kind === 'known' && permissions.value.length === 0) continue;
      for (const member of members) {
        const address = groupOf(member);
        if (address !== null) addresses.add(address);
      }
    }
  }
  return [...addresses].sort();
}
