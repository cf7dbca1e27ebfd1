import { describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/core/digest.ts';
import { type Fact, known } from '../../shared/core/fact.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { deriveHistory } from '../../shared/core/history.ts';
import { takeInventory } from '../../shared/core/inventory.ts';
import type { Listing } from '../../shared/core/listing.ts';
import { type Manifest, MEDIA_TYPES, parseManifest } from '../../shared/core/manifest.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import { NO_USAGE, NOW_MS, policy, policySet, REPOSITORY, rule } from './estate.ts';

/**
 * Documents in the shapes that each kind of artifact has: Docker's schema 2, buildx with provenance, cosign's tags
 * and its bundles as referrers, SBOMs as oras attaches them, Helm 3, and the Wasm layout of the CNCF. What they say
 * is made up.
 */
const EMPTY = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
};
const blob = (mediaType: string, name: string, size = 1_000): object => ({
  mediaType,
  digest: sha256(`blob ${name}`),
  size,
});

interface Written {
  readonly text: string;
  readonly digest: Digest;
  readonly mediaType: string;
}

function written(document: { readonly mediaType: string; readonly [key: string]: unknown }): Written {
  const text = JSON.stringify(document, null, 3);
  return { text, digest: sha256(text), mediaType: document.mediaType };
}

const point = ({ digest, mediaType, text }: Written, more: object = {}): object => ({
  mediaType,
  digest,
  size: text.length,
  ...more,
});

const docker = (name: string): Written =>
  written({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.dockerManifest,
    config: blob('application/vnd.docker.container.image.v1+json', `${name} config`),
    layers: [blob('application/vnd.docker.image.rootfs.diff.tar.gzip', `${name} layer`)],
  });
const oci = (name: string): Written =>
  written({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: blob('application/vnd.oci.image.config.v1+json', `${name} config`),
    layers: [blob('application/vnd.oci.image.layer.v1.tar+gzip', `${name} layer`)],
  });
const about = (subject: Written, artifactType: string, layer: string): Written =>
  written({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType,
    config: EMPTY,
    layers: [blob(layer, `${artifactType} of ${subject.digest}`)],
    subject: point(subject),
  });
const ociIndex = (manifests: readonly object[], more: object = {}): Written =>
  written({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests, ...more });
const platform = (architecture: string): object => ({ platform: { architecture, os: 'linux' } });

const plain = docker('plain');
const [listAmd, listArm] = [docker('list amd64'), docker('list arm64')];
const list = written({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.dockerManifestList,
  manifests: [point(listAmd, platform('amd64')), point(listArm, platform('arm64'))],
});

