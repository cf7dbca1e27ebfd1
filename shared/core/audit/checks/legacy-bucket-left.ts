import { known } from '../../fact.ts';
import { answerForBuckets } from '../bucket-answer.ts';
import { whatItHolds } from '../bucket-cost.ts';
import type { Check } from '../check.ts';
import { findingOf } from '../check.ts';
import { command } from '../command.ts';
import { BUCKET, bucketWith, repliesWith } from '../example.ts';
import { bucketResource } from '../graph.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { terraformName, terraformRemoval, terraformResource } from '../terraform.ts';

/** What Container Registry left behind: storage that is billed and grants that mean nothing any more. */
export const legacyBucketLeft: Check = {
  id: 'legacy-bucket-left',
  title: 'A bucket of Container Registry is left',
  severity: 'low',
  rationale:
    'Since the move to Artifact Registry nobody pulls from the bucket, and its layers are still billed and still readable to whoever was once granted it.',
  decided:
    'A bucket with a name that Container Registry used exists. PASS only where Cloud Storage says that there is none. What it holds is what Cloud Monitoring measured within the last days, and what it costs is the list price of standard storage in a multi-region, without operations. Commands only where `legacyRedirectionState` says that Artifact Registry serves the gcr.io hosts and copies nothing any more.',
  references: [
    google(
      'Transition from Container Registry',
      'https://cloud.google.com/artifact-registry/docs/transition/transition-from-gcr',
    ),
    google('Cloud Storage pricing', 'https://cloud.google.com/storage/pricing'),
  ],
  examples: [
    {
      title: 'A bucket that is left after the move',
      replies: () => repliesWith({ buckets: [bucketWith([])] }),
      answers: ['FAIL low'],
    },
    {
      title: 'A bucket that images are being copied from: told of, with no command',
      replies: () =>
        repliesWith({
          buckets: [bucketWith([])],
          redirection: known('REDIRECTION_FROM_GCR_IO_ENABLED_AND_COPYING'),
        }),
      answers: ['FAIL low'],
    },
    {
      title: 'A bucket that Cloud Storage does not know',
      replies: () =>
        repliesWith({ buckets: [{ name: BUCKET, bucket: known(null), policy: null, contents: null }] }),
      answers: ['PASS'],
    },
  ],
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
        evidence: `Bucket ${bucket.name} exists${use.kind === 'left over' ? ', and Artifact Registry serves the gcr.io hosts' : ''}. ${whatItHolds(bucket, replies)}`,
        risk: 'Old layers are billed every month, and whoever is still granted the bucket can read them.',
        remediation: () =>
          use.kind === 'not moved'
            ? [
                {
                  say: 'The images of the gcr.io hosts are only in this bucket. Move them first; this copies and deletes nothing.',
                  gcloud: [
                    command(
                      'gcloud',
                      'artifacts',
                      'docker',
                      'upgrade',
                      'migrate',
                      `--projects=${replies.project}`,
                    ),
                  ],
                  terraform: null,
                },
              ]
            : [
                {
                  say: 'See what it holds.',
                  gcloud: [command('gcloud', 'storage', 'du', '--summarize', url)],
                  terraform: null,
                },
                handStep(
                  'Make sure that nothing reads it any more and that Artifact Registry has every image you need.',
                ),
                {
                  say: 'Delete it. That is for good once soft delete has run out.',
                  gcloud: [command('gcloud', 'storage', 'rm', '--recursive', url)],
                  terraform: terraformRemoval(
                    terraformResource('google_storage_bucket', terraformName(bucket.name, bucket.name), {
                      name: bucket.name,
                    }),
                  ),
                },
              ],
      };
    });
    return [...absent, ...left];
  },
};
