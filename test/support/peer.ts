import { spawnSync } from 'node:child_process';
import { describe, it } from 'vitest';
import { type GoProgram, goProgram, isGoProgram } from './go-program.ts';

/**
 * Programs that some tests talk to and that a newcomer need not have. Where one is missing its tests are
 * skipped by name; under `CI=true` that is a failure.
 */
export type Peer =
  | 'skopeo'
  | 'docker-registry'
  | 'gcloud'
  | 'java'
  | 'terraform'
  | 'chromium'
  | 'python3'
  | 'fish'
  | 'zsh'
  | GoProgram;

/** Why a peer can't be had, or null where it is there. Programs in Go are built where they are not there yet. */
function lackOf(peer: Peer): string | null {
  if (isGoProgram(peer)) {
    const program = goProgram(peer);
    return 'missing' in program ? program.missing : null;
  }
  const found = spawnSync('sh', ['-c', `command -v ${peer}`], { stdio: 'ignore' }).status === 0;
  return found ? null : `${peer} not installed`;
}

/** Runs a suite that needs peers, and says which one is missing where it can't. */
export function describeWithPeers(peers: readonly Peer[], title: string, suite: () => void): void {
  const missing = peers.map(lackOf).filter((lack) => lack !== null);
  if (missing.length === 0) {
    describe(title, suite);
    return;
  }
  const why = `not run: ${missing.join(', ')}`;
  if (process.env['CI'] === 'true') {
    describe(title, () => {
      it(`needs ${peers.join(', ')} under CI=true`, () => {
        throw new Error(`${title}: ${why}`);
      });
    });
    return;
  }
  describe.skip(`${title} (${why})`, suite);
}
