import { type Fact, known } from '../fact.ts';
import type { IamCondition } from './access.ts';
import type { AccessGraph, AccessNode, GraphBinding } from './graph.ts';
import { groupOf } from './member.ts';
import type { Permission } from './role-permissions.ts';
import { conditionsOf, type Stand, standsOf } from './stand-for.ts';

/** What somebody can do to the images of a resource, from the least to the most. */
export const ABILITIES = ['list', 'read', 'push', 'delete', 'administer', 'make keys', 'act as'] as const;

/** One thing that can be done to images, or to the accounts that reach them. */
export type Ability = (typeof ABILITIES)[number];

/** The kinds of thing a permission reaches: registries, accounts, and a project for all accounts in it. */
type Reach = 'bucket' | 'repository' | 'project' | 'account';

/** Everything, for whoever can set a policy above it. */
const ABOVE: readonly (readonly [Reach, Ability])[] = [
  ['bucket', 'administer'],
  ['repository', 'administer'],
  ['project', 'administer'],
  ['account', 'administer'],
];

/** On a project it is all accounts in it. */
const ACTING: readonly (readonly [Reach, Ability])[] = [
  ['project', 'act as'],
  ['account', 'act as'],
];

/**
 * What each permission amounts to, and on what. A permission on one kind of registry says nothing of the
 * other: `storage.admin` can't touch a repository of Artifact Registry.
 */
const MEANING: Readonly<Record<Permission, readonly (readonly [Reach, Ability])[]>> = {
  'storage.objects.list': [['bucket', 'list']],
  'storage.objects.get': [['bucket', 'read']],
  'storage.objects.create': [['bucket', 'push']],
  'storage.objects.delete': [['bucket', 'delete']],
  'storage.objects.setIamPolicy': [['bucket', 'administer']],
  'storage.buckets.setIamPolicy': [['bucket', 'administer']],
  'artifactregistry.repositories.downloadArtifacts': [['repository', 'read']],
  'artifactregistry.repositories.uploadArtifacts': [['repository', 'push']],
  'artifactregistry.repositories.deleteArtifacts': [['repository', 'delete']],
  'artifactregistry.repositories.delete': [['repository', 'delete']],
  'artifactregistry.packages.delete': [['repository', 'delete']],
  'artifactregistry.versions.delete': [['repository', 'delete']],
  'artifactregistry.repositories.setIamPolicy': [['repository', 'administer']],
  'iam.serviceAccountKeys.create': [
    ['project', 'make keys'],
    ['account', 'make keys'],
  ],
  'iam.serviceAccounts.actAs': ACTING,
  'iam.serviceAccounts.getAccessToken': ACTING,
  'iam.serviceAccounts.signBlob': ACTING,
  'iam.serviceAccounts.signJwt': ACTING,
  'iam.serviceAccounts.implicitDelegation': ACTING,
  'iam.serviceAccounts.setIamPolicy': [['account', 'administer']],
  // Whoever sets the project's policy can give himself everything below it.
  'resourcemanager.projects.setIamPolicy': [
    ['bucket', 'administer'],
    ['repository', 'administer'],
    ['project', 'administer'],
    ['account', 'administer'],
  ],
  // The same for whoever sets the policy of what is above the project.
  'resourcemanager.folders.setIamPolicy': ABOVE,
  'resourcemanager.organizations.setIamPolicy': ABOVE,
};

/** What these permissions allow on one of these kinds of resource, from the least to the most. */
export function abilitiesOn(kinds: readonly Reach[], permissions: readonly Permission[]): readonly Ability[] {
  const held = new Set<Ability>();
  for (const permission of permissions) {
    for (const [kind, ability] of MEANING[permission]) if (kinds.includes(kind)) held.add(ability);
  }
  return ABILITIES.filter((ability) => held.has(ability));
}

/** Who can do what to which registries and accounts, by which way. */
export interface Grant {
  readonly member: string;
  /** From the least to the most; unknown where the role's permissions are. */
  readonly abilities: Fact<readonly Ability[]>;
  /** What it can be done to: `bucket …`, `repository …`, `account …`, `project …`; sorted. */
  readonly on: readonly string[];
  /** The way to it, from the member to the resource: `in group:eng@example.com`, `roles/editor on folder 301`. */
  readonly path: readonly string[];
  /** null: it always holds. Unknown: there is one that the reply hides. */
  readonly condition: Fact<string | null>;
}

/** The members of a group larger than this have no rows of their own: the row of the group stands for them. */
const GROUP_ROWS_MAX = 100;

/**
 * Every grant that reaches the registry or an account. What is granted on the project, on a folder or on the
 * organisation reaches all its buckets and repositories. A group has a row, and so has each of its members
 * that can be seen; a convenience member is followed to the holders of the basic role. By member, then path.
 */
