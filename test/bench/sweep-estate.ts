import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PushTarget, pushImage, pushIndex, startLocalRegistry } from '../../local/registry/index.ts';
import type { StoredManifest } from '../../shared/core/journal.ts';
import type { Descriptor } from '../../shared/core/manifest.ts';

/**
 * A registry in a process of its own, with ten repositories of 200 digests each, half of which go. It says where
 * it is, and after that answers each message with what was asked of it so far. Whoever sweeps it is logged in with
 * Google's kind of access token.
 *
 * `flat`: images without relations, every second one tagged. `indexes`: of 200 digests 40 are indexes with two
 * platforms each and 80 images; half of the indexes and of the images are tagged.
 */
const REPOSITORIES = 10;
const DIGESTS = 200;
const LAYER = Buffer.from('the layer that all of them share');

/** What the process is told: to put back what was deleted, and be as slow as this; or to count. */
export type ToEstate = { readonly kind: 'restore'; readonly latencyMs: number } | { readonly kind: 'count' };

/** What was asked of it so far, and how long all of that took until it was answered. */
export interface Counted {
  readonly kind: 'counted';
  readonly requests: Readonly<Record<string, number>>;
  readonly answeredAfterMs: number;
}

/** What it tells. */
export type FromEstate =
  | {
      readonly kind: 'ready';
      readonly host: string;
      /** What lets everybody in who speaks to it. */
      readonly accessToken: string;
      readonly untagged: readonly StoredManifest[];
    }
  | Counted;

const [shape] = process.argv.slice(2);
const credential = { username: 'oauth2accesstoken', password: 'bench' };
const directory = await mkdtemp(join(tmpdir(), 'gcr-warden-sweep-'));
const registry = await startLocalRegistry({ directory, credentials: [credential] });
const tell = (message: FromEstate): void => {
  process.send?.(message);
};

const going: { readonly target: PushTarget; readonly manifest: Descriptor }[] = [];

async function fill(target: PushTarget): Promise<void> {
  const push = async (name: string, tags: readonly string[]): Promise<Descriptor> => {
    const labels = { name: `${target.name}/${name}` };
    return await pushImage({
      ...target,
      tags,
      layers: [{ bytes: LAYER }],
      config: { labels },
      format: 'docker',
    });
  };
  const keep = (at: number): boolean => at % 2 === 0;
  const indexes = shape === 'indexes' ? DIGESTS * 0.2 : 0;
  for (let at = 0; at < indexes; at += 1) {
    const children = [await push(`amd64-${at}`, []), await push(`arm64-${at}`, [])];
    const tags = keep(at) ? [`index-${at}`] : [];
    const index = await pushIndex({ ...target, tags, children, format: 'docker' });
    // In the order in which they can be put back.
    if (!keep(at)) for (const manifest of [...children, index]) going.push({ target, manifest });
  }
  for (let at = 0; at < DIGESTS - 3 * indexes; at += 1) {
    const manifest = await push(`image-${at}`, keep(at) ? [`image-${at}`] : []);
    if (!keep(at)) going.push({ target, manifest });
  }
}

await Promise.all(
  Array.from({ length: REPOSITORIES }, (_, at) =>
    fill({ registry: registry.host, name: `acme/app-${at}`, credential }),
  ),
);

const authorization = `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;

/** The place of a manifest. */
function urlOf(target: PushTarget, { digest }: { readonly digest: string }): string {
  return `http://${registry.host}/v2/${target.name}/manifests/${digest}`;
}

// Asked of the registry itself, as a reader of push events does, one after the other.
const untagged: StoredManifest[] = [];
for (const { target, manifest } of going) {
  const reply = await fetch(urlOf(target, manifest), {
    headers: { accept: manifest.mediaType, authorization },
  });
  untagged.push({
    repository: `${registry.host}/${target.name}`,
    digest: manifest.digest,
    mediaType: manifest.mediaType,
    content: await reply.text(),
  });
}

/** Puts back what was deleted: children before the indexes that name them. */
async function restore(): Promise<void> {
  registry.latencyMs = 0;
  for (const [at, { target, manifest }] of going.entries()) {
    const reply = await fetch(urlOf(target, manifest), {
      method: 'PUT',
      headers: { 'content-type': manifest.mediaType, authorization },
      body: untagged[at]?.content ?? '',
    });
    await reply.body?.cancel();
    if (reply.status !== 201) throw new Error(`${manifest.digest} was not put back: ${reply.status}`);
  }
}

async function answer(message: ToEstate): Promise<void> {
  if (message.kind === 'restore') {
    await restore();
    registry.latencyMs = message.latencyMs;
  }
  const { requests, answeredAfterMs } = registry;
  tell({ kind: 'counted', requests: { ...requests }, answeredAfterMs });
}

process.on('message', (message: ToEstate) => void answer(message));
process.on('disconnect', () => {
  void registry
    .close()
    .then(() => rm(directory, { recursive: true, force: true }))
    .then(() => process.exit());
});
tell({ kind: 'ready', host: registry.host, accessToken: credential.password, untagged });
