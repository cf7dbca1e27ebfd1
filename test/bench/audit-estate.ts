import { type Estate, type EstateProject, startGoogleApis } from '../../local/google-apis/index.ts';

/**
 * A process of its own that stands in for Google's APIs, so that its work is not counted as the audit's:
 * one project with 1,000 accounts of ten keys each and 500 repositories. It tells where it is, and on any
 * message how many requests came.
 */
const NOW_MS = Date.UTC(2026, 10, 21, 3);
const [latencyMs = '20', accountCount = '1000', repositoryCount = '500'] = process.argv.slice(2);

const bindings = [
  { role: 'roles/artifactregistry.writer', members: ['serviceAccount:a1@acme.iam.gserviceaccount.com'] },
  { role: 'roles/artifactregistry.reader', members: ['group:eng@example.com'] },
];
const project: EstateProject = {
  project: 'acme',
  projectNumber: '123456789012',
  parent: 'folders/301',
  redirection: 'REDIRECTION_FROM_GCR_IO_ENABLED',
  locations: ['europe-west1', 'us', 'us-central1', 'asia-east1'],
  bindings: [{ role: 'roles/owner', members: ['user:ada@example.com'] }],
  accounts: Array.from({ length: Number(accountCount) }, (_, account) => ({
    email: `a${account}@acme.iam.gserviceaccount.com`,
    uniqueId: String(1e20 + account),
    displayName: '',
    lastAuthenticated: '2026-11-18T08:00:00Z',
    bindings: [{ role: 'roles/iam.serviceAccountUser', members: ['user:ada@example.com'] }],
    keys: Array.from({ length: 10 }, (_each, key) => ({
      id: `${account}-${key}`,
      type: 'USER_MANAGED' as const,
      origin: 'GOOGLE_PROVIDED' as const,
      validAfter: '2026-01-01T00:00:00Z',
      validBefore: '9999-12-31T23:59:59Z',
      lastAuthenticated: '2026-11-18T08:00:00Z',
    })),
  })),
  buckets: [],
  repositories: Array.from({ length: Number(repositoryCount) }, (_, index) => ({
    location: ['europe-west1', 'us', 'us-central1', 'asia-east1'][index % 4] as string,
    id: `r${index}`,
    format: 'DOCKER',
    mode: 'STANDARD_REPOSITORY',
    bindings,
  })),
  roles: {},
};
const estate: Estate = {
  projects: [project],
  containers: [
    { name: 'organizations/77', parent: null, displayName: 'example.com', bindings: [] },
    { name: 'folders/301', parent: 'organizations/77', displayName: 'production', bindings: [] },
  ],
  groups: { 'eng@example.com': [{ id: 'ada@example.com', type: 'USER' }] },
};

const apis = await startGoogleApis({ estate, now: NOW_MS, latencyMs: Number(latencyMs) });
process.send?.({ url: apis.url });
process.on('message', () => {
  process.send?.({ requests: apis.requests, servedMs: apis.servedMs() });
});
