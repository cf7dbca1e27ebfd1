import * as z from 'zod';
import type { PermissionPlace } from '../../core/doctor/permission.ts';
import { known, unknown } from '../../core/fact.ts';
import type { Clock, DeploymentReader } from '../../ports.ts';
import { factReads, mapFact } from './fact-reads.ts';
import { POLICY, policyOf } from './iam-policy.ts';
import { type GoogleRest, path, type RestRead } from './rest.ts';

const SERVICES = z.object({
  services: z.array(z.object({ config: z.object({ name: z.string().min(1) }) })).default([]),
});

const FUNCTIONS = z.object({
  functions: z
    .array(
      z.object({
        name: z.string().min(1),
        state: z.string().default('STATE_UNSPECIFIED'),
        serviceConfig: z
          .object({
            serviceAccountEmail: z.string().optional(),
            environmentVariables: z.record(z.string(), z.string()).default({}),
          })
          .default({ environmentVariables: {} }),
      }),
    )
    .default([]),
});

const JOB = z.object({
  state: z.string().default('STATE_UNSPECIFIED'),
  lastAttemptTime: z.iso.datetime({ offset: true }).optional(),
  status: z.object({ code: z.number().int().default(0) }).default({ code: 0 }),
});

const SUBSCRIPTION = z.object({
  topic: z.string().min(1),
  pushConfig: z
    .object({
      pushEndpoint: z.string().optional(),
      oidcToken: z.object({ serviceAccountEmail: z.string().optional() }).optional(),
    })
    .optional(),
  deadLetterPolicy: z.object({ deadLetterTopic: z.string().optional() }).optional(),
});

const PERMISSIONS = z.object({ permissions: z.array(z.string()).default([]) });

/**
 * Reads what of a deployment is there.
 * @param restAs asks as a service account, with a token that is fetched for it
 */
export function deploymentReader(
  rest: GoogleRest,
  restAs: (account: string) => GoogleRest,
  clock: Clock,
): DeploymentReader {
  const { all, one, oneOrNone, shared } = factReads(rest);
  return {
    /** https://cloud.google.com/service-usage/docs/reference/rest/v1/services/list */
    async enabledApis(project) {
      const pages = await all(SERVICES, {
        api: 'serviceUsage',
        path: path`/v1/projects/${project}/services`,
        query: { filter: 'state:ENABLED', pageSize: '200' },
      });
      return mapFact(pages, (read) =>
        read.flatMap(({ services }) => services.map(({ config }) => config.name)),
      );
    },

    /** https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions/list */
    async functions(project, region) {
      const pages = await all(FUNCTIONS, {
        api: 'cloudFunctions',
        path: path`/v2/projects/${project}/locations/${region}/functions`,
      });
      return mapFact(pages, (read) =>
        read.flatMap(({ functions }) =>
          functions.map(({ name, state, serviceConfig }) => ({
            name: name.slice(name.lastIndexOf('/') + 1),
            state,
            account: serviceConfig.serviceAccountEmail ?? null,
            environment: serviceConfig.environmentVariables,
          })),
        ),
      );
    },

    /** https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/get */
    async schedulerJob(project, region, job) {
      const reply = await oneOrNone(JOB, {
        api: 'cloudScheduler',
        path: path`/v1/projects/${project}/locations/${region}/jobs/${job}`,
      });
      return mapFact(reply, (seen) =>
        seen === null
          ? null
          : {
              state: seen.state,
              lastAttemptMs: seen.lastAttemptTime === undefined ? null : Date.parse(seen.lastAttemptTime),
              lastStatus: seen.status.code,
            },
      );
    },

    /** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions/get */
    async subscription(project, subscription) {
      const reply = await oneOrNone(SUBSCRIPTION, {
        api: 'pubsub',
        path: path`/v1/projects/${project}/subscriptions/${subscription}`,
      });
      return mapFact(reply, (seen) =>
        seen === null
          ? null
          : {
              topic: seen.topic,
              pushEndpoint: seen.pushConfig?.pushEndpoint || null,
              pushAccount: seen.pushConfig?.oidcToken?.serviceAccountEmail || null,
              deadLetterTopic: seen.deadLetterPolicy?.deadLetterTopic || null,
            },
      );
    },

    async subscriptionPolicy(project, subscription) {
      const reply = await oneOrNone(POLICY, {
        api: 'pubsub',
        path: path`/v1/projects/${project}/subscriptions/${subscription}:getIamPolicy`,
        query: { 'options.requestedPolicyVersion': '3' },
      });
      return mapFact(reply, (policy) => (policy === null ? null : policyOf(policy, shared)));
    },

    async grantedPermissions(place, permissions, account) {
      const read = testRead(place, permissions);
      const asked =
        account === null
          ? await one(PERMISSIONS, read)
          : await factReads(restAs(account)).one(PERMISSIONS, read);
      return mapFact(asked, (granted) => granted.permissions);
    },

    async serverClock() {
      const beforeMs = clock();
      const serverMs = await rest.serverTime('resourceManager');
      const afterMs = clock();
      if (serverMs === null)
        return unknown('cloudresourcemanager.googleapis.com answers nothing with a time');
      return known({ serverMs, beforeMs, afterMs });
    },
  };
}

/** `testIamPermissions` of the service that a place belongs to. It answers those of the permissions that are held. */
function testRead(place: PermissionPlace, permissions: readonly string[]): RestRead {
  const body = { permissions };
  switch (place.kind) {
    case 'project':
      return { api: 'resourceManager', path: path`/v3/projects/${place.project}:testIamPermissions`, body };
    case 'repository':
      return {
        api: 'artifactRegistry',
        path: path`/v1/projects/${place.project}/locations/${place.location}/repositories/${place.repository}:testIamPermissions`,
        body,
      };
    case 'topic':
      return {
        api: 'pubsub',
        path: path`/v1/projects/${place.project}/topics/${place.topic}:testIamPermissions`,
        body,
      };
    case 'subscription':
      return {
        api: 'pubsub',
        path: path`/v1/projects/${place.project}/subscriptions/${place.subscription}:testIamPermissions`,
        body,
      };
    case 'bucket':
      return {
        api: 'storage',
        path: path`/storage/v1/b/${place.bucket}/iam/testPermissions`,
        query: { permissions },
      };
  }
}
