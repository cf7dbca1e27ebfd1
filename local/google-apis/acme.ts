import { acmeWarden } from './acme-warden.ts';
import type { Estate, EstateKey } from './estate.ts';

const DAY_MS = 86_400_000;

/**
 * The project acme as the usual tutorials leave it: storage.admin from the first push, a key that never
 * expires, a bucket from before the move to Artifact Registry.
 * @param nowMs what all ages are relative to
 */
export function acmeEstate(nowMs: number): Estate {
  const project = 'acme';
  const agoOf = (days: number): string => `${new Date(nowMs - days * DAY_MS).toISOString().slice(0, 19)}Z`;
  const account = (name: string): string => `${name}@${project}.iam.gserviceaccount.com`;
  const member = (name: string): string => `serviceAccount:${account(name)}`;
  const never = '9999-12-31T23:59:59Z';
  const rotated = (id: string): EstateKey => ({
    id,
    type: 'SYSTEM_MANAGED',
    origin: 'GOOGLE_PROVIDED',
    validAfter: agoOf(5),
    validBefore: agoOf(-12),
  });
  const downloaded = (id: string, days: number): EstateKey => ({
    id,
    type: 'USER_MANAGED',
    origin: 'GOOGLE_PROVIDED',
    validAfter: agoOf(days),
    validBefore: never,
  });
  return {
    projects: [
      {
        project,
        projectNumber: '123456789012',
        parent: 'folders/301',
        topics: {
          gcr: [
            {
              role: 'roles/pubsub.publisher',
              members: [
                'serviceAccount:service-123456789012@gcp-sa-artifactregistry.iam.gserviceaccount.com',
              ],
            },
          ],
        },
        clusters: [
          {
            name: 'prod',
            location: 'europe-west1',
            workloadIdentityConfig: { workloadPool: 'acme.svc.id.goog' },
            nodePools: [
              {
                name: 'default-pool',
                config: {
                  serviceAccount: account('runtime'),
                  workloadMetadataConfig: { mode: 'GKE_METADATA' },
                },
              },
            ],
          },
        ],
        redirection: 'REDIRECTION_FROM_GCR_IO_ENABLED',
        locations: ['europe-west1', 'us', 'us-central1'],
        bindings: [
          { role: 'roles/owner', members: ['user:ada@example.com'] },
          {
            role: 'roles/editor',
            members: ['serviceAccount:123456789012@cloudservices.gserviceaccount.com'],
          },
          { role: 'roles/storage.admin', members: [member('ci')] },
          {
            role: 'roles/artifactregistry.writer',
            members: [member('deployer')],
            condition: {
              title: 'until the freeze',
              expression: 'request.time < timestamp("2027-01-31T00:00:00Z")',
            },
          },
          {
            role: 'roles/artifactregistry.serviceAgent',
            members: ['serviceAccount:service-123456789012@gcp-sa-artifactregistry.iam.gserviceaccount.com'],
          },
          {
            role: 'roles/artifactregistry.reader',
            members: [member('runtime'), 'group:developers@example.com'],
          },
        ],
        accounts: [
          {
            email: account('ci'),
            uniqueId: '100000000000000000001',
            displayName: 'Builds and pushes',
            lastAuthenticated: agoOf(1),
            keys: [
              rotated('1111111111111111111111111111111111111111'),
              {
                ...downloaded('a1b2c3d4e5f60718293a4b5c6d7e8f9001122334', 412),
                lastAuthenticated: agoOf(1),
              },
            ],
          },
          {
            email: account('deployer'),
            uniqueId: '100000000000000000002',
            displayName: 'Deploys to production',
            lastAuthenticated: agoOf(30),
            bindings: [{ role: 'roles/iam.serviceAccountTokenCreator', members: [member('ci')] }],
            keys: [
              { ...downloaded('b2c3d4e5f60718293a4b5c6d7e8f900112233445', 97), lastAuthenticated: agoOf(30) },
            ],
          },
          {
            email: account('runtime'),
            uniqueId: '100000000000000000003',
            displayName: '',
            lastAuthenticated: null,
            bindings: [
              {
                role: 'roles/iam.workloadIdentityUser',
                members: ['serviceAccount:acme.svc.id.goog[prod/web]'],
              },
            ],
            keys: [
              { ...downloaded('c3d4e5f60718293a4b5c6d7e8f90011223344556', 12), lastAuthenticated: null },
              {
                id: 'd4e5f60718293a4b5c6d7e8f9001122334455667',
                type: 'USER_MANAGED',
                origin: 'USER_PROVIDED',
                validAfter: agoOf(40),
                validBefore: agoOf(-50),
              },
            ],
          },
          {
            email: account('legacy-sync'),
            uniqueId: '100000000000000000004',
            displayName: 'Copied images once',
            keys: [
              {
                ...downloaded('e5f60718293a4b5c6d7e8f900112233445566778', 731),
                disableReason: 'SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED',
              },
            ],
          },
        ],
        buckets: [
          {
            name: `artifacts.${project}.appspot.com`,
            uniformAccess: false,
            publicAccessPrevention: 'inherited',
            contents: { sizeBytes: 214_748_364_800, objects: 48_211 },
            acl: [{ entity: 'project-owners-123456789012', role: 'OWNER' }],
            defaultObjectAcl: [{ entity: 'project-owners-123456789012', role: 'OWNER' }],
            bindings: [
              {
                role: 'roles/storage.legacyBucketOwner',
                members: [`projectEditor:${project}`, `projectOwner:${project}`],
              },
              { role: 'roles/storage.legacyBucketReader', members: [`projectViewer:${project}`] },
              { role: 'roles/storage.legacyBucketWriter', members: [member('ci')] },
              { role: 'roles/storage.objectViewer', members: ['allUsers', member('runtime')] },
            ],
          },
        ],
        repositories: [
          {
            location: 'us',
            id: 'gcr.io',
            format: 'DOCKER',
            mode: 'STANDARD_REPOSITORY',
            bindings: [{ role: 'roles/artifactregistry.repoAdmin', members: [member('ci')] }],
          },
          {
            location: 'europe-west1',
            id: 'services',
            format: 'DOCKER',
            mode: 'STANDARD_REPOSITORY',
            cleanupPolicies: {
              'untagged-30d': {
                id: 'untagged-30d',
                action: 'DELETE',
                condition: { tagState: 'UNTAGGED', olderThan: '2592000s' },
              },
            },
            bindings: [{ role: `projects/${project}/roles/imagePromoter`, members: [member('deployer')] }],
          },
          {
            location: 'us-central1',
            id: 'charts',
            format: 'DOCKER',
            mode: 'STANDARD_REPOSITORY',
            bindings: [{ role: 'roles/artifactregistry.reader', members: ['allUsers'] }],
          },
          {
            location: 'us-central1',
            id: 'packages',
            format: 'NPM',
            mode: 'STANDARD_REPOSITORY',
            bindings: [],
          },
        ],
        roles: {
          [`projects/${project}/roles/imagePromoter`]: [
            'artifactregistry.repositories.downloadArtifacts',
            'artifactregistry.repositories.uploadArtifacts',
            'artifactregistry.tags.create',
          ],
        },
      },
      acmeWarden(nowMs),
    ],
    containers: [
      {
        name: 'organizations/77',
        parent: null,
        displayName: 'example.com',
        customerId: 'C01acme01',
        bindings: [{ role: 'roles/resourcemanager.organizationAdmin', members: ['user:ada@example.com'] }],
      },
      {
        name: 'folders/301',
        parent: 'organizations/77',
        displayName: 'production',
        bindings: [{ role: 'roles/artifactregistry.reader', members: ['group:oncall@example.com'] }],
      },
    ],
    groups: {
      'developers@example.com': [
        { id: 'ben@example.com', type: 'USER' },
        { id: 'oncall@example.com', type: 'GROUP' },
      ],
      'oncall@example.com': [{ id: 'ada@example.com', type: 'USER' }],
    },
  };
}
