import type { Digest } from '../../../shared/core/digest.ts';
import { sha256 } from '../../../shared/core/hash.ts';
import { MEDIA_TYPES } from '../../../shared/core/manifest.ts';
import { type Random, randomOf } from './random.ts';

/** One manifest that truly is in the repository of a case. */
export interface TrueManifest {
  readonly digest: Digest;
  readonly text: string;
  readonly mediaType: string;
  /** Sorted. */
  readonly tags: readonly string[];
  readonly sizeBytes: number;
  readonly uploadedAtMs: number;
  readonly children: readonly Digest[];
  readonly subject: Digest | null;
}

/** What is true in one case, whatever its server says. */
export interface World {
  readonly number: number;
  /** The repository's name; it names the case. */
  readonly name: string;
  /** `google` lists manifests in a map, `plain` lists tags only. */
  readonly flavour: 'google' | 'plain';
  /** Sorted by digest. */
  readonly manifests: readonly TrueManifest[];
  /** Sorted; what lies directly below it, each a repository of one image. */
  readonly below: readonly string[];
  /** Entries on one page of any list. */
  readonly pageSize: number;
  readonly paging: 'link' | 'next' | 'both';
}

/** What the catalog names: everything that holds something. Sorted. */
export function repositoriesOf({ name, flavour, manifests, below }: World): string[] {
  const isSeen = flavour === 'google' ? manifests.length > 0 : manifests.some(({ tags }) => tags.length > 0);
  return [...(isSeen ? [name] : []), ...below.map((child) => `${name}/${child}`)];
}

/** Makes the world of a case from its number. */
export function worldOf(number: number): World {
  const random = randomOf(`world ${number}`);
  const name = `fuzz/c${number}`;
  const manifests = manifestsOf(number, random);
  return {
    number,
    name,
    flavour: random.oneIn(3) ? 'plain' : 'google',
    manifests: manifests.sort((a, b) => (a.digest < b.digest ? -1 : 1)),
    below: Array.from({ length: random.below(7) }, (_, index) => `r${index}`),
    pageSize: 1 + random.below(4),
    paging: random.pick(['link', 'next', 'both']),
  };
}

/** Images, artifacts about earlier ones, and indexes over earlier ones. */
function manifestsOf(number: number, random: Random): TrueManifest[] {
  const manifests: TrueManifest[] = [];
  const count = random.below(9);
  for (let index = 0; index < count; index += 1) {
    const earlier = manifests[random.below(manifests.length)];
    const kind =
      earlier === undefined ? 'docker' : random.pick(['docker', 'docker', 'oci', 'index', 'about']);
    const config = {
      mediaType: 'application/vnd.example.config',
      digest: sha256(`${number}/${index}`),
      size: 7,
    };
    const pointer = earlier && {
      mediaType: earlier.mediaType,
      digest: earlier.digest,
      size: Buffer.byteLength(earlier.text),
    };
    const mediaType =
      kind === 'docker'
        ? MEDIA_TYPES.dockerManifest
        : kind === 'index'
          ? MEDIA_TYPES.ociIndex
          : MEDIA_TYPES.ociManifest;
    const text = JSON.stringify({
      schemaVersion: 2,
      mediaType,
      ...(kind === 'index' ? { manifests: [pointer] } : { config, layers: [] }),
      ...(kind === 'about' ? { subject: pointer } : {}),
    });
    manifests.push({
      digest: sha256(text),
      text,
      mediaType,
      tags: Array.from({ length: random.below(3) }, (_, tag) => `v${index}.${tag}`),
      sizeBytes: 1_000 + random.below(1_000_000),
      uploadedAtMs: 1_700_000_000_000 + random.below(10_000_000),
      children: kind === 'index' && earlier ? [earlier.digest] : [],
      subject: kind === 'about' && earlier ? earlier.digest : null,
    });
  }
  return manifests.filter(
    ({ digest }, index) => manifests.findIndex((other) => other.digest === digest) === index,
  );
}
