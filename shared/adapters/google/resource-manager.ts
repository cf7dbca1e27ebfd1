import * as z from 'zod';
import { known, unknown } from '../../core/fact.ts';
import type { GoogleAccess } from '../../ports.ts';
import { type FactReads, mapFact } from './fact-reads.ts';
import { POLICY, policyOf, VERSION_3 } from './iam-policy.ts';
import { keptReads } from './kept-reads.ts';
import { path } from './rest.ts';

const PROJECT = z.object({
  name: z.string().regex(/^projects\/\d+$/),
  projectId: z.string().default(''),
  parent: z.string().optional(),
  state: z.string().optional(),
});

const ANCESTRY = z.object({
  ancestor: z.array(z.object({ resourceId: z.object({ type: z.string(), id: z.string().min(1) }) })).min(1),
});

const ORGANIZATION = z.object({
  name: z.string().min(1),
  displayName: z.string().default(''),
  directoryCustomerId: z.string().optional(),
});

const PROJECTS = z.object({
  projects: z
    .array(z.object({ projectId: z.string().min(1), state: z.string().default('STATE_UNSPECIFIED') }))
    .default([]),
});

const FOLDERS = z.object({
  folders: z
    .array(z.object({ name: z.string().min(1), state: z.string().default('STATE_UNSPECIFIED') }))
    .default([]),
});

/** Folders and organisations, by the words that an ancestry has for them. */
const PLURAL: Readonly<Record<string, string>> = { folder: 'folders', organization: 'organizations' };

type ResourceManagerReads = Pick<
  GoogleAccess,
  | 'identity'
  | 'ancestry'
  | 'projectPolicy'
  | 'ancestorPolicy'
  | 'organization'
  | 'projectsBelow'
  | 'foldersBelow'
>;

/** Projects, folders and organisations: https://cloud.google.com/resource-manager/reference/rest */
export function resourceManagerReads({ one, all, shared }: FactReads): ResourceManagerReads {
  return {
    async identity(project) {
      const reply = await one(PROJECT, { api: 'resourceManager', path: path`/v3/projects/${project}` });
      return mapFact(reply, ({ name, parent, state }) => ({
        number: name.slice('projects/'.length),
        parent: parent ?? null,
        state: state ?? null,
      }));
    },

    async ancestry(project) {
      // Only version 1 answers the whole way up in one request, and with no permission on what is above.
      const reply = await one(ANCESTRY, {
        api: 'resourceManager',
        path: path`/v1/projects/${project}:getAncestry`,
        body: {},
      });
      if (reply.kind === 'unknown') return reply;
      const names: string[] = [];
      for (const { resourceId } of reply.value.ancestor.slice(1)) {
        const plural = PLURAL[resourceId.type];
        if (plural === undefined) return unknown(`an ancestor of the project is a ${resourceId.type}`);
        names.push(`${plural}/${resourceId.id}`);
      }
      return known(names);
    },

    async projectPolicy(project) {
      const reply = await one(POLICY, {
        api: 'resourceManager',
        path: path`/v3/projects/${project}:getIamPolicy`,
        body: VERSION_3,
      });
      return mapFact(reply, (policy) => policyOf(policy, shared));
    },

    // What is above is the same for many projects.
    ancestorPolicy: keptReads(async (name) => {
      const [plural = '', id = ''] = name.split('/');
      const reply = await one(POLICY, {
        api: 'resourceManager',
        path: path`/v3/${plural}/${id}:getIamPolicy`,
        body: VERSION_3,
      });
      return mapFact(reply, (policy) => policyOf(policy, shared));
    }),

    organization: keptReads(async (name) => {
      const [plural = '', id = ''] = name.split('/');
      const reply = await one(ORGANIZATION, { api: 'resourceManager', path: path`/v3/${plural}/${id}` });
      return mapFact(reply, ({ displayName, directoryCustomerId }) => ({
        name,
        domain: displayName,
        customerId: directoryCustomerId ?? null,
      }));
    }),

    async projectsBelow(parent) {
      const pages = await all(PROJECTS, {
        api: 'resourceManager',
        path: '/v3/projects',
        query: { parent, pageSize: '300' },
      });
      return mapFact(pages, (each) =>
        each.flatMap(({ projects }) =>
          projects.map(({ projectId, state }) => ({ project: projectId, isActive: state === 'ACTIVE' })),
        ),
      );
    },

    async foldersBelow(parent) {
      const pages = await all(FOLDERS, {
        api: 'resourceManager',
        path: '/v3/folders',
        query: { parent, pageSize: '300' },
      });
      return mapFact(pages, (each): readonly string[] =>
        each.flatMap(({ folders }) =>
          folders.filter(({ state }) => state === 'ACTIVE').map(({ name }) => name),
        ),
      );
    },
  };
}
