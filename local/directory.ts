import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WardenError } from '../shared/core/error.ts';

/** Says whose directory this is: the process that uses it, or nobody any more. */
const MARKER = 'local-stack.json';

/** All that a local stack leaves in its directory. */
const LEFT_BEHIND: ReadonlySet<string> = new Set([
  MARKER,
  'ledger.sqlite',
  'ledger.sqlite-shm',
  'ledger.sqlite-wal',
  'pods.json',
  'registry',
]);

function refuse(directory: string, why: string, cause?: unknown): never {
  throw new WardenError('LOCAL_DIRECTORY_REFUSED', `${directory} ${why}`, { cause });
}

/**
 * Makes the directory of a stack, empty. What an earlier stack left is emptied; one that is still running keeps
 * its own, and anything else is somebody's: it may be their home, or the ledger of a real registry.
 * @returns what gives the directory back; its files stay, to be asked about
 * @throws WardenError LOCAL_DIRECTORY_REFUSED
 */
export async function takeDirectory(directory: string): Promise<() => Promise<void>> {
  const names = await readdir(directory).catch((problem: NodeJS.ErrnoException): string[] => {
    if (problem.code === 'ENOENT') return [];
    return refuse(directory, `can't be read: ${problem.message}.`, problem);
  });
  if (names.length > 0) {
    if (!names.includes(MARKER) || !names.every((name) => LEFT_BEHIND.has(name))) {
      refuse(
        directory,
        'holds something that no local stack has left there, and would be emptied. Name another directory, or empty it yourself.',
      );
    }
    const user = await userOf(directory);
    if (user !== null && isRunning(user)) {
      refuse(
        directory,
        `is used by a local stack that is running, process ${user}. Name another one with --directory.`,
      );
    }
  }
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await writeMarker(directory, process.pid);
  return () => writeMarker(directory, null);
}

function writeMarker(directory: string, processId: number | null): Promise<void> {
  return writeFile(join(directory, MARKER), `${JSON.stringify({ processId })}\n`);
}

/** The process that wrote the marker and did not take it back; null where it did, or where that can't be read. */
async function userOf(directory: string): Promise<number | null> {
  try {
    const { processId } = JSON.parse(await readFile(join(directory, MARKER), 'utf8')) as {
      processId?: unknown;
    };
    return typeof processId === 'number' && Number.isInteger(processId) && processId > 0 ? processId : null;
  } catch {
    return null;
  }
}

/** Signal 0 is not sent; it only asks whether there is somebody to send it to. */
function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (problem) {
    // Somebody else's process may not be signalled, and is there all the same.
    return (problem as NodeJS.ErrnoException).code === 'EPERM';
  }
}
