import { spawnSync } from 'node:child_process';
import { describe, it } from 'vitest';

/**
 * Programs that some tests talk to and that a newcomer need not have. Where one is missing its tests are
 * skipped by name; under `CI=true` that is a failure.
 */
export type Peer = 'skopeo' | 'docker-registry' | 'crane' | 'gcloud' | 'java' | 'terraform';

function isInstalled(peer: Peer): boolean {
  return spawnSync('sh', ['-c', `command -v ${peer}`], { stdio: 'ignore' }).status === 0;
}

/** Runs a suite that needs peers, and says which one is missing where it can't. */
export function describeWithPeers(peers: readonly Peer[], title: string, suite: () => void): void {
  const missing = peers.filter((peer) => !isInstalled(peer));
  if (missing.length === 0) {
    describe(title, suite);
    return;
  }
  const why = `not run: ${missing.join(', ')} not installed`;
  if (process.env['CI'] === 'true') {
    describe(title, () => {
      it(`needs ${missing.join(', ')} under CI=true`, () => {
        throw new Error(`${title}: ${why}`);
      });
    });
    return;
  }
  describe.skip(`${title} (${why})`, suite);
}
