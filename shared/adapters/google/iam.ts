import * as z from 'zod';
import type { ServiceAccount, ServiceAccountKey } from '../../core/audit/access.ts';
import { type Fact, unknown } from '../../core/fact.ts';
import type { GoogleAccess } from '../../ports.ts';
import { type FactReads, mapFact, timeOf } from './fact-reads.ts';
import { POLICY, policyOf } from './iam-policy.ts';
import { keptReads } from './kept-reads.ts';
import { path } from './rest.ts';

const ACCOUNTS = z.object({
  accounts: z
    .array(
      z.object({
        email: z.string().min(1),
        uniqueId: z.string().default(''),
        displayName: z.string().default(''),
        description: z.string().default(''),
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
        keyAlgorithm: z.string().default(''),
        validAfterTime: z.string().optional(),
        validBeforeTime: z.string().optional(),
        disabled: z.boolean().default(false),
        disableReason: z.string().optional(),
        extendedStatus: z.array(z.object({ key: z.string(), value: z.string().default('') })).default([]),
      }),
    )
    .default([]),
});

const ROLE = z.object({
  includedPermissions: z.array(z.string()).default([]),
  deleted: z.boolean().default(false),
});

type IamReads = Pick<
  GoogleAccess,
  'serviceAccounts' | 'serviceAccountKeys' | 'serviceAccountPolicy' | 'rolePermissions'
>;

/** Accounts, keys, policies on accounts, and roles: https://cloud.google.com/iam/docs/reference/rest */
export function iamReads({ one, all, shared }: FactReads): IamReads {
  // Google's own roles are the same in every project, and those of an organisation in all its projects.
  const rolePermissions = keptReads(async (role: string): Promise<Fact<readonly string[]>> => {
    const [, owner, ownerId, id] =
      /^(?:(projects|organizations)\/([^/]+)\/)?roles\/([\w.]+)$/.exec(role) ?? [];
    if (id === undefined) return unknown('that is no name of a role');
    const isPredefined = owner === undefined || ownerId === undefined;
    const reply = await one(ROLE, {
      api: 'iam',
      path: isPredefined ? path`/v1/roles/${id}` : path`/v1/${owner}/${ownerId}/roles/${id}`,
    });
    // A deleted role grants nothing, although its bindings and permissions are still shown.
    return mapFact(reply, ({ includedPermissions, deleted }) => (deleted ? [] : includedPermissions));
  });

  return {
    async serviceAccounts(project, onPage) {
      const pages = await all(
        ACCOUNTS,
        {
          api: 'iam',
          path: path`/v1/projects/${project}/serviceAccounts`,
          query: { pageSize: '100' },
        },
        onPage === undefined ? undefined : ({ accounts }) => onPage(accounts),
      );
      return mapFact(pages, (each) => each.flatMap((page): ServiceAccount[] => page.accounts));
    },

    async serviceAccountKeys(project, email) {
      const reply = await one(KEYS, {
        api: 'iam',
        path: path`/v1/projects/${project}/serviceAccounts/${email}/keys`,
      });
      return mapFact(reply, ({ keys }) => keys.map((key) => keyOf(key, email)));
    },

    async serviceAccountPolicy(project, email) {
      const reply = await one(POLICY, {
        api: 'iam',
        path: path`/v1/projects/${project}/serviceAccounts/${email}:getIamPolicy`,
        query: { 'options.requestedPolicyVersion': '3' },
        // Documented as a POST without a body.
        body: null,
      });
      return mapFact(reply, (policy) => policyOf(policy, shared));
    },

    rolePermissions,
  };
}

function keyOf(key: z.infer<typeof KEYS>['keys'][number], email: string): ServiceAccountKey {
  return {
    account: email,
    id: key.name.slice(key.name.lastIndexOf('/') + 1),
    keyType: key.keyType,
    origin: key.keyOrigin,
    algorithm: key.keyAlgorithm,
    validAfterMs: timeOf(key.validAfterTime),
    validBeforeMs: timeOf(key.validBeforeTime),
    disabled: key.disabled,
    disableReason: key.disableReason ?? null,
    flags: key.extendedStatus.map(({ key: name, value }) => ({ name, value })),
  };
}
