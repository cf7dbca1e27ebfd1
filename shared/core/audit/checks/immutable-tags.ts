import { known } from '../../fact.ts';
import type { RegistryRepository } from '../access.ts';
import type { Check } from '../check.ts';
import { repliesWith, repositoryLike } from '../example.ts';
import { google } from '../reference.ts';
import {
  answerForRepositories,
  repositoryCommand,
  repositoryLabel,
  repositorySetting,
  takesPushes,
} from '../repository-answer.ts';

const release = (immutableTags: boolean) =>
  repliesWith({
    locations: known([
      repositoryLike({
        id: 'releases',
        name: 'projects/acme/locations/europe-west1/repositories/releases',
        immutableTags,
      }),
    ]),
  });

/** A release whose tag can be moved to something else. */
export const immutableTags: Check = {
  id: 'immutable-tags',
  title: 'Tags of a release repository can be moved',
  severity: 'medium',
  rationale:
    'Whoever pushes can point `1.4.2` at another image, and everything that pulls the tag runs it from then on.',
  decided:
    'A repository that is pushed to and whose name or labels say `release`, `prod`, `production` or `stable` as a word of their own has mutable tags. Nothing is asked about others: where a branch is a tag, it has to move.',
  references: [
    google(
      'Immutable image tags',
      'https://cloud.google.com/artifact-registry/docs/docker/troubleshoot#immutable-tags',
    ),
    google(
      'gcloud artifacts repositories update',
      'https://cloud.google.com/sdk/gcloud/reference/artifacts/repositories/update',
    ),
  ],
  examples: [
    { title: 'Releases with tags that move', replies: () => release(false), answers: ['FAIL medium'] },
    { title: 'Releases with tags that stay', replies: () => release(true), answers: ['PASS'] },
    {
      title: 'A repository that no release is in',
      replies: () => repliesWith({ locations: known([repositoryLike({ immutableTags: false })]) }),
      answers: [],
    },
  ],
  run(audit) {
    const { project } = audit.replies;
    return answerForRepositories(immutableTags, audit, (repository) => {
      if (!takesPushes(repository) || !holdsReleases(repository)) return null;
      const label = repositoryLabel(repository);
      if (repository.immutableTags)
        return { status: 'PASS', evidence: `The tags of ${label} stay where they are` };
      return {
        status: 'FAIL',
        evidence: `The tags of ${label} can be moved`,
        risk: 'A release that was tested can be exchanged for something else under its own name.',
        remediation: () => [
          {
            say: 'Make them immutable. A tag can then be neither moved nor deleted: a build that moves one, such as latest, has to push it elsewhere.',
            gcloud: [repositoryCommand(repository, project, 'update', '--immutable-tags')],
            terraform: repositorySetting(repository, project, 'docker_config', {
              immutable_tags: { expression: 'true' },
            }),
          },
        ],
      };
    });
  },
};

const RELEASE = /(?:^|[^a-z0-9])(?:releases?|prod|production|stable)(?:$|[^a-z0-9])/i;

function holdsReleases({ id, labels }: RegistryRepository): boolean {
  return RELEASE.test(id) || Object.values(labels).some((value) => RELEASE.test(value));
}
