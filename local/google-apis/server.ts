import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Estate, EstateAccount, EstateBinding, EstateKey, EstateProject } from './estate.ts';
import { type ApiReply, denied, ok, pageOf, problem, storageProblem } from './reply.ts';

/** A stored object, such as a policy file. */
export interface StoredContent {
  readonly content: string;
  /** The object's own metadata: `{"git-revision": "…"}`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface GoogleApisOptions {
  readonly estate: Estate;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** What objects are dated with, in milliseconds since 1970. */
  readonly now: number;
  /**
   * What is answered with 403: a project (all of it), a service account's email (its keys), a bucket, a
   * repository's full name (its policy), a location, a role, or one of the services below.
   */
  readonly denied?: readonly string[];
  /** Objects by bucket and name. */
  readonly objects?: Readonly<Record<string, Readonly<Record<string, StoredContent>>>>;
  /** The most items on a page, to see paging with few of them. Google's own limits by default. */
  readonly pageSizeMax?: number;
}

export interface GoogleApis {
  /** `http://127.0.0.1:PORT`, for all services alike. */
  readonly url: string;
  /** How many requests came, by method and route: `GET keys`, `POST project policy`. */
  readonly requests: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

interface Request {
  readonly estate: Estate;
  readonly options: GoogleApisOptions;
  /** The values in the path, in their order. */
  readonly values: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
}

interface Route {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Over the raw path: values are decoded one by one, as they may hold slashes. */
  readonly pattern: RegExp;
  readonly permission: string;
  /** The names that this request is refused by. */
  subjects(values: readonly string[]): readonly string[];
  reply(request: Request): ApiReply;
}

/** One value in a path. A colon that belongs to a name comes escaped; a plain one begins a verb. */
const V = '([^/:]+)';

/** Most of Google's lists have this limit. */
const PAGE_MAX = 1000;
/** https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/list */
const ACCOUNTS_PAGE_MAX = 100;
/** No request of a client of ours has more. */
const BODY_BYTES_MAX = 64 * 1024;

const ROUTES: readonly Route[] = [
  {
    name: 'accounts',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/serviceAccounts$`),
    permission: 'iam.serviceAccounts.list',
    subjects: ([project = '']) => [project, 'iam'],
    reply: (request) =>
      forProject(request, ({ project, accounts }) =>
        pageOf(
          'accounts',
          accounts.map((account) => accountJson(project, account)),
          request.query,
          Math.min(ACCOUNTS_PAGE_MAX, request.options.pageSizeMax ?? ACCOUNTS_PAGE_MAX),
        ),
      ),
  },
  {
    name: 'keys',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/serviceAccounts/${V}/keys$`),
    permission: 'iam.serviceAccountKeys.list',
    subjects: ([project = '', email = '']) => [project, email, 'iam'],
    reply: (request) =>
      forProject(request, ({ project, accounts }) => {
        const account = accounts.find(({ email }) => email === request.values[1]);
        if (account === undefined) return problem(404, 'NOT_FOUND', 'Unknown service account');
        const keys = account.keys.map((key) => keyJson(project, account, key));
        return ok(keys.length === 0 ? {} : { keys });
      }),
  },
  {
    name: 'role',
    method: 'GET',
    pattern: /^\/v1\/((?:projects|organizations)\/[^/]+\/roles\/[^/]+|roles\/[^/]+)$/,
    permission: 'iam.roles.get',
    subjects: ([role = '']) => [role, 'iam'],
    reply: ({ estate, values: [name = ''] }) => {
      const permissions = estate.projects.map(({ roles }) => roles[name]).find((each) => each !== undefined);
      if (permissions === undefined) {
        return problem(404, 'NOT_FOUND', `The role named ${name} was not found.`);
      }
      return ok({ name, stage: 'GA', includedPermissions: permissions, etag: etagOf(permissions) });
    },
  },
  {
    name: 'key activity',
    method: 'GET',
    pattern: new RegExp(
      `^/v1/projects/${V}/locations/global/activityTypes/serviceAccountKeyLastAuthentication/activities:query$`,
    ),
    permission: 'policyanalyzer.serviceAccountKeyLastAuthenticationActivities.query',
    subjects: ([project = '']) => [project, 'policyanalyzer'],
    reply: (request) =>
      forProject(request, (project) =>
        pageOf('activities', activitiesJson(project, request.options.now), request.query, pageMax(request)),
      ),
  },
  {
    name: 'project policy',
    method: 'POST',
    pattern: new RegExp(`^/v3/projects/${V}:getIamPolicy$`),
    permission: 'resourcemanager.projects.getIamPolicy',
    subjects: ([project = '']) => [project, 'cloudresourcemanager'],
    reply: (request) => {
      const version = /"requestedPolicyVersion"\s*:\s*3/.test(request.body) ? 3 : 1;
      return forProject(request, ({ bindings }) => ok(policyJson(bindings, version)));
    },
  },
  {
    name: 'project settings',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/projectSettings$`),
    permission: 'artifactregistry.projectsettings.get',
    subjects: ([project = '']) => [project, 'artifactregistry'],
    reply: (request) =>
      forProject(request, ({ project, redirection }) =>
        ok({ name: `projects/${project}/projectSettings`, legacyRedirectionState: redirection }),
      ),
  },
  {
    name: 'locations',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/locations$`),
    permission: 'artifactregistry.locations.list',
    subjects: ([project = '']) => [project, 'artifactregistry'],
    reply: (request) =>
      forProject(request, ({ project, locations }) =>
        pageOf(
          'locations',
          locations.map((locationId) => ({
            name: `projects/${project}/locations/${locationId}`,
            locationId,
          })),
          request.query,
          pageMax(request),
        ),
      ),
  },
  {
    name: 'repositories',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/locations/${V}/repositories$`),
    permission: 'artifactregistry.repositories.list',
    subjects: ([project = '', location = '']) => [project, location, 'artifactregistry'],
    reply: (request) =>
      forProject(request, (project) =>
        pageOf(
          'repositories',
          repositoriesJson(project, request.values[1] ?? ''),
          request.query,
          pageMax(request),
        ),
      ),
  },
  {
    name: 'repository policy',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/locations/${V}/repositories/${V}:getIamPolicy$`),
    permission: 'artifactregistry.repositories.getIamPolicy',
    subjects: ([project = '', location = '', id = '']) => [
      project,
      'artifactregistry',
      `projects/${project}/locations/${location}/repositories/${id}`,
    ],
    reply: (request) =>
      forProject(request, ({ repositories }) => {
        const [, location, id] = request.values;
        const found = repositories.find((each) => each.location === location && each.id === id);
        if (found === undefined) return problem(404, 'NOT_FOUND', 'Requested entity was not found.');
        const version = request.query.get('options.requestedPolicyVersion') === '3' ? 3 : 1;
        return ok(policyJson(found.bindings, version));
      }),
  },
  {
    name: 'bucket',
    method: 'GET',
    pattern: new RegExp(`^/storage/v1/b/${V}$`),
    permission: 'storage.buckets.get',
    subjects: ([bucket = '']) => [bucket, ...ownersOf(bucket), 'storage'],
    reply: ({ estate, values: [name = ''], query }) => {
      const found = bucketIn(estate, name);
      if (found === null) return storageProblem(404, 'notFound', 'The specified bucket does not exist.');
      const { bucket, project } = found;
      const enabled = bucket.uniformAccess;
      const lists =
        query.get('projection') === 'full' && !enabled
          ? { acl: bucket.acl ?? [], defaultObjectAcl: bucket.defaultObjectAcl ?? [] }
          : {};
      return ok({
        kind: 'storage#bucket',
        id: name,
        name,
        projectNumber: project.projectNumber,
        location: 'US',
        storageClass: 'STANDARD',
        timeCreated: '2019-03-04T10:12:59.596Z',
        iamConfiguration: {
          bucketPolicyOnly: { enabled },
          uniformBucketLevelAccess: { enabled },
          publicAccessPrevention: bucket.publicAccessPrevention,
        },
        ...lists,
      });
    },
  },
  {
    name: 'bucket policy',
    method: 'GET',
    pattern: new RegExp(`^/storage/v1/b/${V}/iam$`),
    permission: 'storage.buckets.getIamPolicy',
    subjects: ([bucket = '']) => [bucket, ...ownersOf(bucket), 'storage'],
    reply: ({ estate, values: [name = ''], query }) => {
      const found = bucketIn(estate, name);
      if (found === null) return storageProblem(404, 'notFound', 'The specified bucket does not exist.');
      const version = query.get('optionsRequestedPolicyVersion') === '3' ? 3 : 1;
      return ok({
        kind: 'storage#policy',
        resourceId: `projects/_/buckets/${name}`,
        ...policyJson(found.bucket.bindings, version),
      });
    },
  },
  {
    name: 'objects',
    method: 'GET',
    pattern: new RegExp(`^/storage/v1/b/${V}/o$`),
    permission: 'storage.objects.list',
    subjects: ([bucket = '']) => [bucket, 'storage'],
    reply: (request) => {
      const { options, query } = request;
      const [bucket = ''] = request.values;
      const objects = objectsOf(options, bucket);
      if (objects === null) return storageProblem(404, 'notFound', 'The specified bucket does not exist.');
      const items = Object.entries(objects)
        .filter(([name]) => name.startsWith(query.get('prefix') ?? ''))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, object]) => objectJson(bucket, name, object, options.now));
      return pageOf('items', items, query, pageMax(request));
    },
  },
  {
    name: 'object',
    method: 'GET',
    pattern: new RegExp(`^/storage/v1/b/${V}/o/${V}$`),
    permission: 'storage.objects.get',
    subjects: ([bucket = '']) => [bucket, 'storage'],
    reply: ({ options, query, values: [bucket = '', name = ''] }) => {
      const objects = objectsOf(options, bucket);
      const object = objects !== null && Object.hasOwn(objects, name) ? objects[name] : undefined;
      if (
        object === undefined ||
        (query.get('generation') ?? generationOf(object)) !== generationOf(object)
      ) {
        return storageProblem(404, 'notFound', `No such object: ${bucket}/${name}`);
      }
      return query.get('alt') === 'media'
        ? { status: 200, body: null, content: Buffer.from(object.content) }
        : ok(objectJson(bucket, name, object, options.now));
    },
  },
];

