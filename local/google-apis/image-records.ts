import { type ok, pageOf, problem } from './reply.ts';
import { pageMax, type Request, type Route, V } from './route.ts';

/** One image as Artifact Registry's API tells of it. */
export interface StandInImage {
  /** By digest: when it was uploaded (RFC 3339), and its size as a text of digits. */
  readonly versions: Readonly<
    Record<string, { readonly createTime: string; readonly imageSizeBytes?: string }>
  >;
  /** By tag: its digest. */
  readonly tags: Readonly<Record<string, string>>;
}

const PACKAGE = `/v1/projects/${V}/locations/${V}/repositories/${V}/packages/${V}`;

/** artifactregistry.googleapis.com: the versions and tags of images, which in its words are packages. */
export const IMAGE_RECORDS: readonly Route[] = [
  {
    name: 'versions',
    method: 'GET',
    pattern: new RegExp(`^${PACKAGE}/versions$`),
    permission: 'artifactregistry.versions.list',
    subjects: (values) => [nameOf(values), 'artifactregistry'],
    reply: (request) =>
      ofImage(request, ({ versions }, name) => {
        const isFull = request.query.get('view') === 'FULL';
        const items = Object.entries(versions).map(([digest, { createTime, imageSizeBytes }]) => ({
          name: `${name}/versions/${digest}`,
          createTime,
          updateTime: createTime,
          // Only the full view has what the format of the repository adds.
          ...(isFull
            ? { metadata: { name: `${name}/versions/${digest}`, imageSizeBytes: imageSizeBytes ?? '0' } }
            : {}),
        }));
        return pageOf('versions', items, request.query, pageMax(request));
      }),
  },
  {
    name: 'tags',
    method: 'GET',
    pattern: new RegExp(`^${PACKAGE}/tags$`),
    permission: 'artifactregistry.tags.list',
    subjects: (values) => [nameOf(values), 'artifactregistry'],
    reply: (request) =>
      ofImage(request, ({ tags }, name) => {
        const items = Object.entries(tags).map(([tag, digest]) => ({
          name: `${name}/tags/${tag}`,
          version: `${name}/versions/${digest}`,
        }));
        return pageOf('tags', items, request.query, pageMax(request));
      }),
  },
];

/** The name of a package as its replies have it: slashes in an image stay escaped. */
function nameOf([project = '', location = '', repository = '', image = '']: readonly string[]): string {
  return `projects/${project}/locations/${location}/repositories/${repository}/packages/${encodeURIComponent(image)}`;
}

function ofImage(request: Request, reply: (image: StandInImage, name: string) => ReturnType<typeof ok>) {
  const name = nameOf(request.values);
  const image = request.options.images?.[name];
  return image === undefined
    ? problem(404, 'NOT_FOUND', 'Requested entity was not found.')
    : reply(image, name);
}
