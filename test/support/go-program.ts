import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Programs of go-containerregistry that tests talk to; this version of them and no other. */
const VERSION = 'v0.21.3';
const PACKAGES = {
  crane: 'github.com/google/go-containerregistry/cmd/crane',
  'ggcr-registry': 'github.com/google/go-containerregistry/cmd/registry',
} as const;

export type GoProgram = keyof typeof PACKAGES;

/** A cold build takes a minute on a slow machine; a network that never answers has to end too. */
const BUILD_MS = 240_000;

export function isGoProgram(name: string): name is GoProgram {
  return Object.hasOwn(PACKAGES, name);
}

/**
 * Where a program is, built with `go install` the first time and kept in the user's cache folder; or, as
 * `missing`, why it can't be had. Two processes that build at once build twice, and the last rename wins: the
 * files are the same, and a name never leads to half a program.
 */
export function goProgram(name: GoProgram): { readonly path: string } | { readonly missing: string } {
  const folder = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'gcr-warden-tests',
    `go-containerregistry-${VERSION}`,
  );
  const path = join(folder, name);
  if (existsSync(path)) return { path };
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return { missing: 'go not installed' };
  mkdirSync(folder, { recursive: true });
  const building = mkdtempSync(join(folder, 'build-'));
  try {
    const { status, stderr } = spawnSync('go', ['install', `${PACKAGES[name]}@${VERSION}`], {
      cwd: building,
      env: { ...process.env, GOBIN: building, GOFLAGS: '-mod=mod' },
      encoding: 'utf8',
      timeout: BUILD_MS,
    });
    if (status !== 0) return { missing: `${name} could not be built: ${lastLineOf(stderr)}` };
    renameSync(join(building, PACKAGES[name].split('/').at(-1) ?? name), path);
    return { path };
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

function lastLineOf(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
