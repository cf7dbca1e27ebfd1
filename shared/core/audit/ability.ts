import type { Permission } from './role-permissions.ts';

/** What somebody can do to the images of a resource, from the least to the most. */
export const ABILITIES = ['list', 'read', 'push', 'delete', 'administer', 'make keys', 'act as'] as const;

/** One thing that can be done to images, or to the accounts that reach them. */
export type Ability = (typeof ABILITIES)[number];

/** The kinds of thing a permission reaches: registries, accounts, and a project for all accounts in it. */
export type Reach = 'bucket' | 'repository' | 'project' | 'account';

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
  const [only] = kinds;
  if (only !== undefined && kinds.length === 1) return sharedAbilities(only, permissions).value;
  return abilitiesAmong(kinds, permissions);
}

function abilitiesAmong(kinds: readonly Reach[], permissions: readonly Permission[]): readonly Ability[] {
  const held = new Set<Ability>();
  for (const permission of permissions) {
    for (const [kind, ability] of MEANING[permission]) if (kinds.includes(kind)) held.add(ability);
  }
  return ABILITIES.filter((ability) => held.has(ability));
}

/** A known fact of abilities. */
export interface KnownAbilities {
  readonly kind: 'known';
  readonly value: readonly Ability[];
}

/** By the list of permissions itself: a role has one, however many policies name it. */
const ABILITIES_OF = new WeakMap<readonly Permission[], Map<Reach, KnownAbilities>>();

/** The same for one kind, one value for all who ask with the same list. */
export function sharedAbilities(kind: Reach, permissions: readonly Permission[]): KnownAbilities {
  let byKind = ABILITIES_OF.get(permissions);
  if (byKind === undefined) {
    byKind = new Map();
    ABILITIES_OF.set(permissions, byKind);
  }
  let abilities = byKind.get(kind);
  if (abilities === undefined) {
    abilities = { kind: 'known', value: abilitiesAmong([kind], permissions) };
    byKind.set(kind, abilities);
  }
  return abilities;
}