/** Starts stand-ins for the Google REST APIs that the audit and the policy reader use, all at one address. */
export async function startGoogleApis(options: GoogleApisOptions): Promise<GoogleApis> {
  const requests: Record<string, number> = {};
  const server = createServer((incoming, outgoing) => {
    answer(incoming, options, requests)
      .catch((): ApiReply => problem(500, 'INTERNAL', 'Internal error encountered.'))
      .then((reply) => send(outgoing, reply));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  incoming: IncomingMessage,
  options: GoogleApisOptions,
  requests: Record<string, number>,
): Promise<ApiReply> {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
  const body = await bodyOf(incoming);
  for (const route of ROUTES) {
    const match = route.method === incoming.method ? route.pattern.exec(url.pathname) : null;
    if (match === null) continue;
    const counted = `${route.method} ${route.name}`;
    requests[counted] = (requests[counted] ?? 0) + 1;
    if (!/^Bearer \S+$/.test(incoming.headers.authorization ?? '')) {
      return problem(401, 'UNAUTHENTICATED', 'Request is missing required authentication credential.');
    }
    const values = match.slice(1).map(decodeURIComponent);
    const refused = route.subjects(values).find((subject) => options.denied?.includes(subject));
    if (refused !== undefined) return denied(route.permission, refused);
    return route.reply({ estate: options.estate, options, values, query: url.searchParams, body });
  }
  requests['unknown'] = (requests['unknown'] ?? 0) + 1;
  return problem(404, 'NOT_FOUND', 'Method not found.');
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > BODY_BYTES_MAX) throw new Error('body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(outgoing: ServerResponse, { status, body, content }: ApiReply): void {
  const type = content === undefined ? 'application/json; charset=UTF-8' : 'application/octet-stream';
  outgoing.writeHead(status, { 'content-type': type, 'cache-control': 'private' });
  outgoing.end(content ?? JSON.stringify(body));
}

function pageMax({ options }: Request): number {
  return Math.min(PAGE_MAX, options.pageSizeMax ?? PAGE_MAX);
}

function forProject(request: Request, reply: (project: EstateProject) => ApiReply): ApiReply {
  const [name = ''] = request.values;
  const project = request.estate.projects.find((each) => each.project === name);
  // Google does not tell a project that is missing from one that the caller may not see.
  return project === undefined ? denied('resourcemanager.projects.get', `projects/${name}`) : reply(project);
}

function bucketIn(estate: Estate, name: string) {
  for (const project of estate.projects) {
    const bucket = project.buckets.find((each) => each.name === name);
    if (bucket !== undefined) return { project, bucket };
  }
  return null;
}

/** The project that a registry bucket would belong to, from its name: `us.artifacts.acme.appspot.com`. */
function ownersOf(bucket: string): readonly string[] {
  const [, project, domain] = /^(?:\w+\.)?artifacts\.([^.]+)\.(?:(.+)\.a\.)?appspot\.com$/.exec(bucket) ?? [];
  if (project === undefined) return [];
  return [domain === undefined ? project : `${domain}:${project}`];
}

function accountJson(project: string, { email, uniqueId, displayName, disabled = false }: EstateAccount) {
  return {
    name: `projects/${project}/serviceAccounts/${email}`,
    projectId: project,
    uniqueId,
    email,
    ...(displayName === '' ? {} : { displayName }),
    etag: etagOf([email]),
    ...(disabled ? { disabled } : {}),
    oauth2ClientId: uniqueId,
  };
}

function keyJson(project: string, { email }: EstateAccount, key: EstateKey) {
  return {
    name: `projects/${project}/serviceAccounts/${email}/keys/${key.id}`,
    validAfterTime: key.validAfter,
    validBeforeTime: key.validBefore,
    keyAlgorithm: 'KEY_ALG_RSA_2048',
    keyOrigin: key.origin,
    keyType: key.type,
    ...(key.disableReason === undefined ? {} : { disabled: true, disableReason: key.disableReason }),
  };
}

function activitiesJson(
  { project, projectNumber, accounts }: EstateProject,
  nowMs: number,
): readonly unknown[] {
  return accounts.flatMap(({ email, uniqueId, keys }) =>
    keys.flatMap(({ id, lastAuthenticated }) => {
      if (lastAuthenticated === undefined) return [];
      const fullResourceName = `//iam.googleapis.com/projects/${project}/serviceAccounts/${email}/keys/${id}`;
      const day = new Date(nowMs).toISOString().slice(0, 10);
      return [
        {
          fullResourceName,
          activityType: 'serviceAccountKeyLastAuthentication',
          observationPeriod: { startTime: '2026-01-01T08:00:00Z', endTime: `${day}T08:00:00Z` },
          activity: {
            ...(lastAuthenticated === null ? {} : { lastAuthenticatedTime: lastAuthenticated }),
            serviceAccountKey: { fullResourceName, projectNumber, serviceAccountId: uniqueId },
          },
        },
      ];
    }),
  );
}

function repositoriesJson({ project, repositories }: EstateProject, location: string): readonly unknown[] {
  return repositories
    .filter((each) => each.location === location)
    .map(({ id, format, mode, cleanupPolicies }) => ({
      name: `projects/${project}/locations/${location}/repositories/${id}`,
      format,
      createTime: '2024-02-18T20:07:21.078488Z',
      updateTime: '2024-02-18T20:07:21.078488Z',
      mode,
      ...(cleanupPolicies === undefined ? {} : { cleanupPolicies, cleanupPolicyDryRun: true }),
      sizeBytes: '475091591',
      vulnerabilityScanningConfig: { enablementState: 'SCANNING_DISABLED' },
    }));
}

/**
 * A policy as Google shows it: without the version that was asked for, conditions are hidden behind the
 * role's name, and without bindings there is only an etag.
 */
function policyJson(bindings: readonly EstateBinding[], requestedVersion: number) {
  const hasConditions = bindings.some(({ condition }) => condition !== undefined);
  const shown = bindings.map(({ role, members, condition }) => {
    if (condition === undefined) return { role, members };
    if (requestedVersion === 3) return { role, members, condition };
    return { role: `${role}_withcond_${hexOf(condition).slice(0, 20)}`, members };
  });
  return {
    version: hasConditions && requestedVersion === 3 ? 3 : 1,
    etag: etagOf(bindings),
    ...(shown.length > 0 ? { bindings: shown } : {}),
  };
}

function objectsOf({ objects = {} }: GoogleApisOptions, bucket: string) {
  return Object.hasOwn(objects, bucket) ? (objects[bucket] ?? null) : null;
}

function objectJson(bucket: string, name: string, object: StoredContent, nowMs: number) {
  const generation = generationOf(object);
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    name,
    bucket,
    generation,
    metageneration: '1',
    contentType: 'application/octet-stream',
    size: String(Buffer.byteLength(object.content)),
    timeCreated: new Date(nowMs).toISOString(),
    updated: new Date(nowMs).toISOString(),
    ...(object.metadata === undefined ? {} : { metadata: object.metadata }),
  };
}

/** Changes with the content, as Cloud Storage's does. */
function generationOf({ content }: StoredContent): string {
  return `1${(createHash('sha256').update(content).digest().readUInt32BE() % 1e9).toString().padStart(9, '0')}000000`;
}

function hexOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function etagOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64').slice(0, 12);
}
