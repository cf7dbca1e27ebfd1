import { request } from 'undici';
import { messageOf, WardenError } from '../../core/error.ts';
import {
  type ArtifactRegistryImage,
  artifactRegistryImage,
  isLoopback,
  type Repository,
} from '../../core/reference.ts';
import type { TagKeeper } from '../../ports.ts';
import { openDispatcher } from '../http/dispatcher.ts';
import { proxyIn } from '../http/proxy.ts';
import { path } from './rest.ts';
import { applicationDefaultToken, type TokenSource } from './token.ts';

const ORIGIN = 'https://artifactregistry.googleapis.com';
const DEADLINE_MS = 20_000;
const BODY_BYTES_MAX = 64 * 1024;

export interface TagKeeperOptions {
  readonly token: TokenSource;
  /** An origin on this machine that stands in for Artifact Registry's. */
  readonly endpoint?: string;
  /** What a repository is called in Artifact Registry; Google's own hosts where it is left out. */
  readonly imageOf?: (repository: Repository) => ArtifactRegistryImage | null;
}

/**
 * Puts tags back with Artifact Registry's `tags.create`, which refuses a tag that is there: a push that came
 * later is never overturned. The account needs `artifactregistry.tags.create`.
 * https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.packages.tags/create
 * @throws WardenError GOOGLE_ENDPOINT_REFUSED where the endpoint is not on this machine
 */
export function createTagKeeper(options: TagKeeperOptions): TagKeeper & { close(): Promise<void> } {
  const { token, endpoint = ORIGIN, imageOf = artifactRegistryImage } = options;
  if (endpoint !== ORIGIN && !isLoopback(new URL(endpoint).host)) {
    throw new WardenError('GOOGLE_ENDPOINT_REFUSED', `${endpoint} is no stand-in on this machine.`);
  }
  const agent = openDispatcher({ requestsPerHost: 2, proxy: proxyIn(process.env) });
  return {
    keeps: (repository) => imageOf(repository) !== null,
    async createTag(repository, tag, digest) {
      const image = imageOf(repository);
      const parent =
        image === null
          ? null
          : path`projects/${image.project}/locations/${image.location}/repositories/${image.repository}/packages/${image.image}`;
      if (parent === null)
        throw refused(`${repository.host}/${repository.name} is no image of Artifact Registry`);
      const url = `${endpoint}/v1/${parent}/tags?tagId=${encodeURIComponent(tag)}`;
      const name = `${parent}/tags/${tag}`;
      const authorization = `Bearer ${await token()}`;
      let status: number;
      try {
        const reply = await request(url, {
          dispatcher: agent,
          method: 'POST',
          signal: AbortSignal.timeout(DEADLINE_MS),
          headers: { authorization, 'content-type': 'application/json', 'accept-encoding': 'identity' },
          body: JSON.stringify({ name, version: `${parent}/versions/${digest}` }),
        });
        await reply.body.dump({ limit: BODY_BYTES_MAX });
        status = reply.statusCode;
      } catch (problem) {
        throw refused(`it did not answer (${messageOf(problem)})`);
      }
      if (status === 409) return 'exists';
      if (status === 200) return 'created';
      throw refused(`it answered with HTTP ${status}`);
    },
    close: () => agent.close(),
  };
}

/** Opens it with Application Default Credentials. */
export function openTagKeeper(): TagKeeper & { close(): Promise<void> } {
  return createTagKeeper({ token: applicationDefaultToken() });
}

function refused(why: string): WardenError {
  return new WardenError(
    'TAG_NOT_RESTORED',
    `Artifact Registry did not make the tag: ${why}. Make it by hand, unless somebody has pushed it since.`,
  );
}
