import { crc32, deflateRawSync } from 'node:zlib';

/** One file of an archive. */
export interface ZipEntry {
  /** Relative, with `/` between its parts. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Limits of the format without its 64-bit extension. */
const ENTRIES_MAX = 0xffff;
const BYTES_MAX = 0xffff_ffff;

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_CENTRAL = 0x06054b50;
/** Deflate is at home in 2.0; names are UTF-8 (general purpose bit 11). */
const VERSION = 20;
const FLAGS = 0x0800;
const DEFLATE = 8;
/** The earliest date the format can write: 1980-01-01 00:00. */
const DATE = (0 << 9) | (1 << 5) | 1;
/** Made on Unix, so that the mode below is read; a regular file with mode 644. */
const MADE_BY = (3 << 8) | VERSION;
const MODE = (0o100644 << 16) >>> 0;

/**
 * Packs files into a zip archive. The same files give the same bytes, in whatever order they come and
 * whenever it is done: entries are sorted, dates and modes are fixed.
 * @throws RangeError where the format's limits are passed or two entries have one path.
 */
export function zip(entries: readonly ZipEntry[]): Uint8Array {
  if (entries.length > ENTRIES_MAX) throw new RangeError(`A zip holds at most ${ENTRIES_MAX} files.`);
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  let last: string | null = null;
  for (const { path, bytes } of sorted) {
    if (path === last) throw new RangeError(`Two files of the zip are called ${path}.`);
    last = path;
    const name = Buffer.from(path, 'utf8');
    const packed = deflateRawSync(bytes, { level: 9 });
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(VERSION, 0);
    shared.writeUInt16LE(FLAGS, 2);
    shared.writeUInt16LE(DEFLATE, 4);
    shared.writeUInt16LE(0, 6);
    shared.writeUInt16LE(DATE, 8);
    shared.writeUInt32LE(crc32(bytes), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(bytes.length, 18);
    shared.writeUInt16LE(name.length, 22);

    const local = Buffer.alloc(4);
    local.writeUInt32LE(LOCAL_HEADER, 0);
    parts.push(local, shared, name, packed);

    const before = Buffer.alloc(6);
    before.writeUInt32LE(CENTRAL_HEADER, 0);
    before.writeUInt16LE(MADE_BY, 4);
    const after = Buffer.alloc(14);
    after.writeUInt32LE(MODE, 6);
    after.writeUInt32LE(offset, 10);
    central.push(before, shared, after, name);

    offset += local.length + shared.length + name.length + packed.length;
    if (offset > BYTES_MAX) throw new RangeError('A zip holds at most 4 GiB.');
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(END_OF_CENTRAL, 0);
  end.writeUInt16LE(sorted.length, 8);
  end.writeUInt16LE(sorted.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}
