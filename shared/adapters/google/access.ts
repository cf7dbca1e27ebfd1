import * as z from 'zod';
import type {
  AclEntry,
  IamPolicy,
  KeyActivity,
  RegistryBucket,
  RegistryRepository,
  ServiceAccount,
  ServiceAccountKey,
} from '../../core/audit/access.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { GoogleAccess } from '../../ports.ts';
import { type GoogleRest, path, type RestRead, type RestReply } from './rest.ts';

/*
 * Google leaves empty fields out of its replies, so a missing list is an empty one and a missing flag is
 * false. A field of another type than documented makes the whole read unknown.
 */
const ACCOUNTS = z.object({
  accounts: z
    .array(
      z.object({
        email: z.string().min(1),
        uniqueId: z.string().default(''),
        displayName: z.string().default(''),
        disabled: z.boolean().default(false),
      }),
    )
    .default([]),
});

const KEYS = z.object({
  keys: z
    .array(
      z.object({
        name: z.string().min(1),
        keyType: z.string().default(''),
        keyOrigin: z.string().default(''),
        validAfterTime: z.string().optional(),
        validBeforeTime: z.string().optional(),
        disabled: z.boolean().default(false),
        disableReason: z.string().optional(),
        extendedStatus: z.array(z.object({ key: z.string() })).default([]),
      }),
    )
    .default([]),
});

const ACTIVITIES = z.object({
  activities: z
    .array(
      z.object({
        fullResourceName: z.string(),
        activity: z.object({ lastAuthenticatedTime: z.string().optional() }).default({}),
      }),
    )
    .default([]),
});

const POLICY = z.object({
  bindings: z
    .array(
      z.object({
        role: z.string().min(1),
        members: z.array(z.string()).default([]),
        condition: z
          .object({
            expression: z.string().default(''),
            title: z.string().default(''),
            description: z.string().optional(),
          })
          .optional(),
      }),
    )
    .default([]),
});

const LOCATIONS = z.object({ locations: z.array(z.object({ locationId: z.string().min(1) })).default([]) });

const REPOSITORIES = z.object({
  repositories: z
    .array(z.object({ name: z.string(), format: z.string().optional(), mode: z.string().optional() }))
    .default([]),
});

const ACL = z.array(z.object({ entity: z.string(), role: z.string() }));

const BUCKET = z.object({
  name: z.string(),
  iamConfiguration: z
    .object({
      uniformBucketLevelAccess: z.object({ enabled: z.boolean().default(false) }).optional(),
      publicAccessPrevention: z.string().optional(),
    })
    .optional(),
  acl: ACL.optional(),
  defaultObjectAcl: ACL.optional(),
});

const SETTINGS = z.object({ legacyRedirectionState: z.string().default('REDIRECTION_STATE_UNSPECIFIED') });

const ROLE = z.object({
  includedPermissions: z.array(z.string()).default([]),
  deleted: z.boolean().default(false),
});

