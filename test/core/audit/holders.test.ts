import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Binding, IamPolicy } from '../../../shared/core/audit/access.ts';
import { type AccessNode, accessGraph } from '../../../shared/core/audit/graph.ts';
import { AccessResolver, type Holders, type Holding } from '../../../shared/core/audit/holders.ts';
import type { AuditReplies } from '../../../shared/core/audit/replies.ts';
import type { Permission } from '../../../shared/core/audit/role-permissions.ts';
import { type Fact, known, unknown } from '../../../shared/core/fact.ts';
import { checkProperty } from '../property.ts';
import { naiveHolders } from './naive-access.ts';
import { BUCKET, bind, bucketWith, NOW_MS, repliesWith, repositoryWith } from './replies.ts';

const EMAILS = ['a', 'b', 'c'].map((name) => `${name}@acme.iam.gserviceaccount.com`);
const GROUPS = ['g1@example.com', 'g2@example.com', 'g3@example.com'];
const CUSTOM = ['projects/acme/roles/one', 'projects/acme/roles/two', 'organizations/77/roles/three'];
const ASKED: readonly Permission[] = [
  'storage.objects.get',
  'artifactregistry.repositories.uploadArtifacts',
  'iam.serviceAccounts.getAccessToken',
];
const GRANTABLE = [
  ...ASKED,
  'iam.serviceAccounts.implicitDelegation',
  'iam.serviceAccounts.actAs',
  'iam.serviceAccountKeys.create',
  'other.things.get',
];

const member = fc.constantFrom(
  'allUsers',
  'user:ada@example.com',
  'user:ben@example.com',
  'projectEditor:acme',
  'domain:example.com',
  'serviceAccount:acme.svc.id.goog[ns/ksa]',
  ...EMAILS.map((email) => `serviceAccount:${email}`),
  ...GROUPS.map((group) => `group:${group}`),
);

const binding: fc.Arbitrary<Binding> = fc.record({
  role: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...CUSTOM) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'roles/editor',
        'roles/storage.objectViewer',
        'roles/artifactregistry.writer_withcond_0123456789abcdef',
      ),
    },
  ),
  members: fc.uniqueArray(member, { maxLength: 3 }),
  condition: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constant({ expression: 'x', title: 'y', description: null }) },
  ),
});
const bindings = fc.array(binding, { maxLength: 3 });

const inGroup = fc.constantFrom(
  'user:ada@example.com',
  'user:cyd@example.com',
  `serviceAccount:${EMAILS[0]}`,
  ...GROUPS.map((group) => `group:${group}`),
);

/** An organisation, a folder, a project, a bucket, a repository, three accounts, groups with circles in them. */
const replies: fc.Arbitrary<AuditReplies> = fc
  .record({
    organization: bindings,
    folder: bindings,
    project: bindings,
    bucket: bindings,
    repository: bindings,
    accounts: fc.tuple(bindings, bindings, bindings),
    groups: fc.tuple(...GROUPS.map(() => fc.option(fc.uniqueArray(inGroup, { maxLength: 3 })))),
    roles: fc.tuple(...CUSTOM.map(() => fc.subarray(GRANTABLE))),
  })
  .map((world) =>
    repliesWith({
      ancestors: known([
        { name: 'folders/301', policy: known({ bindings: world.folder }) },
        { name: 'organizations/77', policy: known({ bindings: world.organization }) },
      ]),
      projectPolicy: known({ bindings: world.project }),
      buckets: [bucketWith(world.bucket)],
      locations: known([repositoryWith(...world.repository)]),
      accounts: known(
        EMAILS.map((email, index) => ({
          account: { email, uniqueId: String(index), displayName: '', description: '', disabled: false },
          keys: known([]),
          policy: known({ bindings: world.accounts[index] ?? [] }),
        })),
      ),
      groups: Object.fromEntries(
        GROUPS.map((group, index) => {
          const members = world.groups[index] ?? null;
          return [
            group,
            members === null ? unknown('403') : known({ members: [...members].sort(), others: [] }),
          ];
        }),
      ),
      roles: Object.fromEntries(CUSTOM.map((role, index) => [role, known(world.roles[index] ?? [])])),
    }),
  );

