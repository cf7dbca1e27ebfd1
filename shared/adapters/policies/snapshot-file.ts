import { readFile, stat } from 'node:fs/promises';
import { messageOf, WardenError } from '../../core/error.ts';
import { parseSnapshot, SNAPSHOT_BYTES_MAX, type Snapshot } from '../../core/snapshot.ts';

/**
 * Reads a file of `gcr-warden snapshot`.
 * @throws WardenError SNAPSHOT_INVALID
 */
export async function readSnapshotFile(file: string): Promise<Snapshot> {
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > SNAPSHOT_BYTES_MAX) throw new Error(`it is larger than ${SNAPSHOT_BYTES_MAX} bytes`);
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new WardenError('SNAPSHOT_INVALID', `${file} can't be read: ${messageOf(cause)}`, { cause });
  }
  return parseSnapshot(text, file);
}
