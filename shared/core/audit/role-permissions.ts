import { ROLE_TABLE } from './role-table.ts';

/**
 * The permissions that the checks ask for and that the table of predefined roles holds. A check asks by
 * permission and never by role name: the names mislead (`storage.legacyBucketWriter` can't read an object,
 * basic Editor can delete images).
 */
export const DATASET_PERMISSIONS = [
  'storage.objects.get',
  'storage.objects.list',
  'storage.objects.create',
  'storage.objects.delete',
  'storage.objects.setIamPolicy',
  'storage.buckets.setIamPolicy',
  'artifactregistry.repositories.downloadArtifacts',
  'artifactregistry.repositories.uploadArtifacts',
  'artifactregistry.repositories.deleteArtifacts',
  'artifactregistry.repositories.delete',
  'artifactregistry.packages.delete',
  'artifactregistry.versions.delete',
  'artifactregistry.repositories.setIamPolicy',
  'iam.serviceAccountKeys.create',
  'iam.serviceAccounts.actAs',
  'iam.serviceAccounts.getAccessToken',
  'iam.serviceAccounts.signBlob',
  'iam.serviceAccounts.signJwt',
  'iam.serviceAccounts.implicitDelegation',
  'iam.serviceAccounts.setIamPolicy',
  'resourcemanager.projects.setIamPolicy',
] as const;

/**
 * All permissions that the checks ask for. The last two are not in the dataset: of the roles in the table
 * only those can hold them that hold `resourcemanager.projects.setIamPolicy` too, which comes to the same;
 * every other role that holds them is read from IAM.
 */
export const PERMISSIONS = [
  ...DATASET_PERMISSIONS,
  'resourcemanager.folders.setIamPolicy',
  'resourcemanager.organizations.setIamPolicy',
] as const;

/** One of the permissions that a check asks for. */
export type Permission = (typeof PERMISSIONS)[number];

/** Keeps of a list of permissions those that a check asks for, in the order of `PERMISSIONS`. */
export function knownPermissions(names: readonly string[]): readonly Permission[] {
  const held = new Set(names);
  return PERMISSIONS.filter((permission) => held.has(permission));
}

/** What of `PERMISSIONS` a predefined role of Google's holds; roles that are not here are read from IAM. */
export const ROLE_PERMISSIONS: ReadonlyMap<string, readonly Permission[]> = new Map(
  Object.entries(ROLE_TABLE).map(([role, names]) => [role, knownPermissions(names.split(' '))]),
);
