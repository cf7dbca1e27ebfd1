import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { messageOf, WardenError } from '../../core/error.ts';
import { unknown } from '../../core/fact.ts';
import { parsePolicyTestFile } from '../../core/policy-test/parse.ts';
import type { PolicyTest, PolicyTestProblem, PolicyTestSet } from '../../core/policy-test/policy-test.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import { decodePolicyFile } from './bytes.ts';
import { isPolicyTestFileName } from './file-name.ts';
import { filesBelow, readPolicyBytes } from './folder.ts';
import { readSnapshotFile } from './snapshot-file.ts';

/** The tests of a folder with the snapshots that they name. */
export interface PolicyTestFolder {
  readonly tests: PolicyTestSet;
  /** The snapshot that a test file names; null where it could not be read, which is among the problems. */
  readonly snapshotOf: (testFile: string, name: string) => Snapshot | null;
}

/**
 * Reads every `*.test.yaml` and `*.test.yml` in a folder and below it, and the snapshots that they name, from
 * this folder and nowhere else.
 * @throws WardenError POLICY_SOURCE_UNREADABLE
 */
export async function readPolicyTestFolder(folder: string): Promise<PolicyTestFolder> {
  const tests: PolicyTest[] = [];
  const problems: PolicyTestProblem[] = [];
  const root = await realpath(folder).catch((cause: unknown) => {
    throw new WardenError(
      'POLICY_SOURCE_UNREADABLE',
      `The folder of policy tests ${folder} can't be read: ${messageOf(cause)}.`,
      { cause },
    );
  });
  for (const file of await filesBelow(root, isPolicyTestFileName)) {
    const bytes = await readPolicyBytes(root, file);
    const found =
      bytes instanceof Uint8Array
        ? decodePolicyFile(file, bytes, unknown('tests are judged as they stand'))
        : bytes.problems;
    if ('text' in found) {
      const set = parsePolicyTestFile(found);
      tests.push(...set.tests);
      problems.push(...set.problems);
    } else {
      problems.push(
        ...found.map(({ code, line, column, message }) => ({ code, file, line, column, message })),
      );
    }
  }
  const snapshots = new Map<string, Snapshot | null>();
  for (const { inventory, place } of tests) {
    if (inventory.kind !== 'snapshot') continue;
    const path = pathOf(place.file, inventory.file);
    if (snapshots.has(path)) continue;
    try {
      snapshots.set(path, await readSnapshotBelow(root, path));
    } catch (problem) {
      snapshots.set(path, null);
      const code = problem instanceof WardenError ? problem.code : 'SNAPSHOT_INVALID';
      problems.push({ ...place, code, message: messageOf(problem) });
    }
  }
  return {
    tests: { tests, problems },
    snapshotOf: (testFile, name) => snapshots.get(pathOf(testFile, name)) ?? null,
  };
}

/** A path relative to the folder of tests, from one that is relative to a test's own. */
function pathOf(testFile: string, name: string): string {
  return `${testFile.slice(0, testFile.lastIndexOf('/') + 1)}${name}`;
}

async function readSnapshotBelow(root: string, path: string): Promise<Snapshot> {
  const real = await realpath(join(root, path)).catch(() => join(root, path));
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new WardenError('SNAPSHOT_INVALID', `${path} is a link to a place outside the folder of tests.`);
  }
  return readSnapshotFile(real);
}
