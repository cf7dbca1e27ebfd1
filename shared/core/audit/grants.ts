import { type Fact, known } from '../fact.ts';
import type { AccessGraph, GraphBinding, PolicyNode } from './graph.ts';
import { convenienceOf } from './member.ts';
import type { Permission } from './role-permissions.ts';

/** What somebody can do to the images of a resource, from the least to the most. */
export const ABILITIES = ['list', 'read', 'push', 'delete', 'administer', 'make keys', 'act as'] as const;

/** One thing that can be done to images, or to the accounts that reach them. */
export type Ability = (typeof ABILITIES)[number];

/** The kinds of thing a permission reaches. */
type Reach = 'bucket' | 'repository' | 'project' | 'account';

/** Everything, for whoever can set a policy above it. */
const ABOVE: readonly (readonly [Reach, Ability])[] = [
  ['bucket', 'administer'],
  ['repository', 'administer'],
  ['project', 'administer'],
  ['account', 'administer'],
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
  'iam.serviceAccounts.actAs': [['account', 'act as']],
  'iam.serviceAccounts.getAccessToken': [['account', 'act as']],
  'iam.serviceAccounts.signBlob': [['account', 'act as']],
  'iam.serviceAccounts.signJwt': [['account', 'act as']],
  'iam.serviceAccounts.implicitDelegation': [['account', 'act as']],
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

/** Who can do what to which registries, by which way. */
export interface Grant {
  readonly member: string;
  /** From the least to the most; unknown where the role's permissions are. */
  readonly abilities: Fact<readonly Ability[]>;
  /** What it can be done to: `bucket …`, `repository …`, `project …`; sorted. */
  readonly on: readonly string[];
  /** The way to it, from the member to the resource: `roles/editor on project acme`, … */
  readonly path: readonly string[];
  /** null: it always holds. Unknown: there is one that the reply hides. */
  readonly condition: Fact<string | null>;
}

/**
 * Every grant that reaches the registry. A project's binding reaches all its buckets and repositories; a
 * convenience member is followed to the members of the basic role. What folders and the organisation grant
 * is not in the replies and so not here.
 */
export function grants(graph: AccessGraph): readonly Grant[] {
  const found: Grant[] = [];
  for (const node of [graph.project, ...graph.registries]) {
    if (node.bindings.kind === 'unknown') continue;
    for (const binding of node.bindings.value) {
      for (const reached of reach(graph, node, binding)) {
        const step = `${binding.role} on ${node.label}`;
        for (const member of binding.members) {
          for (const [who, path] of follow(graph, member, step)) {
            found.push({ member: who, ...reached, path, condition: conditionText(binding) });
          }
        }
      }
    }
  }
  return merge(found);
}

/** What a binding allows, once for each group of resources on which it allows the same. */
function reach(
  graph: AccessGraph,
  node: PolicyNode,
  binding: GraphBinding,
): readonly { readonly abilities: Grant['abilities']; readonly on: readonly string[] }[] {
  const below = node.kind === 'project' ? [node, ...graph.registries] : [node];
  if (binding.permissions.kind === 'unknown') {
    return [{ abilities: binding.permissions, on: below.map((each) => each.label).sort() }];
  }
  const groups = new Map<string, { abilities: readonly Ability[]; on: string[] }>();
  for (const each of below) {
    const abilities = abilitiesOn([each.kind], binding.permissions.value);
    if (abilities.length === 0) continue;
    const group = groups.get(abilities.join()) ?? { abilities, on: [] };
    group.on.push(each.label);
    groups.set(abilities.join(), group);
  }
  return [...groups.values()].map(({ abilities, on }) => ({ abilities: known(abilities), on: on.sort() }));
}

/** The members that a member stands for, each with the path from it. */
function follow(
  graph: AccessGraph,
  member: string,
  step: string,
): readonly (readonly [string, readonly string[]])[] {
  const convenience = convenienceOf(member);
  const bindings = graph.project.bindings;
  if (
    convenience === null ||
    bindings.kind === 'unknown' ||
    `project ${convenience.project}` !== graph.project.label
  ) {
    return [[member, [step]]];
  }
  return bindings.value
    .filter((binding) => binding.role === convenience.role)
    .flatMap((binding) => binding.members)
    .map((holder) => [holder, [`${convenience.role} on ${graph.project.label}`, member, step]]);
}

function conditionText(binding: GraphBinding): Fact<string | null> {
  if (binding.condition.kind === 'unknown') return binding.condition;
  const condition = binding.condition.value;
  return known(condition === null ? null : `${condition.title}: ${condition.expression}`);
}

/** The same grant from two bindings is one; the order is by member, then path. */
function merge(found: readonly Grant[]): readonly Grant[] {
  const byKey = new Map<string, Grant>();
  for (const grant of found) byKey.set(keyOf(grant), grant);
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, grant]) => grant);
}

function keyOf(grant: Grant): string {
  const { member, path, on, abilities, condition } = grant;
  return JSON.stringify([member, path, on, abilities, condition]);
}
