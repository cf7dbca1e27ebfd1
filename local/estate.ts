import type { Digest } from '../shared/core/digest.ts';
import { type Descriptor, MEDIA_TYPES } from '../shared/core/manifest.ts';
import { DAY_MS } from '../shared/core/units.ts';
import { type LayerContent, type Platform, packLayer, pushImage, pushIndex } from './registry/index.ts';

/** One push of the estate, so many days ago. */
interface Push {
  readonly daysAgo: number;
  /** The repository's name. */
  readonly name: string;
  readonly tags: readonly string[];
  /** What is in it; two pushes with the same content have the same digest. */
  readonly content: string;
  /**
   * `image`: one platform. `index`: an image for each of two platforms, and the index over them.
   * `signed`: an image, with cosign's signature under its tag. `attested`: the same, with an SBOM that refers
   * to the image besides.
   */
  readonly kind: 'image' | 'index' | 'signed' | 'attested';
}

const API = 'acme/services/api';
const WEB = 'acme/services/web';
const BILLING = 'acme/services/billing';
const TOOLS = 'acme/tools/cli';
const JOBS = 'acme/jobs/nightly';
const DEMO = 'example.com/playground/demo';

function push(daysAgo: number, name: string, tags: readonly string[], kind: Push['kind'] = 'image'): Push {
  return { daysAgo, name, tags, kind, content: `${name}:${tags.join()}@${daysAgo}` };
}

/**
 * A small company: services with releases and what pull requests leave behind, a branch whose tag moves on,
 * a multi-platform index, signed images, a tool, jobs of which an old one still runs, and a domain-scoped
 * project.
 */
const PUSHES: readonly Push[] = [
  push(170, API, ['1.0.0']),
  push(140, API, ['1.1.0']),
  push(110, API, ['1.2.0']),
  push(90, API, ['1.2.1']),
  push(60, API, ['1.3.0']),
  push(35, API, ['pr-101']),
  push(24, API, ['pr-118', 'pr-118-debug']),
  push(21, API, ['1.4.0', 'stable'], 'signed'),
  push(20, API, ['main']),
  push(13, API, ['main']),
  push(6, API, ['main']),
  push(3, API, ['pr-131']),
  push(1, API, ['main']),

  push(50, WEB, ['2.0.0'], 'index'),
  push(30, WEB, ['pr-87'], 'index'),
  push(25, WEB, ['main'], 'index'),
  push(18, WEB, ['2.1.0'], 'index'),
  push(10, WEB, ['main'], 'index'),
  push(5, WEB, ['2.1.1'], 'index'),

  push(80, BILLING, ['3.1.0']),
  push(20, BILLING, ['pr-12'], 'signed'),
  push(16, BILLING, ['3.2.0'], 'attested'),
  push(9, BILLING, ['3.2.1']),
  push(2, BILLING, ['3.3.0']),

  push(120, TOOLS, ['0.9.0', 'latest']),
  push(70, TOOLS, ['latest']),
  push(40, TOOLS, ['1.0.0', 'latest']),

  push(90, JOBS, ['2026-w34']),
  push(60, JOBS, ['2026-w38']),
  push(5, JOBS, ['2026-w46']),
  push(1, JOBS, ['2026-w47']),

  push(60, DEMO, ['demo']),
  push(12, DEMO, ['tmp-alice']),
  push(9, DEMO, ['demo']),
  push(2, DEMO, ['tmp-bob']),
];

/** The image of the estate that a cluster still runs, although newer ones were pushed. */
const RUNNING = { name: JOBS, tag: '2026-w34' } as const;

const PLATFORMS: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
];

export interface Estate {
  /** Images and indexes pushed; their children, signatures and SBOMs not counted. */
  readonly pushed: number;
  readonly repositories: number;
  /** What `kubectl get pods --all-namespaces --output json` would answer. */
  readonly pods: string;
}

/**
 * Pushes the estate over HTTP as a client would.
 * @param registry `localhost:PORT`
 * @param setNow tells the registry's clock to stand at a time
 */
export async function pushEstate(
  registry: string,
  nowMs: number,
  setNow: (atMs: number) => void,
): Promise<Estate> {
  const pods: unknown[] = [];
  for (const one of [...PUSHES].sort((a, b) => b.daysAgo - a.daysAgo)) {
    setNow(nowMs - one.daysAgo * DAY_MS);
    const pushed = await pushOne(registry, one);
    if (one.name === RUNNING.name && one.tags.includes(RUNNING.tag))
      pods.push(pod(registry, one, pushed.digest));
  }
  return {
    pushed: PUSHES.length,
    repositories: new Set(PUSHES.map(({ name }) => name)).size,
    pods: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }),
  };
}

async function pushOne(registry: string, { name, tags, kind, content }: Push): Promise<Descriptor> {
  const target = { registry, name };
  if (kind === 'index') {
    const children = await Promise.all(
      PLATFORMS.map(async (platform) => {
        const image = {
          ...target,
          tags: [],
          layers: layersOf(`${content} ${platform.architecture}`),
          config: platform,
        };
        return { ...(await pushImage(image)), platform };
      }),
    );
    return pushIndex({ ...target, tags, children });
  }
  const image = await pushImage({ ...target, tags, layers: layersOf(content) });
  if (kind === 'image') return image;
  await pushSignature(target, image);
  if (kind === 'attested') await pushSbom(target, image);
  return image;
}

/** Every image of a repository stands on the same base layer, as real ones do. */
function layersOf(content: string): LayerContent[] {
  const base = packLayer([{ path: 'etc/os-release', content: `ID=acme\n${'base '.repeat(4000)}` }]);
  const size = 2000 + ([...content].reduce((sum, character) => sum + character.charCodeAt(0), 0) % 7000);
  return [base, packLayer([{ path: 'srv/app', content: `${content}\n`.padEnd(size, '.') }])];
}

/** A signature as cosign stores it: an image under the tag `sha256-….sig`. */
async function pushSignature(target: { registry: string; name: string }, image: Descriptor): Promise<void> {
  const payload = JSON.stringify({
    critical: { image: { 'docker-manifest-digest': image.digest }, type: 'cosign container image signature' },
  });
  await pushImage({
    ...target,
    tags: [`${image.digest.replace(':', '-')}.sig`],
    layers: [{ bytes: Buffer.from(payload), mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' }],
  });
}

/** A bill of materials that refers to its image by OCI 1.1's `subject`. */
async function pushSbom(target: { registry: string; name: string }, image: Descriptor): Promise<void> {
  await pushImage({
    ...target,
    tags: [],
    artifactType: 'application/spdx+json',
    subject: { ...image, mediaType: MEDIA_TYPES.ociManifest },
    layers: [
      {
        bytes: Buffer.from(JSON.stringify({ spdxVersion: 'SPDX-2.3', name: target.name })),
        mediaType: 'application/spdx+json',
      },
    ],
  });
}

function pod(registry: string, { name, tags }: Push, digest: Digest): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'data', name: 'nightly-28714' },
    spec: { containers: [{ name: 'nightly', image: `${registry}/${name}:${tags[0]}` }] },
    status: { containerStatuses: [{ name: 'nightly', imageID: `${registry}/${name}@${digest}` }] },
  };
}