/** Reads who may do what from IAM, Resource Manager, Artifact Registry, Cloud Storage and Policy Analyzer. */
export function googleAccess(rest: GoogleRest): GoogleAccess {
  /** Reads one resource. An absent one is unknown: only a bucket's absence is an answer. */
  const one = async <T>(schema: z.ZodType<T>, read: RestRead): Promise<Fact<T>> =>
    parse(schema, await rest.read(read));

  const all = async <T>(schema: z.ZodType<T>, read: RestRead): Promise<Fact<readonly T[]>> => {
    const reply = await rest.readPages(read);
    if (reply.kind !== 'read') return unknown(reply.reason);
    const pages: T[] = [];
    for (const body of reply.pages) {
      const page = parse(schema, { kind: 'read', body });
      if (page.kind === 'unknown') return page;
      pages.push(page.value);
    }
    return known(pages);
  };

  // Google's own roles are the same in every project: one read of each is enough for an audit of many.
  const predefined = new Map<string, Fact<readonly string[]>>();

  return {
    async serviceAccounts(project) {
      const pages = await all(ACCOUNTS, {
        api: 'iam',
        path: path`/v1/projects/${project}/serviceAccounts`,
        query: { pageSize: '100' },
      });
      return map(pages, (each) => each.flatMap((page): ServiceAccount[] => page.accounts));
    },

    async serviceAccountKeys(project, email) {
      const reply = await one(KEYS, {
        api: 'iam',
        path: path`/v1/projects/${project}/serviceAccounts/${email}/keys`,
      });
      return map(reply, ({ keys }) => keys.map((key) => keyOf(key, email)));
    },

    async keyActivity(project) {
      const pages = await all(ACTIVITIES, {
        api: 'policyAnalyzer',
        path: path`/v1/projects/${project}/locations/global/activityTypes/serviceAccountKeyLastAuthentication/activities:query`,
        query: { pageSize: '1000' },
      });
      return map(pages, (each) => each.flatMap(({ activities }) => activities.flatMap(activityOf)));
    },

    async projectPolicy(project) {
      const reply = await one(POLICY, {
        api: 'resourceManager',
        path: path`/v3/projects/${project}:getIamPolicy`,
        // Without the version conditions vanish from the reply.
        body: { options: { requestedPolicyVersion: 3 } },
      });
      return map(reply, policyOf);
    },

    async repositoryLocations(project) {
      const pages = await all(LOCATIONS, {
        api: 'artifactRegistry',
        path: path`/v1/projects/${project}/locations`,
        query: { pageSize: '500' },
      });
      return map(pages, (each) =>
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
      for (const { name, format, mode } of pages.value.flatMap((page) => page.repositories)) {
        const parts = partsOf(name);
        if (parts === null)
          return unknown(`Artifact Registry names a repository in ${location} in a way not known here`);
        repositories.push({
          name,
          location: parts.location,
          id: parts.id,
          format: format ?? null,
          mode: mode ?? null,
        });
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
      return map(reply, policyOf);
    },

    async redirection(project) {
      const reply = await one(SETTINGS, {
        api: 'artifactRegistry',
        path: path`/v1/projects/${project}/projectSettings`,
      });
      return map(reply, ({ legacyRedirectionState }) => legacyRedirectionState);
    },

    async bucket(name) {
      const reply = await rest.read({
        api: 'storage',
        path: path`/storage/v1/b/${name}`,
        // Access control lists are left out of the default projection.
        query: { projection: 'full' },
      });
      if (reply.kind === 'absent') return known(null);
      return map(parse(BUCKET, reply), bucketOf);
    },

    async bucketPolicy(name) {
      const reply = await one(POLICY, {
        api: 'storage',
        path: path`/storage/v1/b/${name}/iam`,
        query: { optionsRequestedPolicyVersion: '3' },
      });
      return map(reply, policyOf);
    },

    async rolePermissions(role) {
      const stored = predefined.get(role);
      if (stored !== undefined) return stored;
      const [, owner, ownerId, id] =
        /^(?:(projects|organizations)\/([^/]+)\/)?roles\/([\w.]+)$/.exec(role) ?? [];
      if (id === undefined) return unknown('that is no name of a role');
      const isPredefined = owner === undefined || ownerId === undefined;
      const reply = await one(ROLE, {
        api: 'iam',
        path: isPredefined ? path`/v1/roles/${id}` : path`/v1/${owner}/${ownerId}/roles/${id}`,
      });
      // A deleted role grants nothing, although its bindings and permissions are still shown.
      const permissions = map(reply, ({ includedPermissions, deleted }) =>
        deleted ? [] : includedPermissions,
      );
      if (isPredefined && permissions.kind === 'known') predefined.set(role, permissions);
      return permissions;
    },
  };
}

function map<T, U>(fact: Fact<T>, change: (value: T) => U): Fact<U> {
  return fact.kind === 'known' ? known(change(fact.value)) : fact;
}

function parse<T>(schema: z.ZodType<T>, reply: RestReply): Fact<T> {
  if (reply.kind !== 'read') return unknown(reply.reason);
  const unreachable = reply.body['unreachable'];
  if (Array.isArray(unreachable) && unreachable.length > 0) {
    return unknown(`the reply lacks ${unreachable.length} places that could not be reached`);
  }
  const parsed = schema.safeParse(reply.body);
  if (parsed.success) return known(parsed.data);
  const issue = parsed.error.issues[0];
  return unknown(`the reply is not what Google documents at ${issue?.path.join('.') || 'its top'}`);
}

function timeOf(text: string | undefined): Fact<number> {
  if (text === undefined) return unknown('the reply has no time');
  const atMs = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? unknown('the reply has a time that is none') : known(atMs);
}

function keyOf(key: z.infer<typeof KEYS>['keys'][number], email: string): ServiceAccountKey {
  return {
    account: email,
    id: key.name.slice(key.name.lastIndexOf('/') + 1),
    keyType: key.keyType,
    origin: key.keyOrigin,
    validAfterMs: timeOf(key.validAfterTime),
    validBeforeMs: timeOf(key.validBeforeTime),
    disabled: key.disabled,
    disableReason: key.disableReason ?? null,
    flags: key.extendedStatus.map((status) => status.key),
  };
}

/** None for an activity that can't be told: the key then has no known last use. */
function activityOf({
  fullResourceName,
  activity,
}: z.infer<typeof ACTIVITIES>['activities'][number]): readonly KeyActivity[] {
  const [, account, keyId] = /\/serviceAccounts\/([^/]+)\/keys\/([^/]+)$/.exec(fullResourceName) ?? [];
  if (account === undefined || keyId === undefined) return [];
  if (activity.lastAuthenticatedTime === undefined) return [{ account, keyId, lastAuthenticatedMs: null }];
  const time = timeOf(activity.lastAuthenticatedTime);
  return time.kind === 'known' ? [{ account, keyId, lastAuthenticatedMs: time.value }] : [];
}

function policyOf({ bindings }: z.infer<typeof POLICY>): IamPolicy {
  return {
    bindings: bindings.map(({ role, members, condition }) => ({
      role,
      members,
      condition:
        condition === undefined
          ? null
          : {
              expression: condition.expression,
              title: condition.title,
              description: condition.description ?? null,
            },
    })),
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

function bucketOf({ name, iamConfiguration, acl, defaultObjectAcl }: z.infer<typeof BUCKET>): RegistryBucket {
  const uniform = iamConfiguration?.uniformBucketLevelAccess;
  const listOf = (list: readonly AclEntry[] | undefined): Fact<readonly AclEntry[]> =>
    list === undefined ? unknown('the reply has no access control list') : known(list);
  return {
    name,
    uniformAccess:
      uniform === undefined ? unknown('the reply says nothing about uniform access') : known(uniform.enabled),
    publicAccessPrevention: iamConfiguration?.publicAccessPrevention ?? null,
    acl: listOf(acl),
    defaultObjectAcl: listOf(defaultObjectAcl),
  };
}
