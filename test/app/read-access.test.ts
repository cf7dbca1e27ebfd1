import { describe, expect, it, onTestFinished } from 'vitest';
import {
  acmeEstate,
  type Estate,
  type EstateProject,
  startGoogleApis,
} from '../../local/google-apis/index.ts';
import { googleAccess } from '../../shared/adapters/google/access.ts';
import { GOOGLE_APIS, GoogleRest } from '../../shared/adapters/google/rest.ts';
import { readAccess } from '../../shared/app/read-access.ts';
import type { AuditReplies } from '../../shared/core/audit/replies.ts';
import { type Fact, known } from '../../shared/core/fact.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { GoogleAccess } from '../../shared/ports.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 3);

interface Different {
  readonly denied?: readonly string[];
  readonly pageSizeMax?: number;
  /** What is different about the project acme. */
  readonly project?: Partial<EstateProject>;
  readonly estate?: Partial<Estate>;
}

async function readAcme(different: Different = {}): Promise<AuditReplies> {
  return readAccess(await openAcme(different), 'acme', NOW_MS);
}

async function openAcme({ project = {}, estate = {}, ...options }: Different): Promise<GoogleAccess> {
  const acme = acmeEstate(NOW_MS);
  const apis = await startGoogleApis({
    estate: { ...acme, projects: acme.projects.map((each) => ({ ...each, ...project })), ...estate },
    now: NOW_MS,
    ...options,
  });
  const rest = new GoogleRest({
    token: async () => 'test-token',
    endpoints: Object.fromEntries(GOOGLE_APIS.map((api) => [api, apis.url])),
  });
  onTestFinished(async () => {
    await rest.close();
    await apis.close();
  });
  return googleAccess(rest);
}

function answered<T>(fact: Fact<T>): T {
  if (fact.kind === 'unknown') throw new Error(fact.reason);
  return fact.value;
}

