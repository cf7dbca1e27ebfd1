const DAY_MS = 86_400_000;

/** A role with its members, as Google's policies hold it. */
export interface EstateBinding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: { readonly title: string; readonly expression: string; readonly description?: string };
}

/** A key of a service account, in Google's words. */
export interface EstateKey {
  readonly id: string;
  readonly type: 'USER_MANAGED' | 'SYSTEM_MANAGED';
  readonly origin: 'GOOGLE_PROVIDED' | 'USER_PROVIDED';
  readonly validAfter: string;
  readonly validBefore: string;
  readonly disableReason?: string;
  /** null: Policy Analyzer knows the key and has seen no use of it. Left out: it says nothing about it. */
  readonly lastAuthenticated?: string | null;
}

export interface EstateAccount {
  readonly email: string;
  readonly uniqueId: string;
  readonly displayName: string;
  readonly disabled?: boolean;
  readonly keys: readonly EstateKey[];
}

export interface EstateBucket {
  readonly name: string;
  readonly uniformAccess: boolean;
  readonly publicAccessPrevention: 'inherited' | 'enforced';
  readonly acl?: readonly { readonly entity: string; readonly role: string }[];
  readonly defaultObjectAcl?: readonly { readonly entity: string; readonly role: string }[];
  readonly bindings: readonly EstateBinding[];
}

export interface EstateRepository {
  readonly location: string;
  readonly id: string;
  readonly format: string;
  readonly mode: string;
  /** As Artifact Registry shows it; left out where there is none. */
  readonly cleanupPolicies?: Readonly<Record<string, unknown>>;
  readonly bindings: readonly EstateBinding[];
}

/** One Google Cloud project as its APIs would show it. */
export interface EstateProject {
  readonly project: string;
  /** The number that Google gave the project; its service agents are named by it. */
  readonly projectNumber: string;
  readonly redirection: string;
  readonly locations: readonly string[];
  readonly bindings: readonly EstateBinding[];
  readonly accounts: readonly EstateAccount[];
  readonly buckets: readonly EstateBucket[];
  readonly repositories: readonly EstateRepository[];
  /** Custom roles by their full name, with their permissions. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

/** All that the stand-ins know. */
export interface Estate {
  readonly projects: readonly EstateProject[];
}

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
            keys: [
              { ...downloaded('b2c3d4e5f60718293a4b5c6d7e8f900112233445', 97), lastAuthenticated: agoOf(30) },
            ],
          },
          {
            email: account('runtime'),
            uniqueId: '100000000000000000003',
            displayName: '',
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
    ],
  };
}
