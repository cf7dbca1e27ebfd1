import { answerForBuckets } from '../bucket-answer.ts';
import type { Check } from '../check.ts';
import { command, remark } from '../command.ts';

/** A bucket that can be opened to everybody by one binding. */
export const bucketPublicAccessPrevention: Check = {
  id: 'bucket-public-access-prevention',
  title: 'Public access prevention is not enforced on the bucket',
  severity: 'low',
  decided:
    "`iamConfiguration.publicAccessPrevention` of a registry bucket is not `enforced`. `inherited` depends on the organisation's policy, which is not read: the check is about the bucket's own setting.",
  run(audit) {
    return answerForBuckets(bucketPublicAccessPrevention, audit, (bucket) => {
      const setting = bucket.publicAccessPrevention;
      if (setting === 'enforced') {
        return { status: 'PASS', evidence: `Public access prevention is enforced on bucket ${bucket.name}` };
      }
      const inherits = setting === 'inherited' ? '; what the organisation enforces was not read' : '';
      return {
        status: 'FAIL',
        evidence: `The public access prevention of bucket ${bucket.name} is ${setting ?? 'not set'}${inherits}`,
        risk: 'Unless the organisation forbids it, one binding opens the bucket to everybody.',
        remediation: [
          remark('Whoever pulls without an account loses access at once.'),
          command(
            'gcloud',
            'storage',
            'buckets',
            'update',
            `gs://${bucket.name}`,
            '--public-access-prevention',
          ),
        ],
      };
    });
  },
};
