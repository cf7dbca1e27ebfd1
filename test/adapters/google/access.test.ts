import { describe, expect, it, onTestFinished } from 'vitest';
import { acmeEstate, type Estate, startGoogleApis } from '../../../local/google-apis/index.ts';
import { googleAccess } from '../../../shared/adapters/google/access.ts';
import { NEVER_EXPIRES_MS } from '../../../shared/core/audit/access.ts';
import { known } from '../../../shared/core/fact.ts';
import { DAY_MS } from '../../../shared/core/units.ts';
import type { GoogleAccess } from '../../../shared/ports.ts';
import { json, restAt, serve } from './server.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 3);

async function acme(different: { denied?: readonly string[]; pageSizeMax?: number; estate?: Estate } = {}) {
  const apis = await startGoogleApis({ estate: acmeEstate(NOW_MS), now: NOW_MS, ...different });
  onTestFinished(() => apis.close());
  return { apis, access: googleAccess(restAt(apis.url)) };
}

/** An access over one reply for everything. */
async function always(status: number, body: unknown): Promise<GoogleAccess> {
  const api = await serve((_in, out) => json(out, status, body));
  return googleAccess(restAt(api.url));
}

describe('access over the documented replies', () => {
  it('reads accounts over all pages', async () => {
    const { access, apis } = await acme({ pageSizeMax: 1 });
    const accounts = await access.serviceAccounts('acme');
    expect(accounts).toMatchObject({
      kind: 'known',
      value: [
        { email: 'ci@acme.iam.gserviceaccount.com', disabled: false },
        { email: 'deployer@acme.iam.gserviceaccount.com' },
        { email: 'runtime@acme.iam.gserviceaccount.com', displayName: '' },
        { email: 'legacy-sync@acme.iam.gserviceaccount.com' },
      ],
    });
    expect(apis.requests['GET accounts']).toBe(4);
  });

  it('reads keys with their ages, kinds and ends', async () => {
    const { access } = await acme();
    const keys = await access.serviceAccountKeys('acme', 'ci@acme.iam.gserviceaccount.com');
    expect(keys).toMatchObject({
      value: [
        { keyType: 'SYSTEM_MANAGED' },
        {
          id: 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334',
          keyType: 'USER_MANAGED',
          origin: 'GOOGLE_PROVIDED',
          validAfterMs: known(NOW_MS - 412 * DAY_MS),
          validBeforeMs: known(NEVER_EXPIRES_MS),
          disabled: false,
          disableReason: null,
        },
      ],
    });
  });

  it('tells a key that was never used from one that nothing is said about', async () => {
    const { access } = await acme();
    const activity = await access.keyActivity('acme');
    const uses = activity.kind === 'known' ? activity.value : [];
    expect(uses.map(({ keyId, lastAuthenticatedMs }) => [keyId.slice(0, 4), lastAuthenticatedMs])).toEqual([
      ['a1b2', NOW_MS - DAY_MS],
      ['b2c3', NOW_MS - 30 * DAY_MS],
      ['c3d4', null],
    ]);
  });

  it('reads policies with their conditions', async () => {
    const { access } = await acme();
    const policy = await access.projectPolicy('acme');
    expect(
      policy.kind === 'known' && policy.value.bindings.find(({ condition }) => condition !== null),
    ).toEqual({
      role: 'roles/artifactregistry.writer',
      members: ['serviceAccount:deployer@acme.iam.gserviceaccount.com'],
      condition: {
        title: 'until the freeze',
        expression: 'request.time < timestamp("2027-01-31T00:00:00Z")',
        description: null,
      },
    });
  });

  it('reads repositories and their policies', async () => {
    const { access } = await acme();
    expect(await access.repositoryLocations('acme')).toEqual(known(['europe-west1', 'us', 'us-central1']));
    expect(await access.repositories('acme', 'us')).toMatchObject(
      known([
        {
          name: 'projects/acme/locations/us/repositories/gcr.io',
          location: 'us',
          id: 'gcr.io',
          format: 'DOCKER',
          mode: 'STANDARD_REPOSITORY',
        },
      ]),
    );
    expect(await access.repositoryPolicy('projects/acme/locations/us-central1/repositories/charts')).toEqual(
      known({
        bindings: [{ role: 'roles/artifactregistry.reader', members: ['allUsers'], condition: null }],
      }),
    );
    expect(
      await access.repositoryPolicy('projects/acme/locations/us-central1/repositories/packages'),
    ).toEqual(known({ bindings: [] }));
  });

  it('reads a bucket with its lists, and its policy', async () => {
    const { access } = await acme();
    expect(await access.bucket('artifacts.acme.appspot.com')).toMatchObject(
      known({
        name: 'artifacts.acme.appspot.com',
        uniformAccess: known(false),
        publicAccessPrevention: 'inherited',
        acl: known([{ entity: 'project-owners-123456789012', role: 'OWNER' }]),
        defaultObjectAcl: known([{ entity: 'project-owners-123456789012', role: 'OWNER' }]),
      }),
    );
    expect(await access.bucketPolicy('artifacts.acme.appspot.com')).toMatchObject({ kind: 'known' });
  });

  it('knows that a bucket does not exist', async () => {
    const { access } = await acme();
    expect(await access.bucket('eu.artifacts.acme.appspot.com')).toEqual(known(null));
  });

  it('does not take a refused bucket for an absent one', async () => {
    const { access } = await acme({ denied: ['eu.artifacts.acme.appspot.com'] });
    expect((await access.bucket('eu.artifacts.acme.appspot.com')).kind).toBe('unknown');
  });

  it('reads the permissions of a custom role', async () => {
    const { access } = await acme();
    expect(await access.rolePermissions('projects/acme/roles/imagePromoter')).toMatchObject({
      kind: 'known',
      value: expect.arrayContaining(['artifactregistry.repositories.uploadArtifacts']),
    });
    expect((await access.rolePermissions('roles/no.such')).kind).toBe('unknown');
    expect((await access.rolePermissions('../v1/projects')).kind).toBe('unknown');
  });

  it("reads one of Google's own roles once, whichever project asks", async () => {
    const api = await serve((_in, out) =>
      json(out, 200, { includedPermissions: ['compute.instances.list'] }),
    );
    const access = googleAccess(restAt(api.url));
    await access.rolePermissions('roles/compute.viewer');
    expect(await access.rolePermissions('roles/compute.viewer')).toEqual(known(['compute.instances.list']));
    expect(api.seen).toHaveLength(1);
  });

  it('asks again for a role that could not be read', async () => {
    const api = await serve((_in, out, index) => json(out, index === 0 ? 403 : 200, {}));
    const access = googleAccess(restAt(api.url));
    expect((await access.rolePermissions('roles/compute.viewer')).kind).toBe('unknown');
    expect((await access.rolePermissions('roles/compute.viewer')).kind).toBe('known');
  });

  it('says with every refusal what was refused', async () => {
    const { access } = await acme({ denied: ['acme'] });
    const facts = await Promise.all([
      access.serviceAccounts('acme'),
      access.serviceAccountKeys('acme', 'ci@acme.iam.gserviceaccount.com'),
      access.keyActivity('acme'),
      access.projectPolicy('acme'),
      access.repositoryLocations('acme'),
      access.repositories('acme', 'us'),
      access.repositoryPolicy('projects/acme/locations/us/repositories/gcr.io'),
      access.redirection('acme'),
      access.bucket('artifacts.acme.appspot.com'),
      access.bucketPolicy('artifacts.acme.appspot.com'),
    ]);
    for (const fact of facts) {
      expect(fact).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('PERMISSION_DENIED') });
    }
  });
});

