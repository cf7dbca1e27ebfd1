import type { RegistryBucket } from './access.ts';
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

/** An entry of a bucket's access control lists that has to go from Terraform. */
export function bucketAclRemoval(
  bucket: string,
  of: 'bucket' | 'objects',
  entity: string,
  role: string,
): string {
  const type =
    of === 'bucket' ? 'google_storage_bucket_access_control' : 'google_storage_default_object_access_control';
  return terraformRemoval(
    terraformResource(type, terraformName(`${bucket}_${entity}`, [bucket, of, entity, role]), {
      bucket,
      entity,
      role,
    }),
  );
}
