import { WardenError } from '../../shared/core/error.ts';

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
