import * as z from 'zod';
import type { CleanupPolicy, RegistryRepository } from '../../core/audit/access.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { GoogleAccess } from '../../ports.ts';
import { type FactReads, mapFact, timeOf } from './fact-reads.ts';
import { POLICY, policyOf } from './iam-policy.ts';
import { path } from './rest.ts';

const LOCATIONS = z.object({ locations: z.array(z.object({ locationId: z.string().min(1) })).default([]) });

const TEXTS = z.array(z.string()).default([]);

const CLEANUP_POLICY = z.object({
  action: z.string().default('ACTION_UNSPECIFIED'),
  condition: z
    .object({
      tagState: z.string().optional(),
      tagPrefixes: TEXTS,
      versionNamePrefixes: TEXTS,
      packageNamePrefixes: TEXTS,
      olderThan: z.string().optional(),
      newerThan: z.string().optional(),
    })
    .optional(),
  mostRecentVersions: z
    .object({ keepCount: z.number().int().default(0), packageNamePrefixes: TEXTS })
    .optional(),
});

const REPOSITORY = z.object({
  name: z.string(),
  format: z.string().optional(),
  mode: z.string().optional(),
  dockerConfig: z.object({ immutableTags: z.boolean().default(false) }).optional(),
  // Judged one by one: a policy of a kind not known here must not hide the repository.
  cleanupPolicies: z.record(z.string(), z.unknown()).default({}),
  cleanupPolicyDryRun: z.boolean().default(false),
  vulnerabilityScanningConfig: z
    .object({
      enablementConfig: z.string().optional(),
      enablementState: z.string().optional(),
      enablementStateReason: z.string().optional(),
    })
    .optional(),
  sizeBytes: z.string().optional(),
  createTime: z.string().optional(),
  updateTime: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
});

const REPOSITORIES = z.object({ repositories: z.array(REPOSITORY).default([]) });

const SETTINGS = z.object({ legacyRedirectionState: z.string().default('REDIRECTION_STATE_UNSPECIFIED') });

type ArtifactRegistryReads = Pick<
  GoogleAccess,
  'repositoryLocations' | 'repositories' | 'repositoryPolicy' | 'redirection'
>;

/** Repositories and the move from Container Registry: https://cloud.google.com/artifact-registry/docs/reference/rest */
export function artifactRegistryReads({ one, all, shared }: FactReads): ArtifactRegistryReads {
  return {
    async repositoryLocations(project) {
      const pages = await all(LOCATIONS, {
        api: 'artifactRegistry',
        path: path`/v1/projects/${project}/locations`,
        query: { pageSize: '500' },
      });
      return mapFact(pages, (each) =>
        each.flatMap(({ locations }) => locations.map(({ locationId }) => locationId)),
      );
    },

    async repositories(project, location) {
      const pages = await all(REPOSITORIES, {
        api: 'artifactRegistry',
        path: path`/v1/projects/${project}/locations/${location}/repositories`,
        query: { pageSize: '1000' },
      });
      if (pages.kind === 'unknown') return pages;
      const repositories: RegistryRepository[] = [];
      for (const reply of pages.value.flatMap((page) => page.repositories)) {
        const repository = repositoryOf(reply);
        if (repository === null) {
          return unknown(`Artifact Registry names a repository in ${location} in a way not known here`);
        }
        repositories.push(repository);
      }
      return known(repositories);
    },

    async repositoryPolicy(name) {
      const parts = partsOf(name);
      if (parts === null) return unknown('that is no name of a repository');
      const reply = await one(POLICY, {
        api: 'artifactRegistry',
        path: path`/v1/projects/${parts.project}/locations/${parts.location}/repositories/${parts.id}:getIamPolicy`,
        query: { 'options.requestedPolicyVersion': '3' },
      });
      return mapFact(reply, (policy) => policyOf(policy, shared));
    },

    async redirection(project) {
      const reply = await one(SETTINGS, {
        api: 'artifactRegistry',
        path: path`/v1/projects/${project}/projectSettings`,
      });
      return mapFact(reply, ({ legacyRedirectionState }) => legacyRedirectionState);
    },
  };
}

