import { known } from '../../fact.ts';
import { abilitiesOn } from '../ability.ts';
import { removeMember, underCondition } from '../binding.ts';
import type { Check } from '../check.ts';
import { bind, bucketWith, repliesWith } from '../example.ts';
import { convenienceOf, isPublic, isServiceAgent } from '../member.ts';
import { answerForMembers } from '../member-answer.ts';
import { bucketUse } from '../redirection.ts';
import { google } from '../reference.ts';

const CI = 'serviceAccount:ci@acme.iam.gserviceaccount.com';
const bucketFor = (state: string) =>
  repliesWith({ redirection: known(state), buckets: [bucketWith([bind('roles/storage.objectViewer', CI)])] });

/** A grant on what the registry has left. */
export const legacyBucketGrant: Check = {
  id: 'legacy-bucket-grant',
  title: 'A grant on a bucket of Container Registry means nothing any more',
  severity: 'low',
  rationale:
    'Since the move, pulls and pushes ask the policies of Artifact Registry. A grant on the old bucket only lets somebody read and change layers that nobody uses, and makes a reader of policies believe that it is needed.',
  decided:
    "`legacyRedirectionState` says that Artifact Registry serves the gcr.io hosts and copies nothing any more, and a member has a permission over objects by the bucket's own policy. While images are copied, or where the state is not known, it is UNKNOWN; before the move it is PASS. What Google grants to a project's owners, editors and viewers goes with the bucket, Google's agents keep what they have, and everybody at once belongs to public-access.",
  references: [
    google(
      'Transition from Container Registry',
      'https://cloud.google.com/artifact-registry/docs/transition/transition-from-gcr',
    ),
  ],
  examples: [
    {
      title: 'A build that was granted the bucket, after the move',
      replies: () => bucketFor('REDIRECTION_FROM_GCR_IO_FINALIZED'),
      answers: ['FAIL low'],
    },
    {
      title: 'The same while images are copied',
      replies: () => bucketFor('REDIRECTION_FROM_GCR_IO_PARTIAL_AND_COPYING'),
      answers: ['UNKNOWN'],
    },
    {
      title: 'The same before the move',
      replies: () => bucketFor('REDIRECTION_FROM_GCR_IO_DISABLED'),
      answers: ['PASS'],
    },
  ],
  run(audit) {
    const { graph, replies } = audit;
    const use = bucketUse(replies.redirection);
    return answerForMembers(legacyBucketGrant, audit, {
      nodes: graph.registries.filter(({ kind }) => kind === 'bucket'),
      concerns: (member) =>
        use.kind !== 'not moved' &&
        convenienceOf(member) === null &&
        !isPublic(member) &&
        !isServiceAgent(member),
      judge: ({ node, binding, member, permissions }) => {
        const abilities = abilitiesOn(['bucket'], permissions);
        if (abilities.length === 0) return [];
        const says = `${member} has ${binding.role} on ${node.label}${underCondition(binding)}: can ${abilities.join(', ')}`;
        if (use.kind !== 'left over') {
          const why = use.kind === 'untouchable' ? use.why : 'the registry lives in the bucket';
          return [
            {
              status: 'UNKNOWN',
              evidence: `${says}; whether that still means anything is not known: ${why}`,
            },
          ];
        }
        return [
          {
            status: 'FAIL',
            evidence: `${says}, and Artifact Registry serves the gcr.io hosts`,
            risk: 'Old layers, with whatever secrets are in them, stay open to somebody who does not need them.',
            remediation: () => [removeMember(node, binding, member, replies.project)],
          },
        ];
      },
      passes: (node) =>
        use.kind === 'not moved'
          ? `The registry lives in ${node.label}, so its grants mean what they say`
          : `No grant on ${node.label} is left`,
    });
  },
};
