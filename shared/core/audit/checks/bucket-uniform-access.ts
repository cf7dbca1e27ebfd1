import { known } from '../../fact.ts';
import { aclReplacement } from '../acl-equivalent.ts';
import { type AclGrant, aclGrants } from '../bucket-acl.ts';
import { answerForBuckets } from '../bucket-answer.ts';
import { bucketSetting } from '../bucket-setting.ts';
import type { Check } from '../check.ts';
import { command } from '../command.ts';
import { bind, bucketWith, repliesWith } from '../example.ts';
import { cis, google } from '../reference.ts';

/** A bucket where every object can have an access control list of its own. */
export const bucketUniformAccess: Check = {
  id: 'bucket-uniform-access',
  title: 'Uniform bucket-level access is off',
  severity: 'medium',
  rationale:
    'With access control lists each object can let somebody in whom no policy names, and no audit of policies finds.',
  decided:
    "`iamConfiguration.uniformBucketLevelAccess.enabled` of a registry bucket is false. Who is in the bucket's own list and in its list for new objects is read and named; lists of single objects are not, since each would be a request. While the registry lives in the bucket, the remedy first grants the roles that stand for the entries of its lists, but for everybody at once and people from outside.",
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
      title: 'A registry that lives in a bucket with access control lists, as Google made it',
      replies: () =>
        repliesWith({
          redirection: known('REDIRECTION_FROM_GCR_IO_DISABLED'),
          buckets: [
            bucketWith([bind('roles/storage.legacyBucketReader', 'projectViewer:acme')], {
              uniformAccess: known(false),
              acl: known([{ entity: 'project-viewers-123456789012', role: 'READER' }]),
              defaultObjectAcl: known([
                { entity: 'project-viewers-123456789012', role: 'READER' },
                { entity: 'user-ci@acme.iam.gserviceaccount.com', role: 'OWNER' },
                { entity: 'user-ada@gmail.com', role: 'READER' },
              ]),
            }),
          ],
        }),
      answers: ['FAIL medium'],
    },
    {
      title: 'A bucket with uniform access',
      replies: () => repliesWith({ buckets: [bucketWith([])] }),
      answers: ['PASS'],
    },
  ],
  run(audit) {
    return answerForBuckets(bucketUniformAccess, audit, (bucket, use, node) => {
      if (bucket.uniformAccess.kind === 'unknown') {
        return { status: 'UNKNOWN', evidence: `Bucket ${bucket.name}: ${bucket.uniformAccess.reason}` };
      }
      if (bucket.uniformAccess.value) {
        return { status: 'PASS', evidence: `Uniform bucket-level access is on for bucket ${bucket.name}` };
      }
      const { grants: entries } = aclGrants(node, audit.graph);
      const says = `Uniform bucket-level access is off for bucket ${bucket.name}`;
      return {
        status: 'FAIL',
        evidence: `${says}: its lists let in ${named(entries)}, and the lists of its objects are not read`,
        risk: 'Single objects can be open to somebody whom no policy names and no audit of policies finds.',
        remediation: () => {
          const isLeftOver = use.kind === 'left over';
          const { grants, lost } = aclReplacement(node, audit);
          const losers = isLeftOver ? entries : lost;
          return [
            {
              say: `The lists of single objects end with this too. See whether they let in somebody who has to stay, and give him a role on the bucket first.${isLeftOver ? ' Artifact Registry serves the gcr.io hosts: nobody needs the bucket to pull or to push.' : ''}`,
              gcloud: [command('gcloud', 'storage', 'ls', '--full', '--recursive', `gs://${bucket.name}`)],
              terraform: null,
            },
            ...(isLeftOver ? [] : grants),
            {
              say: `Turn uniform access on. It can be turned off again for 90 days.${losers.length === 0 ? '' : ` Who has access by a list alone loses it: ${named(losers)}.`}`,
              gcloud: [
                command(
                  'gcloud',
                  'storage',
                  'buckets',
                  'update',
                  `gs://${bucket.name}`,
                  '--uniform-bucket-level-access',
                ),
              ],
              terraform: bucketSetting(bucket, { uniform_bucket_level_access: { expression: 'true' } }),
            },
          ];
        },
      };
    });
  },
};

/** Who is in lists, each once: `projectViewer:acme (READER)`. */
function named(entries: readonly AclGrant[]): string {
  const names = new Set(entries.map(({ member, role }) => `${member} (${role})`));
  return names.size === 0 ? 'nobody' : [...names].sort().join(', ');
}