const built = oci('buildx amd64');
const attestation = written({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  config: blob('application/vnd.oci.image.config.v1+json', 'attestation config'),
  layers: [
    {
      ...blob('application/vnd.in-toto+json', 'provenance'),
      annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' },
    },
  ],
});
const buildx = ociIndex([
  point(built, platform('amd64')),
  point(attestation, {
    annotations: {
      'vnd.docker.reference.digest': built.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
    platform: { architecture: 'unknown', os: 'unknown' },
  }),
]);

const leaf = oci('leaf');
const inner = ociIndex([point(leaf, platform('amd64'))]);
const outer = ociIndex([point(inner)]);

const signed = oci('signed');
const cosignSignature = written({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  config: blob('application/vnd.oci.image.config.v1+json', 'signature config', 233),
  layers: [
    {
      ...blob('application/vnd.dev.cosign.simplesigning.v1+json', 'payload', 240),
      annotations: { 'dev.cosignproject.cosign/signature': 'MEUCIQDq' },
    },
  ],
});
const cosignBundle = about(
  signed,
  'application/vnd.dev.sigstore.bundle.v0.3+json',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
);
const sbom = about(signed, 'application/spdx+json', 'application/spdx+json');
const fallback = ociIndex([
  point(cosignBundle, { artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }),
  point(sbom, { artifactType: 'application/spdx+json' }),
]);

const chart = written({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  config: blob('application/vnd.cncf.helm.config.v1+json', 'chart config'),
  layers: [blob('application/vnd.cncf.helm.chart.content.v1.tar+gzip', 'chart')],
});
const wasm = written({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  config: blob('application/vnd.wasm.config.v0+json', 'wasm config'),
  layers: [blob('application/wasm', 'module')],
});
const bare = written({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  artifactType: 'application/vnd.example.report.v1',
  config: EMPTY,
  layers: [EMPTY],
});

const tagOf = ({ digest }: Written, suffix = ''): string => `${digest.replace(':', '-')}${suffix}`;

interface Kind {
  readonly title: string;
  /** What was pushed, the root first; with the tag of each, where it has one. */
  readonly pushed: readonly (readonly [Written, string | null])[];
  readonly artifactType: string | null;
}

const KINDS: readonly Kind[] = [
  // Read only where it has to be: it can point at nothing.
  { title: 'a Docker image', pushed: [[plain, 'old']], artifactType: null },
  {
    title: 'a Docker manifest list',
    pushed: [
      [list, 'old'],
      [listAmd, null],
      [listArm, null],
    ],
    artifactType: null,
  },
  {
    title: 'a buildx image with provenance',
    pushed: [
      [buildx, 'old'],
      [built, null],
      [attestation, null],
    ],
    artifactType: null,
  },
  {
    title: 'an index of an index',
    pushed: [
      [outer, 'old'],
      [inner, null],
      [leaf, null],
    ],
    artifactType: null,
  },
  {
    title: "an image with cosign's tags, a bundle and an SBOM, and their fallback index",
    pushed: [
      [signed, 'old'],
      [cosignSignature, tagOf(signed, '.sig')],
      [fallback, tagOf(signed)],
      [cosignBundle, null],
      [sbom, null],
    ],
    artifactType: 'application/vnd.oci.image.config.v1+json',
  },
  {
    title: 'a Helm chart',
    pushed: [[chart, 'old']],
    artifactType: 'application/vnd.cncf.helm.config.v1+json',
  },
  { title: 'a Wasm module', pushed: [[wasm, 'old']], artifactType: 'application/vnd.wasm.config.v0+json' },
  {
    title: 'an artifact with an empty config',
    pushed: [[bare, 'old']],
    artifactType: 'application/vnd.example.report.v1',
  },
];

const CURRENT = oci('current');

/** As the registry reader makes it: what can't have relations is not read. */
function listingOf(pushed: Kind['pushed']): Listing {
  const all = [...pushed, [CURRENT, 'current'] as const];
  const relations: Record<Digest, Fact<Manifest>> = {};
  for (const [{ digest, text, mediaType }] of all) {
    if (mediaType !== MEDIA_TYPES.dockerManifest) relations[digest] = known(parseManifest(text, null));
  }
  const manifests = all
    .map(([{ digest, mediaType }, tag]) => ({
      digest,
      tags: tag === null ? [] : [tag],
      mediaType: known(mediaType),
      sizeBytes: known(1_000),
      uploadedAtMs: known(NOW_MS - 1),
    }))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  return {
    version: 1,
    repository: REPOSITORY,
    takenAtMs: NOW_MS,
    completeness: { kind: 'complete' },
    manifests,
    relations,
  };
}

describe.each(KINDS)('$title', ({ pushed, artifactType }) => {
  const listing = listingOf(pushed);
  const history = deriveHistory(REPOSITORY, []);
  const taking = takeInventory({ listing, history, usage: NO_USAGE });
  const digests = pushed.map(([{ digest }]) => digest);
  const plan = (tag: string) =>
    planRepository({
      ...taking,
      listing,
      policies: policySet(
        policy([
          rule('delete', tag, [{ kind: 'tags', match: 'any', patterns: [{ kind: 'exact', text: tag }] }]),
          rule('delete', 'untagged', [{ kind: 'state', state: 'untagged' }]),
        ]),
      ),
      scope: 'all',
      nowMs: NOW_MS,
    });

  it('is one artifact with all that belongs to it', () => {
    const { artifacts } = taking.inventory;
    expect(artifacts).toHaveLength(2);
    const own = artifacts.find(({ root }) => root === digests[0]);
    expect(own?.members).toEqual(digests.slice(1).sort());
    expect(own?.artifactType).toEqual(known(artifactType));
    expect(own?.unreadable).toBeNull();
  });

  it('goes as a whole, each part before what it points at or is about', () => {
    const steps = plan('old').steps.flatMap((step) => (step.kind === 'delete' ? step.digest : []));
    expect([...steps].sort()).toEqual([...digests].sort());
    for (const [{ digest }] of pushed) {
      const said = listing.relations[digest];
      if (said?.kind !== 'known') continue;
      const { children, subject } = said.value;
      for (const later of [...children, ...(subject === null ? [] : [subject])]) {
        expect(steps.indexOf(digest)).toBeLessThan(steps.indexOf(later.digest));
      }
    }
  });

  it('stays as a whole, whatever is said of what has no tag', () => {
    const steps = plan('current').steps.flatMap((step) => (step.kind === 'delete' ? step.digest : []));
    expect(steps).toEqual([CURRENT.digest]);
  });
});
