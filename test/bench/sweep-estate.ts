import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PushTarget, pushImage, pushIndex, startLocalRegistry } from '../../local/registry/index.ts';
import type { StoredManifest } from '../../shared/core/journal.ts';
import type { Descriptor } from '../../shared/core/manifest.ts';

/**
 * A registry in a process of its own, with ten repositories of 200 digests each, half of which go. It says where
 * it is, and after that answers each message with what was asked of it so far.
 *
 * `flat`: images without relations, every second one tagged. `indexes`: of 200 digests 40 are indexes with two
 * platforms each and 80 images; half of the indexes and of the images are tagged.
 */
const REPOSITORIES = 10;
const DIGESTS = 200;
const LAYER = Buffer.from('the layer that all of them share');

/** What the process is told. */
export type ToEstate = { readonly kind: 'latency'; readonly latencyMs: number } | { readonly kind: 'count' };

/** What it tells. */
export type FromEstate =
  | { readonly kind: 'ready'; readonly host: string; readonly untagged: readonly StoredManifest[] }
  | { readonly kind: 'counted'; readonly requests: Readonly<Record<string, number>> };

const [shape] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), 'gcr-warden-sweep-'));
const registry = await startLocalRegistry({ directory });
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
    if (!keep(at)) for (const manifest of [index, ...children]) going.push({ target, manifest });
  }
  for (let at = 0; at < DIGESTS - 3 * indexes; at += 1) {
    const manifest = await push(`image-${at}`, keep(at) ? [`image-${at}`] : []);
    if (!keep(at)) going.push({ target, manifest });
  }
}

await Promise.all(
  Array.from({ length: REPOSITORIES }, (_, at) => fill({ registry: registry.host, name: `acme/app-${at}` })),
);

// Asked of the registry itself, as a reader of push events does, one after the other.
const untagged: StoredManifest[] = [];
for (const { target, manifest } of going) {
  const base = `http://${registry.host}`;
  const scope = `repository:${target.name}:pull`;
  const { token } = (await (await fetch(`${base}/v2/token?scope=${scope}`)).json()) as { token: string };
  const reply = await fetch(`${base}/v2/${target.name}/manifests/${manifest.digest}`, {
    headers: { accept: manifest.mediaType, authorization: `Bearer ${token}` },
  });
  untagged.push({
    repository: `${registry.host}/${target.name}`,
    digest: manifest.digest,
    mediaType: manifest.mediaType,
    content: await reply.text(),
  });
}

process.on('message', (message: ToEstate) => {
  if (message.kind === 'latency') registry.latencyMs = message.latencyMs;
  tell({ kind: 'counted', requests: { ...registry.requests } });
});
process.on('disconnect', () => {
  void registry
    .close()
    .then(() => rm(directory, { recursive: true, force: true }))
    .then(() => process.exit());
});
tell({ kind: 'ready', host: registry.host, untagged });
