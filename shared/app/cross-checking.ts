import { crossChecked } from '../core/image-records.ts';
import { type ArtifactRegistryImage, artifactRegistryImage, type Repository } from '../core/reference.ts';
import type { ImageRecordReader, RegistryReader } from '../ports.ts';

/**
 * A reader whose listings are checked against Artifact Registry's own records, see `crossChecked`. A repository
 * that is none of Artifact Registry's has no records, and its listing is what the registry said.
 */
export function crossChecking(
  reader: RegistryReader,
  records: ImageRecordReader,
  imageOf: (repository: Repository) => ArtifactRegistryImage | null = artifactRegistryImage,
): RegistryReader {
  return {
    ...reader,
    async list(repository) {
      const listing = await reader.list(repository);
      const image = imageOf(repository);
      return image === null ? listing : crossChecked(listing, await records.imageRecords(image));
    },
  };
}
