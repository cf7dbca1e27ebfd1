import type { RemedyStep } from '../finding.ts';
import type { RegistryBucket } from './access.ts';
import { ACL_NAMES, type AclGrant, type AclList } from './bucket-acl.ts';
import { command } from './command.ts';
import {
  type HclValue,
  terraformName,
  terraformRemark,
  terraformRemoval,
  terraformResource,
} from './terraform.ts';

/** A setting of a bucket in Terraform: the resource as it is, with this in it. */
export function bucketSetting(
  bucket: Pick<RegistryBucket, 'name' | 'location'>,
  settings: Readonly<Record<string, HclValue>>,
): string {
  const block = terraformResource('google_storage_bucket', terraformName(bucket.name, bucket.name), {
    name: bucket.name,
    // The provider wants the place, and a wrong one would replace the bucket.
    ...(bucket.location === null ? {} : { location: bucket.location }),
    ...settings,
  });
  return `${terraformRemark('In the resource that this bucket is (import it first where it is in no state):')}\n${block}`;
}

const REMOVAL_FLAGS: Readonly<Record<AclList, string>> = {
  bucket: '--remove-acl-grant',
  objects: '--remove-default-object-acl-grant',
};

const ACL_TYPES: Readonly<Record<AclList, string>> = {
  bucket: 'google_storage_bucket_access_control',
  objects: 'google_storage_default_object_access_control',
};

/** Takes one entry out of a bucket's access control lists. */
export function removeEntry(
  bucket: string,
  { entity, role, list }: Pick<AclGrant, 'entity' | 'role' | 'list'>,
): RemedyStep {
  return {
    say: `Take ${entity} out of the ${ACL_NAMES[list]}. Objects that are there keep their own lists until uniform access is on.`,
    gcloud: [
      command('gcloud', 'storage', 'buckets', 'update', `gs://${bucket}`, `${REMOVAL_FLAGS[list]}=${entity}`),
    ],
    terraform: terraformRemoval(
      terraformResource(ACL_TYPES[list], terraformName(`${bucket}_${entity}`, [bucket, list, entity, role]), {
        bucket,
        entity,
        role,
      }),
    ),
  };
}
