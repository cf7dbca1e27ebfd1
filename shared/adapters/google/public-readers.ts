import type { IamPolicy } from '../../core/audit/access.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import { artifactRegistryImage, formatRepository } from '../../core/reference.ts';
import type { GoogleAccess, PublicReaders } from '../../ports.ts';

/** IAM's names for everybody, and for everybody with a Google account. */
const EVERYBODY: ReadonlySet<string> = new Set(['allUsers', 'allAuthenticatedUsers']);

/**
 * Reads it from the IAM policies of repository and project. Any role of everybody's counts, also one that does
 * not let them pull, and a condition makes no difference: too many repositories are taken for public, never too
 * few.
 */
export function publicReaders(
  access: Pick<GoogleAccess, 'repositoryPolicy' | 'projectPolicy'>,
): PublicReaders {
  return {
    async hasPublicReaders(repository) {
      const image = artifactRegistryImage(repository);
      if (image === null) return unknown(`${formatRepository(repository)} is not in Artifact Registry`);
      const { project, location } = image;
      const name = `projects/${project}/locations/${location}/repositories/${image.repository}`;
      const answers = await Promise.all([
        access.repositoryPolicy(name).then(namesEverybody),
        access.projectPolicy(project).then(namesEverybody),
      ]);
      const isPublic = answers.find((answer) => answer.kind === 'known' && answer.value);
      return isPublic ?? answers.find(({ kind }) => kind === 'unknown') ?? known(false);
    },
  };
}

function namesEverybody(policy: Fact<IamPolicy>): Fact<boolean> {
  if (policy.kind === 'unknown') return policy;
  return known(policy.value.bindings.some(({ members }) => members.some((member) => EVERYBODY.has(member))));
}
