import type { Finding } from '../finding.ts';
import type { RegistryRepository } from './access.ts';
import { type Answer, type AuditCase, type Check, findingOf } from './check.ts';
import { command } from './command.ts';
import { unlistedAnswers } from './member-answer.ts';
import { type HclValue, terraformName, terraformRemark, terraformResource } from './terraform.ts';

/**
 * Asks a check about every repository of Artifact Registry that may hold images; null where the check has nothing to
 * ask about it. Those that could not be listed are UNKNOWN.
 */
export function answerForRepositories(
  check: Check,
  audit: AuditCase,
  judge: (repository: RegistryRepository) => Omit<Answer, 'resource' | 'subject'> | null,
): readonly Finding[] {
  const found = audit.graph.registries.flatMap((node) => {
    const answer = node.kind === 'repository' ? judge(node.repository) : null;
    return answer === null ? [] : [findingOf(check, audit, { ...answer, resource: node.resource })];
  });
  return [...unlistedAnswers(check, audit), ...found];
}

/** Whether images are pushed to it; a remote repository has copies, a virtual one nothing of its own. */
export function takesPushes({ mode }: RegistryRepository): boolean {
  return mode === null || mode === 'STANDARD_REPOSITORY';
}

/** How a person names a repository. */
export function repositoryLabel({ location, id }: RegistryRepository): string {
  return `repository ${location}/${id}`;
}

/** A command of gcloud about one repository. */
export function repositoryCommand(
  { id, location }: RegistryRepository,
  project: string,
  verb: string,
  ...flags: readonly string[]
): string {
  return command(
    'gcloud',
    'artifacts',
    'repositories',
    verb,
    id,
    `--location=${location}`,
    `--project=${project}`,
    ...flags,
  );
}

/** A setting of a repository in Terraform: the resource as it is, with these in it. */
export function repositorySetting(
  { id, location, name }: RegistryRepository,
  project: string,
  block: string,
  attributes: Readonly<Record<string, HclValue>>,
): string {
  const text = terraformResource(
    'google_artifact_registry_repository',
    terraformName(id, name),
    { project, location, repository_id: id, format: 'DOCKER' },
    [{ name: block, attributes }],
  );
  return `${terraformRemark('In the resource that this repository is (import it first where it is in no state):')}\n${text}`;
}
