import { crc32 } from 'node:zlib';
import { WardenError } from '../../shared/core/error.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { LayerContent } from './image.ts';

/** A file to put into a layer. */
export interface LayerFile {
  /** Relative, with `/` between its components, at most 100 bytes: the field of the classic tar header. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

const BLOCK_BYTES = 512;
const PATH_BYTES_MAX = 100;

/**
 * Builds an uncompressed tar archive (POSIX ustar) whose bytes depend on the files alone: no times, no
 * owners, no compression whose output changes with the version of a library. Equal files, equal digest.
 * @throws WardenError LOCAL_IMAGE_INVALID
 */
export function buildLayer(files: readonly LayerFile[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const { path, content } of files) {
    const bytes = Buffer.from(content);
    blocks.push(header(path, bytes.length), bytes, Buffer.alloc(padding(bytes.length)));
  }
  // Two empty blocks end an archive.
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** The most that one stored block of deflate holds (RFC 1951, section 3.2.4). */
const STORED_BYTES_MAX = 65_535;
/** Deflate, no flags, no time, no system (RFC 1952, section 2.3). */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

/**
 * Builds a layer as builders push it: the archive in gzip, which clients expect of a layer whatever it says of
 * itself (`crane validate` unpacks every one). Its content is stored and not compressed, so that its digest
 * too depends on the files alone.
 * @throws WardenError LOCAL_IMAGE_INVALID
 */
export function packLayer(files: readonly LayerFile[]): LayerContent {
  const archive = buildLayer(files);
  const parts: Uint8Array[] = [GZIP_HEADER];
  for (let from = 0; from < archive.length; from += STORED_BYTES_MAX) {
    const stored = archive.subarray(from, from + STORED_BYTES_MAX);
    const head = Buffer.alloc(5);
    head.writeUInt8(from + stored.length === archive.length ? 1 : 0, 0);
    head.writeUInt16LE(stored.length, 1);
    head.writeUInt16LE(stored.length ^ 0xffff, 3);
    parts.push(head, stored);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(archive), 0);
  trailer.writeUInt32LE(archive.length, 4);
  return { bytes: Buffer.concat([...parts, trailer]), unpackedDigest: sha256(archive) };
}

function padding(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

function header(path: string, sizeBytes: number): Uint8Array {
  const safe = path !== '' && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (!safe || Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new WardenError(
      'LOCAL_IMAGE_INVALID',
      `${JSON.stringify(path)} can't be a file of a layer: give a relative path of at most ${PATH_BYTES_MAX} bytes.`,
    );
  }
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(path, 0);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  block.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  // The checksum is taken with its own field full of spaces.
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
