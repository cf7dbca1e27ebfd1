import type { Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { messageOf, WardenError } from '../../core/error.ts';
import type { Fact } from '../../core/fact.ts';
import type { PolicyProblem, PolicySet } from '../../core/policy.ts';
import { type PolicyFolder, parsePolicyFolder } from '../../core/policy-file/folder.ts';
import { FILE_BYTES_MAX } from '../../core/policy-file/limits.ts';
import { type PolicyFile, tooLargePolicyFile, unparsedPolicyFile } from '../../core/policy-file/parse.ts';
import type { PolicyReader } from '../../ports.ts';
import { decodePolicyFile } from './bytes.ts';
import { FILES_MAX, isPolicyFileName } from './file-name.ts';
import { gitRevisionOf } from './git-revision.ts';

/** Folders below folders: more is a mistake, or a circle. */
const DEPTH_MAX = 8;

function unreadable(folder: string, cause: unknown): WardenError {
  return new WardenError(
    'POLICY_SOURCE_UNREADABLE',
    `The folder of policies ${folder} can't be read: ${messageOf(cause)}. Nothing is planned without all of its files.`,
    { cause },
  );
}

/**
 * Policies from a folder on this machine: every `*.yaml` and `*.yml` in it and below it, but for names that begin
 * with a dot and for `*.test.yaml`. `_defaults.yaml` holds for the policies beside and below it. A link is followed to a
 * file inside the folder and nowhere else.
 */
export function readPolicyFolder(folder: string): PolicyReader {
  return { read: async () => parsePolicyFolder(await readPolicyFiles(folder)) };
}

/**
 * The same files as texts, for who wants to show a line of them.
 * @throws WardenError POLICY_SOURCE_UNREADABLE
 */
export async function readPolicyFiles(folder: string): Promise<PolicyFolder> {
  const unread: PolicyProblem[] = [];
  const found: { readonly file: string; readonly bytes: Uint8Array }[] = [];
  try {
    const root = await realpath(folder);
    for (const file of await filesBelow(root, isPolicyFileName)) {
      const bytes = await readPolicyBytes(root, file);
      if (bytes instanceof Uint8Array) found.push({ file, bytes });
      else unread.push(...bytes.problems);
    }
  } catch (thrown) {
    throw thrown instanceof WardenError ? thrown : unreadable(folder, thrown);
  }
  const names = found.map(({ file }) => file);
  const gitRevision: Fact<string> = await gitRevisionOf(folder, names);
  const files: PolicyFile[] = [];
  for (const { file, bytes } of found) {
    const decoded = decodePolicyFile(file, bytes, gitRevision);
    if ('text' in decoded) files.push(decoded);
    else unread.push(...decoded);
  }
  return { files, unread };
}

/**
 * The paths of the files whose name is wanted, relative to `root`, with `/` between components, sorted.
 * @throws WardenError POLICY_SOURCE_UNREADABLE
 */
export async function filesBelow(
  root: string,
  isWanted: (name: string) => boolean,
  below = '',
  depth = 0,
): Promise<string[]> {
  if (depth > DEPTH_MAX) throw unreadable(root, new Error(`folders are nested deeper than ${DEPTH_MAX}`));
  const found: string[] = [];
  const entries: Dirent[] = await readdir(join(root, below), { withFileTypes: true });
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesBelow(root, isWanted, path, depth + 1)));
    else if (isWanted(entry.name)) found.push(path);
    if (found.length > FILES_MAX) {
      throw unreadable(root, new Error(`there are more than ${FILES_MAX} policy files in it`));
    }
  }
  return found.sort();
}

/** A file's bytes, or the problem where it is not to be read. */
export async function readPolicyBytes(root: string, file: string): Promise<Uint8Array | PolicySet> {
  const path = await realpath(join(root, file));
  if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) {
    return unparsedPolicyFile(
      file,
      'POLICY_FILE',
      'The file is a link to a place outside the folder of policies, so it was not read. Copy the file here.',
    );
  }
  // Asked before it is opened: opening a pipe would wait for its other end for ever.
  const { size, ...status } = await stat(path).then((one) => ({ size: one.size, isFile: one.isFile() }));
  if (!status.isFile) {
    return unparsedPolicyFile(file, 'POLICY_FILE', 'This is no plain file, so it was not read.');
  }
  if (size > FILE_BYTES_MAX) return tooLargePolicyFile(file);
  const handle = await open(path, 'r');
  try {
    // One byte more than allowed, so that a file that has grown since is noticed and not cut.
    const buffer = new Uint8Array(FILE_BYTES_MAX + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return length > FILE_BYTES_MAX ? tooLargePolicyFile(file) : buffer.slice(0, length);
  } finally {
    await handle.close();
  }
}