describe('what is read of a project', () => {
  it('is its number and what is above it, with policies, up to the organisation', async () => {
    const replies = await readAcme();
    expect(replies.identity).toEqual(
      known({ number: '123456789012', parent: 'folders/301', state: 'ACTIVE' }),
    );
    expect(replies.ancestors).toEqual(
      known([
        {
          name: 'folders/301',
          policy: known({
            bindings: [
              {
                role: 'roles/artifactregistry.reader',
                members: ['group:oncall@example.com'],
                condition: null,
              },
            ],
          }),
        },
        {
          name: 'organizations/77',
          policy: known({
            bindings: [
              {
                role: 'roles/resourcemanager.organizationAdmin',
                members: ['user:ada@example.com'],
                condition: null,
              },
            ],
          }),
        },
      ]),
    );
    expect(replies.organization).toEqual(
      known({ name: 'organizations/77', domain: 'example.com', customerId: 'C01acme01' }),
    );
  });

  it('is who may act as each account, and when it was last used', async () => {
    const replies = await readAcme();
    const deployer = answered(replies.accounts).find(({ account }) => account.email.startsWith('deployer@'));
    expect(deployer?.policy).toEqual(
      known({
        bindings: [
          {
            role: 'roles/iam.serviceAccountTokenCreator',
            members: ['serviceAccount:ci@acme.iam.gserviceaccount.com'],
            condition: null,
          },
        ],
      }),
    );
    const observed = known({ fromMs: Date.UTC(2026, 0, 1, 8), toMs: Date.UTC(2026, 10, 21, 8) });
    expect(answered(replies.accountActivity)).toEqual([
      { account: 'ci@acme.iam.gserviceaccount.com', lastAuthenticatedMs: NOW_MS - DAY_MS, observed },
      {
        account: 'deployer@acme.iam.gserviceaccount.com',
        lastAuthenticatedMs: NOW_MS - 30 * DAY_MS,
        observed,
      },
      { account: 'runtime@acme.iam.gserviceaccount.com', lastAuthenticatedMs: null, observed },
    ]);
  });

  it('is the members of the groups that its policies name, and of the groups in them', async () => {
    const replies = await readAcme();
    expect(replies.groups).toEqual({
      'developers@example.com': known({
        members: ['group:oncall@example.com', 'user:ben@example.com'],
        others: [],
      }),
      'oncall@example.com': known({ members: ['user:ada@example.com'], others: [] }),
    });
  });

  it('reads no group of a role that has nothing to do with images or accounts', async () => {
    const replies = await readAcme({
      project: {
        bindings: [{ role: 'roles/resourcemanager.tagViewer', members: ['group:developers@example.com'] }],
      },
    });
    expect(Object.keys(replies.groups)).toEqual(['oncall@example.com']);
  });

  it('is read for what a policy names while other policies are still on their way', async () => {
    const access = await openAcme({});
    const { promise: oncallRead, resolve } = Promise.withResolvers<void>();
    const replies = await readAccess(
      {
        ...access,
        async projectPolicy(project) {
          await oncallRead;
          return access.projectPolicy(project);
        },
        async group(address) {
          if (address === 'oncall@example.com') resolve();
          return access.group(address);
        },
      },
      'acme',
      NOW_MS,
    );
    expect(replies).toEqual(await readAcme());
  });

  it('ends at 500 roles of their own, the same ones in whatever order their policies come', async () => {
    const roleOf = (index: number) => `projects/acme/roles/custom${index}`;
    const bindings = Array.from({ length: 501 }, (_, index) => ({
      role: roleOf(index),
      members: ['user:ada@example.com'],
    }));
    const access = await openAcme({
      project: {
        bindings: bindings.toReversed(),
        roles: Object.fromEntries(bindings.map(({ role }) => [role, ['storage.objects.get']])),
        accounts: [],
      },
    });
    const { roles } = await readAccess(access, 'acme', NOW_MS);
    const unread = Object.entries(roles).filter(([, { kind }]) => kind === 'unknown');
    // By name: four others are named besides.
    expect(Object.keys(roles).length).toBe(504);
    expect(unread.map(([role]) => role)).toEqual(Object.keys(roles).sort().slice(500));
  });

  it('comes to an end where groups lead in a circle, and says which members are of no known type', async () => {
    const replies = await readAcme({
      estate: {
        groups: {
          'developers@example.com': [{ id: 'oncall@example.com', type: 'GROUP' }],
          'oncall@example.com': [
            { id: 'developers@example.com', type: 'GROUP' },
            { id: 'C01acme01', type: 'OTHER' },
          ],
        },
      },
    });
    expect(replies.groups).toEqual({
      'developers@example.com': known({ members: ['group:oncall@example.com'], others: [] }),
      'oncall@example.com': known({ members: ['group:developers@example.com'], others: ['OTHER'] }),
    });
  });

  it('is what the bucket holds, without listing its objects', async () => {
    const replies = await readAcme();
    expect(replies.buckets.map(({ name, contents }) => [name, contents])).toEqual([
      ['artifacts.acme.appspot.com', known({ sizeBytes: 214_748_364_800, objects: 48_211, atMs: NOW_MS })],
      ['us.artifacts.acme.appspot.com', null],
      ['eu.artifacts.acme.appspot.com', null],
      ['asia.artifacts.acme.appspot.com', null],
    ]);
  });

  it('is the topic, the clusters, and what constraints come to', async () => {
    const replies = await readAcme({
      project: {
        orgPolicies: {
          'iam.allowedPolicyMemberDomains': [{ values: { allowedValues: ['C01acme01'] } }],
          'storage.publicAccessPrevention': [{ enforce: true }],
        },
      },
    });
    expect(answered(replies.topicPolicy)?.bindings[0]?.role).toBe('roles/pubsub.publisher');
    expect(answered(replies.clusters)).toEqual([
      {
        name: 'prod',
        location: 'europe-west1',
        workloadPool: 'acme.svc.id.goog',
        autopilot: false,
        nodePools: [
          {
            name: 'default-pool',
            metadataMode: 'GKE_METADATA',
            account: 'runtime@acme.iam.gserviceaccount.com',
          },
        ],
      },
    ]);
    expect(replies.orgPolicies).toEqual({
      'iam.allowedPolicyMemberDomains': known({ kind: 'list', allowed: ['C01acme01'], denied: [] }),
      'iam.disableServiceAccountKeyCreation': known({ kind: 'boolean', enforced: false }),
      'iam.managed.disableServiceAccountKeyCreation': known({ kind: 'boolean', enforced: false }),
      'storage.publicAccessPrevention': known({ kind: 'boolean', enforced: true }),
    });
  });

  it('keeps conditions, and which calls are written to the audit log', async () => {
    const condition = { title: 'for now', expression: 'x' };
    const replies = await readAcme({
      project: {
        bindings: [{ role: 'roles/viewer', members: ['user:ada@example.com'], condition }],
        auditConfigs: [
          {
            service: 'artifactregistry.googleapis.com',
            auditLogConfigs: [{ logType: 'DATA_READ', exemptedMembers: ['user:ben@example.com'] }],
          },
        ],
      },
    });
    expect(replies.projectPolicy).toEqual(
      known({
        bindings: [
          {
            role: 'roles/viewer',
            members: ['user:ada@example.com'],
            condition: { ...condition, description: null },
          },
        ],
        auditConfigs: [
          {
            service: 'artifactregistry.googleapis.com',
            logs: [{ type: 'DATA_READ', exempted: ['user:ben@example.com'] }],
          },
        ],
      }),
    );
  });

  it('is what Artifact Registry says of a repository', async () => {
    const replies = await readAcme({
      project: {
        repositories: [
          {
            location: 'us',
            id: 'releases',
            format: 'DOCKER',
            mode: 'STANDARD_REPOSITORY',
            immutableTags: true,
            scanning: 'SCANNING_ACTIVE',
            cleanupDryRun: false,
            cleanupPolicies: {
              newest: { id: 'newest', action: 'KEEP', mostRecentVersions: { keepCount: 10 } },
              old: { id: 'old', action: 'DELETE', condition: { tagState: 'TAGGED', olderThan: '86400s' } },
            },
            bindings: [],
          },
        ],
      },
    });
    const us = answered(replies.locations).find(({ location }) => location === 'us');
    const [reply] = us === undefined ? [] : answered(us.repositories);
    expect(reply?.repository).toMatchObject({
      immutableTags: true,
      cleanupDryRun: false,
      scanning: { state: 'SCANNING_ACTIVE' },
    });
    expect(reply?.repository.cleanupPolicies).toMatchObject(
      known([
        { id: 'newest', action: 'KEEP', condition: null, mostRecent: { keepCount: 10 } },
        {
          id: 'old',
          action: 'DELETE',
          condition: { tagState: 'TAGGED', olderThanMs: DAY_MS },
          mostRecent: null,
        },
      ]),
    );
  });

  it('has an unknown list of cleanup policies where one of them is of a new kind', async () => {
    const replies = await readAcme({
      project: {
        repositories: [
          {
            location: 'us',
            id: 'releases',
            format: 'DOCKER',
            mode: 'STANDARD_REPOSITORY',
            cleanupPolicies: { odd: { action: 'DELETE', condition: { olderThan: 'a week' } } },
            bindings: [],
          },
        ],
      },
    });
    const us = answered(replies.locations).find(({ location }) => location === 'us');
    const [reply] = us === undefined ? [] : answered(us.repositories);
    expect(reply?.repository.cleanupPolicies.kind).toBe('unknown');
  });

  it('is the same over pages of one', async () => {
    expect(await readAcme({ pageSizeMax: 1 })).toEqual(await readAcme());
  });
});

