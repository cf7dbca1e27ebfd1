import { known } from '../../fact.ts';
import type { Check } from '../check.ts';
import { cleanupOf } from '../cleanup.ts';
import { cleanupCondition, cleanupWith, repliesWith, repositoryLike } from '../example.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { answerForRepositories, repositoryCommand, repositoryLabel } from '../repository-answer.ts';

/** What is known of a project whose repository is like this. */
const project = (different: Parameters<typeof repositoryLike>[0]) =>
  repliesWith({ locations: known([repositoryLike(different)]) });

/** A cleanup policy of Artifact Registry's that nobody noticed to do nothing. */
export const cleanupIdle: Check = {
  id: 'cleanup-idle',
  title: "One of Artifact Registry's cleanup policies does nothing",
  severity: 'low',
  rationale:
    'Artifact Registry takes cleanup policies that can never delete anything and says nothing about it. Whoever reads them believes that the repository is looked after.',
  decided:
    'A repository has cleanup policies and: they are a dry run; or some keep and none deletes; or one that deletes has no condition, or only prefixes of versions or tags that begin with `sha256:`, which match nothing. An action that is not known here is UNKNOWN.',
  references: [
    google('Cleanup policies', 'https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy'),
    google(
      'gcloud artifacts repositories delete-cleanup-policies',
      'https://cloud.google.com/sdk/gcloud/reference/artifacts/repositories/delete-cleanup-policies',
    ),
    google(
      'gcloud artifacts repositories set-cleanup-policies',
      'https://cloud.google.com/sdk/gcloud/reference/artifacts/repositories/set-cleanup-policies',
    ),
  ],
  examples: [
    {
      title: 'A policy that keeps, beside none that deletes',
      replies: () => project({ cleanupPolicies: known([cleanupWith({ id: 'keep', action: 'KEEP' })]) }),
      answers: ['FAIL low'],
    },
    {
      title: 'A dry run',
      replies: () => project({ cleanupPolicies: known([cleanupWith()]), cleanupDryRun: true }),
      answers: ['FAIL low'],
    },
    {
      title: 'A prefix of versions that is the beginning of a digest',
      replies: () =>
        project({
          cleanupPolicies: known([
            cleanupWith({ condition: cleanupCondition({ versionPrefixes: ['sha256:'] }) }),
          ]),
        }),
      answers: ['FAIL low'],
    },
    {
      title: 'One that deletes and one that keeps',
      replies: () =>
        project({ cleanupPolicies: known([cleanupWith(), cleanupWith({ id: 'keep', action: 'KEEP' })]) }),
      answers: ['PASS'],
    },
    { title: 'None at all', replies: () => project({}), answers: [] },
  ],
  run(audit) {
    return answerForRepositories(cleanupIdle, audit, (repository) => {
      const label = repositoryLabel(repository);
      const { deleting, idle, unclear } = cleanupOf(repository);
      if (unclear !== null) {
        return {
          status: 'UNKNOWN',
          evidence: `What the cleanup policies of ${label} do is not known: ${unclear}`,
        };
      }
      if (idle.length === 0) {
        return deleting.length === 0
          ? null
          : { status: 'PASS', evidence: `Cleanup policy ${deleting.join(', ')} deletes from ${label}` };
      }
      return {
        status: 'FAIL',
        evidence: `Of the cleanup policies of ${label} these do nothing: ${idle.map(({ id, why }) => `${id} (${why})`).join(', ')}`,
        risk: 'What they were meant to delete stays, and nobody looks because there is a policy.',
        remediation: () => [
          handStep(
            'If they were meant to work, mend them instead: read in the audit log what they would have deleted, then set them again with `gcloud artifacts repositories set-cleanup-policies --no-dry-run`.',
          ),
          {
            say: 'Take away those that do nothing. This deletes no image.',
            gcloud: [
              repositoryCommand(
                repository,
                audit.replies.project,
                'delete-cleanup-policies',
                `--policynames=${idle.map(({ id }) => id).join(',')}`,
              ),
            ],
            terraform: `# Remove these cleanup_policies blocks from the resource of this repository and apply: ${idle.map(({ id }) => id.replace(/\p{C}/gu, '?')).join(', ')}`,
          },
        ],
      };
    });
  },
};
