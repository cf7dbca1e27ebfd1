import { known } from '../../fact.ts';
import type { Check } from '../check.ts';
import { cleanupOf } from '../cleanup.ts';
import { cleanupWith, policyWith, repliesWith, repositoryLike } from '../example.ts';
import { policiesOn } from '../looked-after.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { answerForRepositories, repositoryLabel, takesPushes } from '../repository-answer.ts';

/** A repository that only grows. */
export const cleanupMissing: Check = {
  id: 'cleanup-missing',
  title: 'Nothing ever deletes from the repository',
  severity: 'low',
  rationale:
    'Every push leaves an image, and every moved tag leaves one that nobody can name. Without a rule all of them are billed, scanned and pulled by mistake for good.',
  decided:
    "A repository that is pushed to has no cleanup policy of Artifact Registry's own that deletes, and no policy of ours selects it. Without a folder of policies it is UNKNOWN whether ours do.",
  references: [
    google('Cleanup policies', 'https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy'),
  ],
  examples: [
    {
      title: 'No cleanup policy, and none of ours that selects it',
      replies: () => repliesWith({ locations: known([repositoryLike({})]) }),
      settings: { policies: known([]) },
      answers: ['FAIL low'],
    },
    {
      title: 'No cleanup policy, and nobody says where ours are',
      replies: () => repliesWith({ locations: known([repositoryLike({})]) }),
      answers: ['UNKNOWN'],
    },
    {
      title: 'A policy of ours that selects it',
      replies: () => repliesWith({ locations: known([repositoryLike({})]) }),
      settings: { policies: known([policyWith()]) },
      answers: ['PASS'],
    },
    {
      title: 'A cleanup policy that deletes',
      replies: () =>
        repliesWith({
          locations: known([repositoryLike({ cleanupPolicies: known([cleanupWith()]) })]),
        }),
      answers: ['PASS'],
    },
  ],
  run(audit) {
    return answerForRepositories(cleanupMissing, audit, (repository) => {
      if (!takesPushes(repository)) return null;
      const label = repositoryLabel(repository);
      const { deleting, unclear } = cleanupOf(repository);
      const { policies } = audit.settings;
      const ours = (policies.kind === 'known' ? policiesOn(repository, policies.value) : []).filter(
        (policy) => policy.delete.length > 0,
      );
      if (deleting.length > 0) {
        return { status: 'PASS', evidence: `Cleanup policy ${deleting.join(', ')} deletes from ${label}` };
      }
      if (ours.length > 0) {
        return {
          status: 'PASS',
          evidence: `Policy ${ours.map(({ name }) => name).join(', ')} looks after ${label}`,
        };
      }
      if (unclear !== null) {
        return {
          status: 'UNKNOWN',
          evidence: `The cleanup policies of ${label} could not be read: ${unclear}`,
        };
      }
      if (policies.kind === 'unknown') {
        return {
          status: 'UNKNOWN',
          evidence: `No cleanup policy deletes from ${label}, and whether a policy of gcr-warden does is not known: ${policies.reason}`,
        };
      }
      return {
        status: 'FAIL',
        evidence: `No cleanup policy deletes from ${label}, and none of ${policies.value.length} policies selects it`,
        risk: 'It grows with every push, and so do the bill and the list of old images that somebody may run.',
        remediation: () => [
          handStep(
            `Write a policy that selects ${repository.location}-docker.pkg.dev/${audit.replies.project.replace(':', '/')}/${repository.id}/** (docs/policy-language.md), and look at its plan before it is enforced.`,
          ),
        ],
      };
    });
  },
};
