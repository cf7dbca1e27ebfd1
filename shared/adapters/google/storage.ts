import * as z from 'zod';
import type { AclEntry, RegistryBucket } from '../../core/audit/access.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { GoogleAccess } from '../../ports.ts';
import { type FactReads, mapFact, timeOf } from './fact-reads.ts';
import { POLICY, policyOf } from './iam-policy.ts';
import { path } from './rest.ts';

const ACL = z.array(z.object({ entity: z.string(), role: z.string() }));

const BUCKET = z.object({
  name: z.string(),
  projectNumber: z.string().optional(),
  location: z.string().optional(),
  storageClass: z.string().optional(),
  timeCreated: z.string().optional(),
  iamConfiguration: z
    .object({
      uniformBucketLevelAccess: z.object({ enabled: z.boolean().default(false) }).optional(),
      publicAccessPrevention: z.string().optional(),
    })
    .optional(),
  acl: ACL.optional(),
  defaultObjectAcl: ACL.optional(),
});

/** Buckets and their policies: https://cloud.google.com/storage/docs/json_api/v1 */
export function storageReads({
  one,
  oneOrNone,
  shared,
}: FactReads): Pick<GoogleAccess, 'bucket' | 'bucketPolicy'> {
  return {
    async bucket(name) {
      const reply = await oneOrNone(BUCKET, {
        api: 'storage',
        path: path`/storage/v1/b/${name}`,
        // Access control lists are left out of the default projection.
        query: { projection: 'full' },
      });
      return mapFact(reply, (found) => (found === null ? null : bucketOf(found)));
    },

    async bucketPolicy(name) {
      const reply = await one(POLICY, {
        api: 'storage',
        path: path`/storage/v1/b/${name}/iam`,
        query: { optionsRequestedPolicyVersion: '3' },
      });
      return mapFact(reply, (policy) => policyOf(policy, shared));
    },
  };
}

function bucketOf(reply: z.infer<typeof BUCKET>): RegistryBucket {
  const uniform = reply.iamConfiguration?.uniformBucketLevelAccess;
  const listOf = (list: readonly AclEntry[] | undefined): Fact<readonly AclEntry[]> =>
    list === undefined ? unknown('the reply has no access control list') : known(list);
  return {
    name: reply.name,
    uniformAccess:
      uniform === undefined ? unknown('the reply says nothing about uniform access') : known(uniform.enabled),
    publicAccessPrevention: reply.iamConfiguration?.publicAccessPrevention ?? null,
    acl: listOf(reply.acl),
    defaultObjectAcl: listOf(reply.defaultObjectAcl),
    location: reply.location ?? null,
    storageClass: reply.storageClass ?? null,
    createdMs: timeOf(reply.timeCreated),
    projectNumber: reply.projectNumber ?? null,
  };
}