/** The answers about every resource and permission that is asked about here. */
function answers(all: AuditReplies): Map<string, { direct: Holders; byActing: Holders }> {
  const graph = accessGraph(all);
  const resolver = new AccessResolver(graph, NOW_MS);
  const accounts = graph.accounts.kind === 'known' ? graph.accounts.value : [];
  const nodes: readonly AccessNode[] = [graph.project, ...graph.registries, ...accounts];
  return new Map(
    nodes.flatMap((node) =>
      ASKED.map((permission) => [
        `${permission} on ${node.label}`,
        { direct: resolver.direct(node, permission), byActing: resolver.byActing(node, permission) },
      ]),
    ),
  );
}

/** Who, and whether there is a way without any condition. */
function summary({ holdings }: Holders): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  for (const { who, conditions } of holdings) {
    found.set(who, (found.get(who) ?? false) || conditions.length === 0);
  }
  return found;
}

function sorted(holders: ReadonlyMap<string, boolean>): readonly (readonly [string, boolean])[] {
  return [...holders].sort(([a], [b]) => (a < b ? -1 : 1));
}

function ownBindings(all: AuditReplies, label: string): readonly Binding[] {
  const value = <T>(fact: Fact<T> | null): T => (fact as { readonly value: T }).value;
  if (label.endsWith(BUCKET)) return value(all.buckets[0]?.policy ?? null).bindings;
  if (label.endsWith('services')) {
    const [location] = value(all.locations);
    const [repository] = value(location?.repositories ?? null);
    return value(repository?.policy ?? null).bindings;
  }
  const account = value(all.accounts).find(({ account: { email } }) => label.endsWith(`account ${email}`));
  return account === undefined ? [] : value(account.policy).bindings;
}

describe('the resolver', () => {
  it('agrees with a naive one on who holds what, and whether always', () => {
    checkProperty(
      replies,
      (all) => {
        for (const [question, { direct, byActing }] of answers(all)) {
          const [permission = '', label = ''] = question.split(' on ');
          const expected = naiveHolders(all, ownBindings(all, label), permission);
          expect([question, sorted(summary(direct))]).toEqual([question, sorted(expected.direct)]);
          expect([question, 'acting', sorted(summary(byActing))]).toEqual([
            question,
            'acting',
            sorted(expected.byActing),
          ]);
        }
      },
      400,
    );
  });

  it('tells the same, whatever the order of replies', () => {
    checkProperty(
      replies,
      (all) => {
        const told = (each: AuditReplies): unknown =>
          [...answers(each)]
            .map(([question, { direct, byActing }]) => [
              question,
              [direct, byActing].map(({ holdings, unseen }) => [holdings.map(ways), unseen]),
            ])
            .sort();
        expect(told(reversed(all))).toEqual(told(all));
      },
      200,
    );
  });

  it.each(Object.entries(losses()))('knows nothing more when %s is lost', (_name, lose) => {
    checkProperty(
      replies,
      (all) => {
        const before = answers(all);
        for (const [question, after] of answers(lose(all))) {
          for (const kind of ['direct', 'byActing'] as const) {
            if (after[kind].unseen.length > 0) continue;
            // What claims to be all was all before, and is the same.
            expect(before.get(question)?.[kind].unseen).toEqual([]);
            expect(sorted(summary(after[kind]))).toEqual(
              sorted(summary(before.get(question)?.[kind] as Holders)),
            );
          }
        }
      },
      150,
    );
  });
});

function ways({ who, path, conditions, grant }: Holding): unknown {
  return [who, path, conditions, grant.node.label, grant.binding.role, grant.member];
}

