import { isDigest } from '../../shared/core/digest.ts';
import { ok, problem } from './reply.ts';
import { type Route, V } from './route.ts';

/**
 * artifactregistry.googleapis.com: `projects.locations.repositories.packages.tags.create`, which never overwrites.
 * https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.packages.tags/create
 */
export const TAG_CREATION: readonly Route[] = [
  {
    name: 'tags',
    method: 'POST',
    pattern: new RegExp(`^/v1/projects/${V}/locations/${V}/repositories/${V}/packages/${V}/tags$`),
    permission: 'artifactregistry.tags.create',
    subjects: () => ['artifactregistry.tags.create', 'artifactregistry'],
    reply({ values, query, body, options }) {
      const [project = '', location = '', repository = '', image = ''] = values;
      const tag = query.get('tagId');
      const { version = '' } = JSON.parse(body) as { version?: string };
      const name = `projects/${project}/locations/${location}/repositories/${repository}/packages/${encodeURIComponent(image)}`;
      const digest = version.slice(`${name}/versions/`.length);
      if (tag === null || !version.startsWith(`${name}/versions/`) || !isDigest(digest)) {
        return problem(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.');
      }
      const made = options.createTag?.(`${project}/${repository}/${image}`, tag, digest) ?? 'absent';
      if (made === 'exists') return problem(409, 'ALREADY_EXISTS', 'Requested entity already exists');
      if (made === 'absent') return problem(404, 'NOT_FOUND', 'Requested entity was not found.');
      return ok({ name: `${name}/tags/${tag}`, version });
    },
  },
];
