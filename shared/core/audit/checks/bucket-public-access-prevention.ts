import { known } from '../../fact.ts';
import { answerForBuckets } from '../bucket-answer.ts';
import { bucketSetting } from '../bucket-setting.ts';
import type { Check } from '../check.ts';
import { command } from '../command.ts';
import { bucketWith, repliesWith } from '../example.ts';
import { google } from '../reference.ts';

/** A bucket that can be opened to everybody by one binding. */
export const bucketPublicAccessPrevention: Check = {
  id: 'bucket-public-access-prevention',
  title: 'Public access prevention is not enforced on the bucket',
  severity: 'low',
  rationale:
    'One binding for allUsers opens a bucket to the world. Where prevention is enforced no binding and no list can.',
  decided:
    "`iamConfiguration.publicAccessPrevention` of a registry bucket is not `enforced`. `inherited` is what the organisation's policy `storage.publicAccessPrevention` says of the project: PASS where that enforces it, UNKNOWN where it could not be read.",
  references: [
    google('Public access prevention', 'https://cloud.google.com/storage/docs/public-access-prevention'),
  ],
  examples: [
    {
      title: 'A bucket that inherits what the organisation says',
      replies: () => repliesWith({ buckets: [bucketWith([])] }),
      answers: ['FAIL low'],
    },
    {
      title: 'A bucket that inherits it from an organisation that enforces it',
      replies: () => {
        const replies = repliesWith({ buckets: [bucketWith([])] });
        const enforced = known({ kind: 'boolean', enforced: true } as const);
        return {
          ...replies,
          orgPolicies: { ...replies.orgPolicies, 'storage.publicAccessPrevention': enforced },
        };
      },
      answers: ['PASS'],
    },
    {
      title: 'A bucket that enforces it',
      replies: () => repliesWith({ buckets: [bucketWith([], { publicAccessPrevention: 'enforced' })] }),
      answers: ['PASS'],
    },
  ],
  run(audit) {
    return answerForBuckets(bucketPublicAccessPrevention, audit, (bucket) => {
      const setting = bucket.publicAccessPrevention;
      if (setting === 'enforced') {
        return { status: 'PASS', evidence: `Public access prevention is enforced on bucket ${bucket.name}` };
      }
      if (setting === 'inherited') {
        const above = audit.replies.orgPolicies['storage.publicAccessPrevention'];
        if (above.kind === 'unknown') {
          return {
            status: 'UNKNOWN',
            evidence: `Bucket ${bucket.name} inherits its public access prevention, and what the organisation enforces could not be read: ${above.reason}`,
          };
        }
        if (above.value.kind === 'boolean' && above.value.enforced) {
          return {
            status: 'PASS',
            evidence: `The organisation enforces public access prevention on bucket ${bucket.name}`,
          };
        }
      }
      const inherits = setting === 'inherited' ? ', and nothing above it enforces it' : '';
      return {
        status: 'FAIL',
        evidence: `The public access prevention of bucket ${bucket.name} is ${setting ?? 'not set'}${inherits}`,
        risk: 'Unless the organisation forbids it, one binding opens the bucket to everybody.',
        remediation: () => [
          {
            say: 'Enforce it. Whoever pulls without an account loses access at once.',
            gcloud: [
              command(
                'gcloud',
                'storage',
                'buckets',
                'update',
                `gs://${bucket.name}`,
                '--public-access-prevention',
              ),
            ],
            terraform: bucketSetting(bucket, { public_access_prevention: 'enforced' }),
          },
        ],
      };
    });
  },
};