describe('access over replies that nobody documented', () => {
  it('takes an empty object for an empty list', async () => {
    const access = await always(200, {});
    expect(await access.serviceAccounts('acme')).toEqual(known([]));
    expect(await access.projectPolicy('acme')).toEqual(known({ bindings: [] }));
  });

  it.each<[string, unknown]>([
    ['a list of another type', { accounts: {}, keys: 'none', bindings: 7, repositories: {}, locations: 1 }],
    [
      'items without a name',
      { accounts: [{}], keys: [{}], bindings: [{}], repositories: [{}], locations: [{}] },
    ],
    ['places that were not reached', { unreachable: ['projects/acme/locations/us'] }],
  ])('knows nothing from %s', async (_name, body) => {
    const access = await always(200, body);
    const facts = await Promise.all([
      access.serviceAccounts('acme'),
      access.serviceAccountKeys('acme', 'a@b'),
      access.projectPolicy('acme'),
      access.repositoryLocations('acme'),
      access.repositories('acme', 'us'),
    ]);
    expect(facts.map(({ kind }) => kind)).toEqual(facts.map(() => 'unknown'));
  });

  it.each([['no-date'], ['2026-13-45T00:00:00Z'], ['1700000000000']])(
    'knows no age from the time %s',
    async (time) => {
      const access = await always(200, { keys: [{ name: 'keys/k', validAfterTime: time }] });
      expect(await access.serviceAccountKeys('acme', 'a@b')).toMatchObject({
        value: [{ validAfterMs: { kind: 'unknown' }, validBeforeMs: { kind: 'unknown' }, keyType: '' }],
      });
    },
  );

  it('grants nothing by a deleted role', async () => {
    const access = await always(200, { includedPermissions: ['storage.objects.get'], deleted: true });
    expect(await access.rolePermissions('projects/acme/roles/x')).toEqual(known([]));
  });
});
