import { known } from '../../fact.ts';
import { answerForBuckets } from '../bucket-answer.ts';
import { bucketSetting } from '../bucket-setting.ts';
import type { Check } from '../check.ts';
import { command } from '../command.ts';
import { bucketWith, repliesWith } from '../example.ts';
import { cis, google } from '../reference.ts';

/** A bucket where every object can have an access control list of its own. */
export const bucketUniformAccess: Check = {
  id: 'bucket-uniform-access',
  title: 'Uniform bucket-level access is off',
  severity: 'medium',
  rationale:
    'With access control lists each object can let somebody in whom no policy names, and no audit of policies finds.',
  decided: '`iamConfiguration.uniformBucketLevelAccess.enabled` of a registry bucket is false.',
  references: [
    cis('4.0.0', '5.2'),
    google(
      'Uniform bucket-level access',
      'https://cloud.google.com/storage/docs/uniform-bucket-level-access',
    ),
  ],
  examples: [
    {
      title: 'A bucket with access control lists',
      replies: () => repliesWith({ buckets: [bucketWith([], { uniformAccess: known(false) })] }),
      answers: ['FAIL medium'],
    },
    {
      title: 'A bucket with uniform access',
      replies: () => repliesWith({ buckets: [bucketWith([])] }),
      answers: ['PASS'],
    },
  ],
  run(audit) {
    return answerForBuckets(bucketUniformAccess, audit, (bucket) => {
      if (bucket.uniformAccess.kind === 'unknown') {
        return { status: 'UNKNOWN', evidence: `Bucket ${bucket.name}: ${bucket.uniformAccess.reason}` };
      }
      if (bucket.uniformAccess.value) {
        return { status: 'PASS', evidence: `Uniform bucket-level access is on for bucket ${bucket.name}` };
      }
      const url = `gs://${bucket.name}`;
      const entries = [bucket.acl, bucket.defaultObjectAcl].flatMap((list) =>
        list.kind === 'known' ? list.value : [],
      );
      const named = [...new Set(entries.map(({ entity, role }) => `${entity} (${role})`))].sort().join(', ');
      return {
        status: 'FAIL',
        evidence: `Uniform bucket-level access is off for bucket ${bucket.name}`,
        risk: 'Single objects can be open to somebody whom no policy names and no audit of policies finds.',
        remediation: () => [
          {
            say: `Whoever has access only by a list loses it${named === '' ? '' : `: ${named}`}. See who does, and give those a role on the bucket first.`,
            gcloud: [
              command('gcloud', 'storage', 'buckets', 'describe', url, '--format=json(acl,default_acl)'),
            ],
            terraform: null,
          },
          {
            say: 'Turn uniform access on. It can be turned off again for 90 days.',
            gcloud: [command('gcloud', 'storage', 'buckets', 'update', url, '--uniform-bucket-level-access')],
            terraform: bucketSetting(bucket, { uniform_bucket_level_access: { expression: 'true' } }),
          },
        ],
      };
    });
  },
};
