import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { isDigest } from '../../core/digest.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { ImageRecords, VersionRecord } from '../../core/image-records.ts';
import type { ArtifactRegistryImage } from '../../core/reference.ts';
import type { Clock, ImageRecordReader } from '../../ports.ts';
import { type FactReads, factReads, timeOf } from './fact-reads.ts';
import { GoogleRest, path } from './rest.ts';
import { applicationDefaultToken } from './token.ts';

const VERSIONS = z.object({
  versions: z
    .array(
      z.object({
        name: z.string(),
        createTime: z.string().optional(),
        // Whatever the format of the repository has; of Docker's, the size as a text of digits.
        metadata: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .default([]),
});

const TAGS = z.object({ tags: z.array(z.object({ name: z.string(), version: z.string() })).default([]) });

/** The API's own limit. */
const PAGE_SIZE = '1000';

/** Versions and tags of images: https://cloud.google.com/artifact-registry/docs/reference/rest */
export function imageRecordReads({ all }: FactReads): ImageRecordReader {
  return {
    async imageRecords(image) {
      const versions = await all(VERSIONS, {
        api: 'artifactRegistry',
        path: packagePath(image, 'versions'),
        query: { pageSize: PAGE_SIZE, view: 'FULL' },
      });
      if (versions.kind === 'unknown') return versions;
      const tags = await all(TAGS, {
        api: 'artifactRegistry',
        path: packagePath(image, 'tags'),
        query: { pageSize: PAGE_SIZE },
      });
      if (tags.kind === 'unknown') return tags;
      return recordsOf(
        versions.value.flatMap((page) => page.versions),
        tags.value.flatMap((page) => page.tags),
      );
    },
  };
}

/** Records of images, opened. */
export interface OpenImageRecords extends ImageRecordReader {
  /** The same for one run of many: what is not read by its end, as a Unix time in milliseconds, is unknown. */
  until(endByMs: number, clock: Clock): ImageRecordReader;
  close(): Promise<void>;
}

/**
 * Opens the API with Application Default Credentials.
 * @param runEnd the end of the only run that it is opened for; null for none
 */
export function openImageRecords(runEnd: AbortSignal | null = null): OpenImageRecords {
  const rest = new GoogleRest({
    token: applicationDefaultToken(),
    ...(runEnd === null ? {} : { runEnd }),
  });
  return imageRecordsOver(rest);
}

/** @param rest is closed with it */
export function imageRecordsOver(rest: GoogleRest): OpenImageRecords {
  const reads = imageRecordReads(factReads(rest));
  return {
    ...reads,
    until: (endByMs, clock) => ({
      async imageRecords(image) {
        const over = new AbortController();
        try {
          return await Promise.race([
            reads.imageRecords(image),
            delay(Math.max(0, endByMs - clock()), unknown('the time of the run was over'), {
              signal: over.signal,
            }),
          ]);
        } finally {
          over.abort();
        }
      },
    }),
    close: () => rest.close(),
  };
}

function packagePath(image: ArtifactRegistryImage, list: 'versions' | 'tags'): string | null {
  const { project, location, repository } = image;
  // An image's name may have slashes; here it is one component, and they are escaped.
  const parent = path`/v1/projects/${project}/locations/${location}/repositories/${repository}/packages/${image.image}`;
  return parent === null ? null : `${parent}/${list}`;
}

function recordsOf(
  versions: z.infer<typeof VERSIONS>['versions'],
  tags: z.infer<typeof TAGS>['tags'],
): Fact<ImageRecords> {
  const records: VersionRecord[] = [];
  for (const { name, createTime, metadata } of versions) {
    const digest = after(name, '/versions/');
    if (!isDigest(digest)) return unknown('Artifact Registry names a version that is no sha256 digest');
    records.push({ digest, uploadedAtMs: timeOf(createTime), sizeBytes: sizeOf(metadata['imageSizeBytes']) });
  }
  const named: ImageRecords['tags'][number][] = [];
  for (const { name, version } of tags) {
    const digest = after(version, '/versions/');
    if (!isDigest(digest))
      return unknown('Artifact Registry names a tag of something that is no sha256 digest');
    named.push({ tag: after(name, '/tags/'), digest });
  }
  return known({ versions: records, tags: named });
}

/** What stands behind the last such part of a resource's name; empty where there is none. */
function after(name: string, part: string): string {
  const at = name.lastIndexOf(part);
  return at < 0 ? '' : name.slice(at + part.length);
}

/** An index weighs 0 here as in a listing, and so does what is not known: neither is taken. */
function sizeOf(text: unknown): Fact<number> {
  const isSize = typeof text === 'string' && /^[1-9][0-9]{0,14}$/.test(text);
  return isSize ? known(Number(text)) : unknown("Artifact Registry's API tells no readable size");
}
