import { type Fact, known, unknown } from '../fact.ts';
import {
  type Binding,
  holdsImages,
  type IamCondition,
  type IamPolicy,
  type RegistryBucket,
  type RegistryRepository,
  type ServiceAccount,
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

/** A folder or the organisation above the project: what it grants, it grants on everything below. */
export type AncestorNode = NodeBase & {
  readonly kind: 'folder' | 'organization';
  /** `folders/N` or `organizations/N` */
  readonly name: string;
};

/** A service account of the project, with who may act as it. */
export type AccountNode = NodeBase & { readonly kind: 'account'; readonly account: ServiceAccount };

/** The topic that Artifact Registry publishes to. */
export type TopicNode = NodeBase & { readonly kind: 'topic' };

/** Everything that has a policy. */
export type AccessNode = PolicyNode | AncestorNode | AccountNode | TopicNode;

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
  /** What is above the project, the nearest first. */
  readonly ancestors: Fact<readonly AncestorNode[]>;
  readonly accounts: Fact<readonly AccountNode[]>;
  /** null: the project has no such topic. */
  readonly topic: Fact<TopicNode | null>;
  /** The groups that were asked for, by address. */
  readonly groups: AuditReplies['groups'];
  /** The project's number, by which access control lists name it. */
  readonly projectNumber: Fact<string>;
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

/** Google's full resource name of a folder or an organisation. */
export function ancestorResource(name: string): string {
  return `//cloudresourcemanager.googleapis.com/${name}`;
}

/** Google's full resource name of a service account. */
export function accountResource(project: string, email: string): string {
  return `//iam.googleapis.com/projects/${project}/serviceAccounts/${email}`;
}

/** Google's full resource name of a topic. */
export function topicResource(project: string, topic: string): string {
  return `//pubsub.googleapis.com/projects/${project}/topics/${topic}`;
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
  // Many bindings have the same role: what it is and allows is worked out once.
  const roles = new Map<string, ResolvedRole>();
  const resolveRole = (written: string): ResolvedRole => {
    const stored = roles.get(written);
    if (stored !== undefined) return stored;
    const role = roleName(written);
    const resolved = {
      role,
      isHidden: role !== written,
      permissions: permissionsOf(role, replies.roles),
    };
    roles.set(written, resolved);
    return resolved;
  };
  const mapPolicy = (policy: Fact<{ readonly bindings: readonly Binding[] }>): NodeBase['bindings'] =>
    policy.kind === 'known' ? known(resolveBindings(policy.value.bindings, resolveRole)) : policy;

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
    ancestors: mapFact(replies.ancestors, (ancestors) =>
      ancestors.map(
        ({ name, policy }): AncestorNode => ({
          kind: name.startsWith('folders/') ? 'folder' : 'organization',
          name,
          resource: ancestorResource(name),
          label: name.replace('s/', ' '),
          bindings: mapPolicy(policy),
        }),
      ),
    ),
    accounts: mapFact(replies.accounts, (accounts) =>
      accounts.map(
        ({ account, policy }): AccountNode => ({
          kind: 'account',
          account,
          resource: accountResource(replies.project, account.email),
          label: `account ${account.email}`,
          bindings: mapPolicy(policy),
        }),
      ),
    ),
    topic: mapFact(replies.topicPolicy, (policy): TopicNode | null =>
      policy === null
        ? null
        : {
            kind: 'topic',
            resource: topicResource(replies.project, 'gcr'),
            label: 'topic gcr',
            bindings: mapPolicy(known(policy)),
          },
    ),
    groups: replies.groups,
    projectNumber: mapFact(replies.identity, ({ number }) => number),
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

/** Almost every binding has no condition, and one value says so for all of them. */
const UNCONDITIONAL: GraphBinding['condition'] = known(null);

/** A role as a binding names it. */
interface ResolvedRole {
  readonly role: string;
  /** Whether the name hides a condition. */
  readonly isHidden: boolean;
  readonly permissions: GraphBinding['permissions'];
}

function resolveBindings(
  bindings: readonly Binding[],
  resolveRole: (written: string) => ResolvedRole,
): readonly GraphBinding[] {
  const byRole = new Map<string, GraphBinding[]>();
  // By the name as it is written; two of them can be one role.
  const groups = new Map<string, { readonly resolved: ResolvedRole; readonly group: GraphBinding[] }>();
  const groupOf = (written: string) => {
    const resolved = resolveRole(written);
    const group = byRole.get(resolved.role) ?? [];
    byRole.set(resolved.role, group);
    const made = { resolved, group };
    groups.set(written, made);
    return made;
  };
  const all = bindings.map((binding) => {
    const { resolved, group } = groups.get(binding.role) ?? groupOf(binding.role);
    const made = resolveBinding(binding, resolved);
    group.push(made);
    return made;
  });
  BY_ROLE.set(all, sortByRole(byRole));
  return all;
}

function resolveBinding(binding: Binding, { role, isHidden, permissions }: ResolvedRole): GraphBinding {
  return {
    role,
    members: binding.members,
    condition: isHidden
      ? unknown('the reply hides the condition of this binding')
      : binding.condition === null
        ? UNCONDITIONAL
        : known(binding.condition),
    permissions,
  };
}

/** By the list of bindings itself: every policy that was read has one. */
const BY_ROLE = new WeakMap<readonly GraphBinding[], ReadonlyMap<string, readonly GraphBinding[]>>();

/** The bindings of a node by role, in the order of the roles' names; empty where its policy is not known. */
export function bindingsByRole({ bindings }: AccessNode): ReadonlyMap<string, readonly GraphBinding[]> {
  const all = bindings.kind === 'known' ? bindings.value : [];
  return BY_ROLE.get(all) ?? groupByRole(all);
}

function groupByRole(bindings: readonly GraphBinding[]): ReadonlyMap<string, readonly GraphBinding[]> {
  return sortByRole(Map.groupBy(bindings, ({ role }) => role));
}

function sortByRole<T>(byRole: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...byRole].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function mapFact<T, U>(fact: Fact<T>, change: (value: T) => U): Fact<U> {
  return fact.kind === 'known' ? known(change(fact.value)) : fact;
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