describe('a project without an organisation', () => {
  it('has nothing above it, where it says so itself', async () => {
    const [acme] = acmeEstate(NOW_MS).projects;
    const { parent: _parent, ...alone } = acme as EstateProject;
    const replies = await readAcme({ estate: { projects: [alone] } });
    expect([replies.ancestors, replies.organization]).toEqual([known([]), known(null)]);
  });

  it.each<[string, Different]>([
    ['names a parent that the way up has not', { project: { parent: 'organizations/99' } }],
    ['can not be asked', { denied: ['project'], project: { parent: 'organizations/99' } }],
    [
      'is in a folder that nothing is known above of',
      {
        estate: {
          containers: [{ name: 'folders/301', parent: null, displayName: 'production', bindings: [] }],
        },
      },
    ],
  ])('is not taken for one where it %s', async (_name, different) => {
    const replies = await readAcme(different);
    expect([replies.ancestors.kind, replies.organization.kind]).toEqual(['unknown', 'unknown']);
  });
});

describe('a read that is refused', () => {
  const slots: Readonly<Record<string, (replies: AuditReplies) => Fact<unknown> | null | undefined>> = {
    project: ({ identity }) => identity,
    ancestry: ({ ancestors }) => ancestors,
    'project policy': ({ projectPolicy }) => projectPolicy,
    'policy of folders/301': ({ ancestors }) => answered(ancestors)[0]?.policy,
    'organizations/77': ({ organization }) => organization,
    'storage.publicAccessPrevention': ({ orgPolicies }) => orgPolicies['storage.publicAccessPrevention'],
    'policy of ci@acme.iam.gserviceaccount.com': ({ accounts }) => answered(accounts)[0]?.policy,
    'account activity': ({ accountActivity }) => accountActivity,
    'oncall@example.com': ({ groups }) => groups['oncall@example.com'],
    'group members': ({ groups }) => groups['developers@example.com'],
    pubsub: ({ topicPolicy }) => topicPolicy,
    container: ({ clusters }) => clusters,
    monitoring: ({ buckets }) => buckets[0]?.contents,
    'roles/iam.serviceAccountTokenCreator': ({ roles }) => roles['roles/iam.serviceAccountTokenCreator'],
  };

  it.each(Object.entries(slots))(
    'makes what depends on it unknown, with the reason: %s',
    async (name, slot) => {
      const fact = slot(await readAcme({ denied: [name] }));
      expect(fact).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('PERMISSION_DENIED') });
      expect(slot(await readAcme())?.kind).toBe('known');
    },
  );
});

describe('pull secrets', () => {
  it('are not asked about where nobody asked for them', async () => {
    expect((await readAcme()).pullSecrets).toBeNull();
  });
});