/** null where it is not named as repositories are. */
function repositoryOf(reply: z.infer<typeof REPOSITORY>): RegistryRepository | null {
  const parts = partsOf(reply.name);
  if (parts === null) return null;
  const scanning = reply.vulnerabilityScanningConfig;
  return {
    name: reply.name,
    location: parts.location,
    id: parts.id,
    format: reply.format ?? null,
    mode: reply.mode ?? null,
    immutableTags: reply.dockerConfig?.immutableTags ?? false,
    cleanupPolicies: cleanupPoliciesOf(reply.cleanupPolicies),
    cleanupDryRun: reply.cleanupPolicyDryRun,
    scanning: {
      config: scanning?.enablementConfig ?? null,
      state: scanning?.enablementState ?? null,
      reason: scanning?.enablementStateReason ?? null,
    },
    sizeBytes: sizeOf(reply.sizeBytes),
    createdMs: timeOf(reply.createTime),
    updatedMs: timeOf(reply.updateTime),
    labels: reply.labels,
  };
}

function partsOf(
  name: string,
): { readonly project: string; readonly location: string; readonly id: string } | null {
  const [, project, location, id] =
    /^projects\/([^/]+)\/locations\/([^/]+)\/repositories\/([^/]+)$/.exec(name) ?? [];
  return project === undefined || location === undefined || id === undefined
    ? null
    : { project, location, id };
}

function sizeOf(text: string | undefined): Fact<number> {
  if (text === undefined) return unknown('the reply does not say its size');
  return /^\d{1,15}$/.test(text) ? known(Number(text)) : unknown('the reply has a size that is none');
}

/** Unknown as a whole where one can't be read: what is left might be the wrong half of delete and keep. */
function cleanupPoliciesOf(replies: Readonly<Record<string, unknown>>): Fact<readonly CleanupPolicy[]> {
  const policies: CleanupPolicy[] = [];
  for (const [id, reply] of Object.entries(replies)) {
    const policy = CLEANUP_POLICY.safeParse(reply);
    const made = policy.success ? cleanupPolicyOf(id, policy.data) : null;
    if (made === null) return unknown(`its cleanup policy ${id} is of a kind not known here`);
    policies.push(made);
  }
  return known(policies.sort((a, b) => (a.id < b.id ? -1 : 1)));
}

/** null where an age can't be read. */
function cleanupPolicyOf(
  id: string,
  { action, condition, mostRecentVersions }: z.infer<typeof CLEANUP_POLICY>,
): CleanupPolicy | null {
  const olderThanMs = durationOf(condition?.olderThan);
  const newerThanMs = durationOf(condition?.newerThan);
  if (Number.isNaN(olderThanMs) || Number.isNaN(newerThanMs)) return null;
  return {
    id,
    action,
    condition:
      condition === undefined
        ? null
        : {
            tagState: condition.tagState ?? null,
            tagPrefixes: condition.tagPrefixes,
            versionPrefixes: condition.versionNamePrefixes,
            packagePrefixes: condition.packageNamePrefixes,
            olderThanMs,
            newerThanMs,
          },
    mostRecent:
      mostRecentVersions === undefined
        ? null
        : {
            keepCount: mostRecentVersions.keepCount,
            packagePrefixes: mostRecentVersions.packageNamePrefixes,
          },
  };
}

/** A duration as JSON has it, `2592000s`; null for none, NaN for what is no duration. */
function durationOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const [, seconds] = /^(\d{1,12}(?:\.\d{1,9})?)s$/.exec(text) ?? [];
  return seconds === undefined ? Number.NaN : Math.round(Number(seconds) * 1000);
}
