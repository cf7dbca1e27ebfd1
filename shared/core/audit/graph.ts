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
import { addKind, type FoundKinds, type MemberKinds, noKinds, usersOf } from './member-kinds.ts';
import type { AuditReplies } from './replies.ts';
import { knownPermissions, type Permission, ROLE_PERMISSIONS } from './role-permissions.ts';

/**
 * All bindings of one role in one policy. They stay as they were read: a million of them are the most of an
 * audit's memory, and of almost all of them nothing is ever said.
 */
export interface RoleBindings {
  /** The role's real name, without the suffix that hides a condition. */
  readonly role: string;
  readonly permissions: Fact<readonly Permission[]>;
  readonly written: readonly Binding[];
  readonly kinds: MemberKinds;
}

/** One binding with what its role allows. */
export interface GraphBinding {
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
  /** By the roles' names. */
  readonly bindings: Fact<readonly RoleBindings[]>;
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
function repositoryResource(name: string): string {
  return `//artifactregistry.googleapis.com/${name}`;
}

/** Makes the graph of who is bound where from what was read. */
export function accessGraph(replies: AuditReplies): AccessGraph {
  // Many policies name the same role: what it allows is worked out once.
  const permissions = new Map<string, RoleBindings['permissions']>();
  const permissionsOnce = (role: string): RoleBindings['permissions'] => {
    const stored = permissions.get(role) ?? permissionsOf(role, replies.roles);
    permissions.set(role, stored);
    return stored;
  };
  const ownUsers = usersOf(replies.organization);
  const mapPolicy = (policy: Fact<{ readonly bindings: readonly Binding[] }>): NodeBase['bindings'] =>
    policy.kind === 'known' ? known(byRole(policy.value.bindings, permissionsOnce, ownUsers)) : policy;

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

function byRole(
  bindings: readonly Binding[],
  permissionsOnce: (role: string) => RoleBindings['permissions'],
  ownUsers: string | null,
): readonly RoleBindings[] {
  const roles = new Map<string, { written: Binding[]; kinds: FoundKinds }>();
  // By the name as it is written; two of them can be one role.
  const asWritten = new Map<string, { written: Binding[]; kinds: FoundKinds }>();
  for (const binding of bindings) {
    let group = asWritten.get(binding.role);
    if (group === undefined) {
      const role = roleName(binding.role);
      group = roles.get(role) ?? { written: [], kinds: noKinds() };
      roles.set(role, group);
      asWritten.set(binding.role, group);
    }
    group.written.push(binding);
    for (const member of binding.members) addKind(group.kinds, member, ownUsers);
  }
  return [...roles]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([role, group]) => ({ role, permissions: permissionsOnce(role), ...group }));
}

/** Almost every binding has no condition, and one value says so for all of them. */
const UNCONDITIONAL: GraphBinding['condition'] = known(null);

/** The condition of a binding as it was read. */
export function conditionOf({ role, condition }: Binding): GraphBinding['condition'] {
  if (HIDDEN_CONDITION.test(role)) return unknown('the reply hides the condition of this binding');
  return condition === null ? UNCONDITIONAL : known(condition);
}

/** One of the bindings of a role, with what the role allows. */
export function bindingOf({ role, permissions }: RoleBindings, written: Binding): GraphBinding {
  return { role, members: written.members, condition: conditionOf(written), permissions };
}

/** What a node grants; nothing where its policy is not known. */
export function rolesOn({ bindings }: AccessNode): readonly RoleBindings[] {
  return bindings.kind === 'known' ? bindings.value : [];
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
