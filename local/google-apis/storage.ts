import { createHash } from 'node:crypto';
import type { Estate } from './estate.ts';
import { policyJson } from './policy.ts';
import { ok, pageOf, storageProblem } from './reply.ts';
import { type GoogleApisOptions, pageMax, type Route, type StoredContent, V } from './route.ts';

/** storage.googleapis.com: the buckets of registries, and objects such as policy files. */
export const STORAGE: readonly Route[] = [
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
