import { answerForBuckets } from '../bucket-answer.ts';
import type { Check } from '../check.ts';
import { findingOf } from '../check.ts';
import { command, remark } from '../command.ts';
import { bucketResource } from '../graph.ts';

/** What Container Registry left behind: storage that is billed and grants that mean nothing any more. */
export const legacyBucketLeft: Check = {
  id: 'legacy-bucket-left',
  title: 'A bucket of Container Registry is left',
  severity: 'low',
  decided:
    'A bucket with a name that Container Registry used exists. PASS only where Cloud Storage says that there is none. Commands only where `legacyRedirectionState` says that Artifact Registry serves the gcr.io hosts and copies nothing any more.',
  run(audit) {
    const { replies } = audit;
    const absent = replies.buckets
      .filter(({ bucket }) => bucket.kind === 'known' && bucket.value === null)
      .map(({ name }) =>
        findingOf(legacyBucketLeft, audit, {
          status: 'PASS',
          resource: bucketResource(name),
          evidence: `Bucket ${name} does not exist`,
        }),
      );
    const left = answerForBuckets(legacyBucketLeft, audit, (bucket, use) => {
      const url = `gs://${bucket.name}`;
      return {
        status: 'FAIL',
        evidence: `Bucket ${bucket.name} exists${use.kind === 'left over' ? ', and Artifact Registry serves the gcr.io hosts' : ''}`,
        risk: 'Old layers are billed every month, and whoever is still granted the bucket can read them.',
        remediation:
          use.kind === 'not moved'
            ? [
                remark(
                  'The images of the gcr.io hosts are only in this bucket. Move them first; this copies and deletes nothing:',
                ),
                command(
                  'gcloud',
                  'artifacts',
                  'docker',
                  'upgrade',
                  'migrate',
                  `--projects=${replies.project}`,
                ),
              ]
            : [
                command('gcloud', 'storage', 'du', '--summarize', url),
                remark(
                  'Make sure that nothing reads it any more and that Artifact Registry has every image you need.',
                ),
                remark('Deleting is for good once soft delete has run out:'),
                command('gcloud', 'storage', 'rm', '--recursive', url),
              ],
      };
    });
    return [...absent, ...left];
  },
};
