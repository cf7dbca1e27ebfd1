import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { googleAccess } from '../../../shared/adapters/google/access.ts';
import { NEVER_EXPIRES_MS } from '../../../shared/core/audit/access.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import { DAY_MS } from '../../../shared/core/units.ts';
import type { GoogleAccess } from '../../../shared/ports.ts';
import { json, restAt, serve } from './server.ts';

const replies = JSON.parse(
  readFileSync(new URL('../../fixtures/google/replies.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, unknown>>;

async function over(reply: string): Promise<{ access: GoogleAccess; urls: () => (string | undefined)[] }> {
  const api = await serve((_in, out) => json(out, 200, replies[reply]));
  return { access: googleAccess(restAt(api.url)), urls: () => api.seen.map(({ url }) => url) };
}

describe('the replies of', () => {
  it('IAM about accounts', async () => {
    const { access, urls } = await over('serviceAccounts');
    expect(await access.serviceAccounts('example.com:acme')).toEqual(
      known([
        {
          email: 'ci@acme.iam.gserviceaccount.com',
          uniqueId: '100000000000000000001',
          displayName: 'ci',
          description: 'builds and pushes',
          disabled: false,
        },
        {
          email: 'old@acme.iam.gserviceaccount.com',
          uniqueId: '100000000000000000002',
          displayName: '',
          description: '',
          disabled: true,
        },
      ]),
    );
    expect(urls()).toEqual(['/v1/projects/example.com%3Aacme/serviceAccounts?pageSize=100']);
  });

  it('IAM about keys', async () => {
    const { access } = await over('keys');
    expect(await access.serviceAccountKeys('acme', 'ci@acme.iam.gserviceaccount.com')).toMatchObject({
      value: [
        { id: '1f00', keyType: 'SYSTEM_MANAGED' },
        {
          id: '2f00',
          validAfterMs: known(Date.UTC(2025, 9, 5, 13, 27, 15)),
          validBeforeMs: known(NEVER_EXPIRES_MS),
          disabled: true,
          disableReason: 'SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED',
          flags: [
            {
              name: 'SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_EXPOSED',
              value: 'https://git.example.com/acme/deploy',
            },
          ],
        },
        { id: '3f00', origin: 'USER_PROVIDED', disabled: false, disableReason: null, flags: [] },
      ],
    });
  });

  it('Cloud Storage about a bucket with uniform access, which has no lists', async () => {
    const { access, urls } = await over('bucket');
    expect(await access.bucket('artifacts.acme.appspot.com')).toEqual(
      known({
        name: 'artifacts.acme.appspot.com',
        uniformAccess: known(true),
        publicAccessPrevention: 'enforced',
        acl: unknown('the reply has no access control list'),
        defaultObjectAcl: unknown('the reply has no access control list'),
        location: 'US',
        storageClass: 'STANDARD',
        createdMs: known(Date.UTC(2019, 2, 4, 10, 12, 59, 596)),
        projectNumber: '123456789012',
      }),
    );
    expect(urls()).toEqual(['/storage/v1/b/artifacts.acme.appspot.com?projection=full']);
  });

  it('Cloud Storage about a policy in version 3, with an empty binding', async () => {
    const { access, urls } = await over('policy');
    expect(await access.bucketPolicy('artifacts.acme.appspot.com')).toEqual(
      known({
        bindings: [
          {
            role: 'roles/storage.legacyBucketOwner',
            members: ['projectEditor:acme', 'projectOwner:acme'],
            condition: null,
          },
          {
            role: 'roles/storage.objectViewer',
            members: ['serviceAccount:ci@acme.iam.gserviceaccount.com'],
            condition: {
              title: 'only releases',
              description: 'asked for by the release team',
              expression: 'resource.name.startsWith("projects/_/buckets/b/objects/r")',
            },
          },
          { role: 'roles/storage.objectCreator', members: [], condition: null },
        ],
      }),
    );
    expect(urls()).toEqual(['/storage/v1/b/artifacts.acme.appspot.com/iam?optionsRequestedPolicyVersion=3']);
  });

  it('Artifact Registry about repositories', async () => {
    const { access } = await over('repositories');
    const shared = { location: 'us-central1', format: 'DOCKER' };
    const createdMs = known(Date.UTC(2026, 1, 18, 20, 7, 21, 78));
    expect(await access.repositories('acme', 'us-central1')).toEqual(
      known([
        {
          ...shared,
          name: 'projects/acme/locations/us-central1/repositories/services',
          id: 'services',
          mode: 'STANDARD_REPOSITORY',
          immutableTags: false,
          cleanupPolicies: known([
            {
              id: 'old',
              action: 'DELETE',
              condition: {
                tagState: null,
                tagPrefixes: [],
                versionPrefixes: [],
                packagePrefixes: [],
                olderThanMs: 30 * DAY_MS,
                newerThanMs: null,
              },
              mostRecent: null,
            },
          ]),
          cleanupDryRun: false,
          scanning: { config: null, state: 'SCANNING_DISABLED', reason: null },
          sizeBytes: known(475_091_591),
          createdMs,
          updatedMs: createdMs,
          labels: { env: 'default' },
        },
        {
          ...shared,
          name: 'projects/acme/locations/us-central1/repositories/hub',
          id: 'hub',
          mode: 'REMOTE_REPOSITORY',
          immutableTags: false,
          cleanupPolicies: known([]),
          cleanupDryRun: false,
          scanning: { config: null, state: null, reason: null },
          sizeBytes: unknown('the reply does not say its size'),
          createdMs: unknown('the reply has no time'),
          updatedMs: unknown('the reply has no time'),
          labels: {},
        },
      ]),
    );
  });

  it('Artifact Registry about a policy in version 3', async () => {
    const { access, urls } = await over('policy');
    await access.repositoryPolicy('projects/acme/locations/us/repositories/gcr.io');
    expect(urls()).toEqual([
      '/v1/projects/acme/locations/us/repositories/gcr.io:getIamPolicy?options.requestedPolicyVersion=3',
    ]);
  });

  it('Artifact Registry about the move from Container Registry', async () => {
    const { access } = await over('projectSettings');
    expect(await access.redirection('acme')).toEqual(known('REDIRECTION_FROM_GCR_IO_FINALIZED'));
  });

  it('Policy Analyzer, which names accounts by address and by number', async () => {
    const { access } = await over('keyActivity');
    const observed = known({ fromMs: Date.UTC(2026, 0, 1, 8), toMs: Date.UTC(2026, 10, 19, 8) });
    expect(await access.keyActivity('acme')).toEqual(
      known([
        {
          account: 'ci@acme.iam.gserviceaccount.com',
          keyId: '2f00',
          lastAuthenticatedMs: Date.UTC(2026, 10, 18, 8),
          observed,
        },
        { account: '100000000000000000001', keyId: '3f00', lastAuthenticatedMs: null, observed },
      ]),
    );
  });

  it('IAM about a role', async () => {
    const { access, urls } = await over('role');
    expect(await access.rolePermissions('projects/acme/roles/imagePromoter')).toEqual(
      known(['artifactregistry.repositories.downloadArtifacts']),
    );
    expect(urls()).toEqual(['/v1/projects/acme/roles/imagePromoter']);
  });
});
