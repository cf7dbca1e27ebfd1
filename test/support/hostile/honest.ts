import { MEDIA_TYPES } from '../../../shared/core/manifest.ts';
import { repositoriesOf, type TrueManifest, type World } from './world.ts';

/** A reply before it is put on the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** What the body is, so that a fault can be put where it means something; null where it is no matter. */
  readonly kind: 'list' | 'manifest' | null;
}

/** What an honest registry would answer in a world. `origin` is the server's own, `http://127.0.0.1:PORT`. */
export function honestReply(world: World, path: string, origin: string): Reply {
  const url = new URL(path, origin);
  if (url.pathname === '/v2/_catalog') {
    return listReply(world, url, repositoriesOf(world), (repositories) => ({ repositories }));
  }
  const rest = url.pathname.startsWith(`/v2/${world.name}/`)
    ? url.pathname.slice(`/v2/${world.name}/`.length)
    : '';
  if (rest === 'tags/list') {
    if (world.flavour === 'plain') {
      const tags = world.manifests.flatMap((one) => one.tags).sort();
      return listReply(world, url, tags, (page) => ({ name: world.name, tags: page }));
    }
    return listReply(world, url, world.manifests, (page) => ({
      child: world.below,
      manifest: Object.fromEntries(page.map((one) => [one.digest, mapEntry(one)])),
      name: world.name,
      tags: page.flatMap(({ tags }) => tags).sort(),
    }));
  }
  const child = /^([^/]+)\/tags\/list$/.exec(rest)?.[1];
  if (child !== undefined && world.below.includes(child)) return childReply(world, `${world.name}/${child}`);
  const reference = /^manifests\/(.+)$/.exec(rest)?.[1];
  const found = world.manifests.find(
    ({ digest, tags }) => digest === reference || tags.some((tag) => tag === reference),
  );
  if (reference === undefined || found === undefined) {
    const errors = [{ code: 'MANIFEST_UNKNOWN', message: `Failed to fetch "${reference}"` }];
    return { status: 404, headers: JSON_TYPE, body: JSON.stringify({ errors }), kind: null };
  }
  return {
    status: 200,
    headers: [
      ['Content-Type', found.mediaType],
      ['Docker-Content-Digest', found.digest],
    ],
    body: found.text,
    kind: 'manifest',
  };
}

/** The listing of what lies below: one tagged image, which nobody reads. */
function childReply({ flavour }: World, name: string): Reply {
  const digest = `sha256:${'a'.repeat(64)}`;
  const entry = { tag: ['v1'], mediaType: MEDIA_TYPES.dockerManifest };
  const body = {
    ...(flavour === 'google' ? { child: [], manifest: { [digest]: entry } } : {}),
    name,
    tags: ['v1'],
  };
  return { status: 200, headers: JSON_TYPE, body: JSON.stringify(body), kind: 'list' };
}

const JSON_TYPE = [['Content-Type', 'application/json']] as const;

function mapEntry(one: TrueManifest) {
  return {
    imageSizeBytes: one.mediaType === MEDIA_TYPES.ociIndex ? '0' : String(one.sizeBytes),
    mediaType: one.mediaType,
    tag: one.tags,
    timeCreatedMs: '-62135596800000',
    timeUploadedMs: String(one.uploadedAtMs),
  };
}

/** A page of a list; `last` is the count of what came before it. */
function listReply<T>(
  world: World,
  url: URL,
  entries: readonly T[],
  bodyOf: (page: readonly T[]) => Record<string, unknown>,
): Reply {
  const last = url.searchParams.get('last') ?? '0';
  if (!/^[0-9]{1,6}$/.test(last)) {
    return {
      status: 400,
      headers: JSON_TYPE,
      body: '{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}',
      kind: null,
    };
  }
  const end = Number(last) + world.pageSize;
  const target = end < entries.length ? `${url.pathname}?n=${world.pageSize}&last=${end}` : null;
  const inHeader = target !== null && world.paging !== 'next';
  const inBody = target !== null && world.paging !== 'link';
  return {
    status: 200,
    headers: [...JSON_TYPE, ...(inHeader ? [['Link', `<${target}>; rel="next"`] as const] : [])],
    body: JSON.stringify({
      ...bodyOf(entries.slice(Number(last), end)),
      ...(inBody ? { next: `${url.origin}${target}` } : {}),
    }),
    kind: 'list',
  };
}
