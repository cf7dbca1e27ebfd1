import { answerForBuckets } from '../bucket-answer.ts';
import type { Check } from '../check.ts';
import { command, remark } from '../command.ts';

/** A bucket where every object can have an access control list of its own. */
export const bucketUniformAccess: Check = {
  id: 'bucket-uniform-access',
  title: 'Uniform bucket-level access is off',
  severity: 'medium',
  decided: '`iamConfiguration.uniformBucketLevelAccess.enabled` of a registry bucket is false.',
  run(audit) {
    return answerForBuckets(bucketUniformAccess, audit, (bucket) => {
      if (bucket.uniformAccess.kind === 'unknown') {
        return { status: 'UNKNOWN', evidence: `Bucket ${bucket.name}: ${bucket.uniformAccess.reason}` };
      }
      if (bucket.uniformAccess.value) {
        return { status: 'PASS', evidence: `Uniform bucket-level access is on for bucket ${bucket.name}` };
      }
      const url = `gs://${bucket.name}`;
      return {
        status: 'FAIL',
        evidence: `Uniform bucket-level access is off for bucket ${bucket.name}`,
        risk: 'Single objects can be open to somebody whom no policy names and no audit of policies finds.',
        remediation: [
          remark('Whoever has access only by a list loses it: give those a role on the bucket first.'),
          command('gcloud', 'storage', 'buckets', 'describe', url, '--format=json(acl,default_acl)'),
          command('gcloud', 'storage', 'buckets', 'update', url, '--uniform-bucket-level-access'),
        ],
      };
    });
  },
};