export function grants(graph: AccessGraph): readonly Grant[] {
  const byMember = new Map<string, Grant[]>();
  const rowsOf = rowsFor(graph);
  const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
  const ancestors = graph.ancestors.kind === 'known' ? graph.ancestors.value : [];
  for (const node of [...ancestors, graph.project, ...graph.registries, ...accounts]) {
    if (node.bindings.kind === 'unknown') continue;
    const reach = reachFrom(graph, node);
    for (const binding of node.bindings.value) {
      const reached = reach(binding);
      if (reached.length === 0) continue;
      const step = `${binding.role} on ${node.label}`;
      for (const member of binding.members) {
        for (const { who, path, conditions } of rowsOf(member)) {
          const rows = byMember.get(who) ?? [];
          if (rows.length === 0) byMember.set(who, rows);
          const condition = conditionText(binding, conditions);
          for (const { abilities, on } of reached) {
            rows.push({ member: who, abilities, on, path: [...path, step], condition });
          }
        }
      }
    }
  }
  return [...byMember.keys()].sort().flatMap((member) => distinct(byMember.get(member) ?? []));
}

/** Whom a member has rows for. */
function rowsFor(graph: AccessGraph): (member: string) => readonly Stand[] {
  const stands = standsOf(graph);
  return (member) => {
    const itself = [{ who: member, path: [], conditions: [] }];
    const found = stands(member).stands;
    if (groupOf(member) === null) return found;
    if (found.length > GROUP_ROWS_MAX) return itself;
    return [...itself, ...found.filter(({ who }) => who !== member)];
  };
}

interface Reached {
  readonly abilities: Grant['abilities'];
  readonly on: readonly string[];
}

/** What a binding of a node allows, once for each group of resources on which it allows the same. */
function reachFrom(graph: AccessGraph, node: AccessNode): (binding: GraphBinding) => readonly Reached[] {
  const isAbove = node.kind === 'project' || node.kind === 'folder' || node.kind === 'organization';
  const below: readonly AccessNode[] = isAbove ? [graph.project, ...graph.registries] : [node];
  // Roles repeat: what one reaches from here is worked out once.
  const byRole = new Map<string, readonly Reached[]>();
  return ({ role, permissions }) => {
    let reached = byRole.get(role);
    if (reached === undefined) {
      reached = reachOf(below, permissions);
      byRole.set(role, reached);
    }
    return reached;
  };
}

function reachOf(below: readonly AccessNode[], permissions: GraphBinding['permissions']): readonly Reached[] {
  if (permissions.kind === 'unknown') {
    return [{ abilities: permissions, on: below.map(({ label }) => label).sort() }];
  }
  const groups = new Map<string, { abilities: readonly Ability[]; on: string[] }>();
  for (const { kind, label } of below) {
    if (kind === 'folder' || kind === 'organization' || kind === 'topic') continue;
    const abilities = abilitiesOn([kind], permissions.value);
    if (abilities.length === 0) continue;
    const group = groups.get(abilities.join()) ?? { abilities, on: [] };
    group.on.push(label);
    groups.set(abilities.join(), group);
  }
  return [...groups.values()].map(({ abilities, on }) => ({ abilities: known(abilities), on: on.sort() }));
}

/** Almost every grant has no condition, and one value says so for all of them. */
const UNCONDITIONAL: Grant['condition'] = known(null);

function conditionText(binding: GraphBinding, inherited: readonly Fact<IamCondition>[]): Fact<string | null> {
  if (binding.condition.kind === 'known' && binding.condition.value === null && inherited.length === 0) {
    return UNCONDITIONAL;
  }
  const texts: string[] = [];
  for (const condition of [...inherited, ...conditionsOf(binding)]) {
    if (condition.kind === 'unknown') return condition;
    texts.push(`${condition.value.title}: ${condition.value.expression}`);
  }
  return known(texts.join(' and '));
}

/** The same grant from two bindings is one; the order is by path, then by what it reaches. */
function distinct(rows: readonly Grant[]): readonly Grant[] {
  if (rows.length === 1) return rows;
  const byKey = new Map<string, Grant>();
  for (const row of rows) byKey.set(keyOf(row), row);
  return [...byKey.keys()].sort().map((key) => byKey.get(key) as Grant);
}

/** Two rows with one path and one first resource are of the same binding and group of resources. */
function keyOf({ path, on, condition }: Grant): string {
  const when = condition.kind === 'known' ? (condition.value ?? '') : `?${condition.reason}`;
  return `${path.join('\n')}\n\n${on[0] ?? ''}\n\n${when}`;
}