function reversed(all: AuditReplies): AuditReplies {
  const turn = <T>(fact: Fact<T>, change: (value: T) => T): Fact<T> =>
    fact.kind === 'known' ? known(change(fact.value)) : fact;
  const policy = (fact: Fact<IamPolicy>): Fact<IamPolicy> =>
    turn(fact, ({ bindings: each }) => ({
      bindings: each.map((one) => ({ ...one, members: [...one.members].reverse() })).reverse(),
    }));
  return {
    ...all,
    projectPolicy: policy(all.projectPolicy),
    ancestors: turn(all.ancestors, (each) => each.map((one) => ({ ...one, policy: policy(one.policy) }))),
    accounts: turn(all.accounts, (each) =>
      each.map((one) => ({ ...one, policy: policy(one.policy) })).reverse(),
    ),
    buckets: all.buckets.map((each) => ({ ...each, policy: each.policy && policy(each.policy) })),
    groups: Object.fromEntries(
      Object.entries(all.groups)
        .map(([name, group]): [string, typeof group] => [
          name,
          turn(group, (each) => ({ ...each, members: [...each.members].reverse() })),
        ])
        .reverse(),
    ),
  };
}

/** Every way to lose one read that the resolver uses. */
function losses(): Readonly<Record<string, (all: AuditReplies) => AuditReplies>> {
  const refused = unknown('403');
  return {
    'the policy of the project': (all) => ({ ...all, projectPolicy: refused }),
    'the way up': (all) => ({ ...all, ancestors: refused }),
    'the policy of the folder': (all) => ({
      ...all,
      ancestors:
        all.ancestors.kind === 'known'
          ? known(
              all.ancestors.value.map((each, index) => (index === 0 ? { ...each, policy: refused } : each)),
            )
          : refused,
    }),
    'the list of accounts': (all) => ({ ...all, accounts: refused }),
    'the policy of an account': (all) => ({
      ...all,
      accounts:
        all.accounts.kind === 'known'
          ? known(
              all.accounts.value.map((each, index) => (index === 1 ? { ...each, policy: refused } : each)),
            )
          : refused,
    }),
    'the policy of the bucket': (all) => ({
      ...all,
      buckets: all.buckets.map((each) => ({ ...each, policy: refused })),
    }),
    'a group': (all) => ({ ...all, groups: { ...all.groups, 'g2@example.com': refused } }),
    'all groups': (all) => ({ ...all, groups: {} }),
    'a custom role': (all) => ({ ...all, roles: { ...all.roles, [CUSTOM[0] as string]: refused } }),
    'all custom roles': (all) => ({ ...all, roles: {} }),
  };
}

