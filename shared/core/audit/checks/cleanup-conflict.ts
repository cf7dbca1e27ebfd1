import { known } from '../../fact.ts';
import type { Check } from '../check.ts';
import { cleanupOf } from '../cleanup.ts';
import { cleanupWith, policyWith, repliesWith, repositoryLike } from '../example.ts';
import { policiesOn } from '../looked-after.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { answerForRepositories, repositoryCommand, repositoryLabel } from '../repository-answer.ts';

const cleaned = (cleanupDryRun: boolean) =>
  repliesWith({
    locations: known([repositoryLike({ cleanupPolicies: known([cleanupWith()]), cleanupDryRun })]),
  });

/** Two that delete from one repository and know nothing of each other. */
export const cleanupConflict: Check = {
  id: 'cleanup-conflict',
  title: "Artifact Registry's cleanup policies delete where a policy of ours decides",
  severity: 'medium',
  rationale:
    "Artifact Registry's background job knows none of our keep rules, holds and freezes and nothing of what runs. What a policy of ours keeps, it may delete, and no record of ours says why the image is gone.",
  decided:
    'A repository has cleanup policies that delete, and a policy of ours selects something in it: medium where ours is enforced, low where it is only planned. A dry run deletes nothing and belongs to cleanup-idle. Without a folder of policies nothing is asked.',
  references: [
    google('Cleanup policies', 'https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy'),
  ],
  examples: [
    {
      title: 'Both delete',
      replies: () => cleaned(false),
      settings: { policies: [policyWith()] },
      answers: ['FAIL medium'],
    },
    {
      title: 'Ours is only planned',
      replies: () => cleaned(false),
      settings: { policies: [policyWith({ mode: 'plan' })] },
      answers: ['FAIL low'],
    },
    {
      title: 'A dry run of theirs',
      replies: () => cleaned(true),
      settings: { policies: [policyWith()] },
      answers: ['PASS'],
    },
    {
      title: 'Ours select another repository',
      replies: () => cleaned(false),
      settings: {
        policies: [
          policyWith({ repositories: { include: ['europe-west1-docker.pkg.dev/acme/web/**'], exclude: [] } }),
        ],
      },
      answers: [],
    },
  ],
  run(audit) {
    const { policies } = audit.settings;
    if (policies === undefined) return [];
    return answerForRepositories(cleanupConflict, audit, (repository) => {
      const ours = policiesOn(repository, policies);
      if (ours.length === 0) return null;
      const label = repositoryLabel(repository);
      const names = ours.map(({ name }) => name).sort();
      const { deleting, unclear } = cleanupOf(repository);
      if (unclear !== null) {
        return {
          status: 'UNKNOWN',
          evidence: `The cleanup policies of ${label} could not be read: ${unclear}`,
        };
      }
      if (deleting.length === 0) {
        return { status: 'PASS', evidence: `Only policy ${names.join(', ')} deletes from ${label}` };
      }
      // What only keeps would be left without anything to guard from.
      const all = repository.cleanupPolicies.kind === 'known' ? repository.cleanupPolicies.value : [];
      return {
        status: 'FAIL',
        severity: ours.some(({ mode }) => mode === 'enforce') ? 'medium' : 'low',
        evidence: `Cleanup policy ${deleting.join(', ')} of Artifact Registry deletes from ${label}, and so does policy ${names.join(', ')}`,
        risk: 'What a policy of ours keeps may be gone tomorrow, and nothing says why.',
        remediation: [
          handStep(
            'Move what they say into the policy of ours: `gcr-warden policy import` reads them (docs/policy-changes.md).',
          ),
          {
            say: "Take Artifact Registry's own away. This deletes no image.",
            gcloud: [
              repositoryCommand(
                repository,
                audit.replies.project,
                'delete-cleanup-policies',
                `--policynames=${all.map(({ id }) => id).join(',')}`,
              ),
            ],
            terraform: '# Remove all cleanup_policies blocks from the resource of this repository and apply.',
          },
        ],
      };
    });
  },
};
