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
    'A repository has cleanup policies that delete, and a policy of ours selects something in it: medium where ours is enforced, low where it is only planned. A dry run deletes nothing and belongs to cleanup-idle. While ours are not known it is UNKNOWN, and low, where theirs delete.',
  references: [
    google('Cleanup policies', 'https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy'),
    google(
      'gcloud artifacts repositories delete-cleanup-policies',
      'https://cloud.google.com/sdk/gcloud/reference/artifacts/repositories/delete-cleanup-policies',
    ),
  ],
  examples: [
    {
      title: 'Both delete',
      replies: () => cleaned(false),
      settings: { policies: known([policyWith()]) },
      answers: ['FAIL medium'],
    },
    {
      title: 'Ours is only planned',
      replies: () => cleaned(false),
      settings: { policies: known([policyWith({ mode: 'plan' })]) },
      answers: ['FAIL low'],
    },
    {
      title: 'A dry run of theirs',
      replies: () => cleaned(true),
      settings: { policies: known([policyWith()]) },
      answers: ['PASS'],
    },
    {
      title: 'Ours select another repository',
      replies: () => cleaned(false),
      settings: {
        policies: known([
          policyWith({ repositories: { include: ['europe-west1-docker.pkg.dev/acme/web/**'], exclude: [] } }),
        ]),
      },
      answers: [],
    },
    {
      title: 'They delete, and nobody says where ours are',
      replies: () => cleaned(false),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    const { policies } = audit.settings;
    return answerForRepositories(cleanupConflict, audit, (repository) => {
      const label = repositoryLabel(repository);
      const { deleting, unclear } = cleanupOf(repository);
      if (policies.kind === 'unknown') {
        if (deleting.length === 0 && unclear === null) return null;
        return {
          status: 'UNKNOWN',
          severity: 'low',
          evidence: `Whether a policy of gcr-warden looks after ${label}, from which cleanup policies of Artifact Registry may delete, is not known: ${policies.reason}`,
        };
      }
      const ours = policiesOn(repository, policies.value);
      if (ours.length === 0) return null;
      const names = ours.map(({ name }) => name).sort();
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
        remediation: () => [
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