describe('a way to a permission', () => {
  const resolve = (different: Partial<AuditReplies>) => {
    const graph = accessGraph(repliesWith(different));
    const [registry] = graph.registries;
    if (registry === undefined) throw new Error('the test has no registry');
    return { registry, resolver: new AccessResolver(graph, NOW_MS) };
  };
  const accountWith = (name: string, ...policy: readonly Binding[]) => ({
    account: {
      email: `${name}@acme.iam.gserviceaccount.com`,
      uniqueId: name,
      displayName: '',
      description: '',
      disabled: false,
    },
    keys: known([]),
    policy: known({ bindings: policy }),
  });

  it('goes through groups in groups to what a folder grants', () => {
    const { registry, resolver } = resolve({
      locations: known([repositoryWith()]),
      ancestors: known([
        {
          name: 'folders/301',
          policy: known({ bindings: [bind('roles/artifactregistry.writer', 'group:eng@example.com')] }),
        },
      ]),
      groups: {
        'eng@example.com': known({
          members: ['group:oncall@example.com', 'user:ben@example.com'],
          others: [],
        }),
        'oncall@example.com': known({ members: ['user:ada@example.com'], others: [] }),
      },
    });
    const { holdings, unseen } = resolver.direct(registry, 'artifactregistry.repositories.uploadArtifacts');
    expect(unseen).toEqual([]);
    expect(holdings.map(({ who, path }) => [who, path])).toEqual([
      [
        'user:ada@example.com',
        [
          'in group:oncall@example.com',
          'in group:eng@example.com',
          'roles/artifactregistry.writer on folder 301',
        ],
      ],
      ['user:ben@example.com', ['in group:eng@example.com', 'roles/artifactregistry.writer on folder 301']],
    ]);
    expect(holdings[0]?.grant).toMatchObject({
      node: { label: 'folder 301' },
      member: 'group:eng@example.com',
    });
  });

  it('goes from account to account', () => {
    const tokens = 'projects/acme/roles/tokens';
    const { registry, resolver } = resolve({
      locations: known([
        repositoryWith(
          bind('roles/artifactregistry.repoAdmin', 'serviceAccount:c@acme.iam.gserviceaccount.com'),
        ),
      ]),
      accounts: known([
        accountWith('b', bind(tokens, 'user:ada@example.com')),
        accountWith('c', bind(tokens, 'serviceAccount:b@acme.iam.gserviceaccount.com')),
      ]),
      roles: { [tokens]: known(['iam.serviceAccounts.getAccessToken']) },
    });
    const { holdings } = resolver.byActing(registry, 'artifactregistry.repositories.deleteArtifacts');
    expect(holdings.find(({ who }) => who === 'user:ada@example.com')?.path).toEqual([
      'projects/acme/roles/tokens on account b@acme.iam.gserviceaccount.com',
      'iam.serviceAccounts.getAccessToken on account b@acme.iam.gserviceaccount.com',
      'projects/acme/roles/tokens on account c@acme.iam.gserviceaccount.com',
      'iam.serviceAccounts.getAccessToken on account c@acme.iam.gserviceaccount.com',
      'roles/artifactregistry.repoAdmin on repository europe-west1/services',
    ]);
  });

  it('does not end at an account that can only delegate', () => {
    const delegation = 'projects/acme/roles/delegation';
    const { registry, resolver } = resolve({
      locations: known([
        repositoryWith(
          bind('roles/artifactregistry.repoAdmin', 'serviceAccount:b@acme.iam.gserviceaccount.com'),
        ),
      ]),
      accounts: known([accountWith('b', bind(delegation, 'user:ada@example.com'))]),
      roles: { [delegation]: known(['iam.serviceAccounts.implicitDelegation']) },
    });
    expect(resolver.byActing(registry, 'artifactregistry.repositories.deleteArtifacts')).toEqual({
      holdings: [],
      unseen: [],
    });
  });

  it.each([
    ['an account of another project', 'serviceAccount:x@other.iam.gserviceaccount.com', 1],
    ['an agent of Google', 'serviceAccount:service-1@gcp-sa-artifactregistry.iam.gserviceaccount.com', 0],
    ["a cluster's pods", 'serviceAccount:acme.svc.id.goog[ns/ksa]', 0],
  ])('says what it can not see of %s', (_name, who, unseen) => {
    const { registry, resolver } = resolve({
      locations: known([repositoryWith(bind('roles/artifactregistry.reader', who))]),
    });
    const found = resolver.byActing(registry, 'artifactregistry.repositories.downloadArtifacts');
    expect(found.unseen).toHaveLength(unseen);
  });

  it('is none under a condition that has run out, and one under any other', () => {
    const reader = (expression: string): Binding => ({
      role: 'roles/artifactregistry.reader',
      members: ['user:ada@example.com'],
      condition: { expression, title: 't', description: null },
    });
    const found = (expression: string): Holders => {
      const { registry, resolver } = resolve({ locations: known([repositoryWith(reader(expression))]) });
      return resolver.direct(registry, 'artifactregistry.repositories.downloadArtifacts');
    };
    expect(found('request.time < timestamp("2026-01-31T00:00:00Z")').holdings).toEqual([]);
    expect(found('request.time < timestamp("2027-01-31T00:00:00Z")').holdings).toHaveLength(1);
    expect(found('request.time < timestamp("2026-01-31T00:00:00Z") || true').holdings).toHaveLength(1);
  });
});
