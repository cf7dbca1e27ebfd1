/**
 * The distribution specification's own suite against the local registry, as Google and as plain distribution:
 * `npm run conformance:registry -- PROGRAM`, where PROGRAM is the suite, built (CONTRIBUTING.md). Ends with 1
 * where it fails.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const SUITE_MS = 300_000;

const [program] = process.argv.slice(2);
if (program === undefined) {
  console.error('Name the suite: npm run conformance:registry -- /path/to/conformance');
  process.exit(2);
}

/** Runs the suite against a registry in a thread of its own, for the suite is waited for. */
async function conforms(suite: string, guard: 'google' | 'plain'): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'oci-conformance-'));
  const worker = new Worker(new URL('./registry-thread.ts', import.meta.url), {
    workerData: { directory: join(folder, 'registry'), guard },
  });
  try {
    const host = await new Promise<string>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const { status } = spawnSync(suite, [], {
      env: {
        ...process.env,
        OCI_REGISTRY: host,
        OCI_TLS: 'disabled',
        OCI_RESULTS_DIR: folder,
        // This registry knows sha256 only, and the specification asks for no more.
        OCI_DATA_SHA512: 'false',
      },
      stdio: 'ignore',
      timeout: SUITE_MS,
    });
    const results = await readFile(join(folder, 'junit.xml'), 'utf8');
    const counts = /<testsuites [^>]*>/.exec(results)?.[0] ?? 'no results';
    console.log(`${guard}: ${counts}`);
    return status === 0;
  } finally {
    await worker.terminate();
    await rm(folder, { recursive: true, force: true });
  }
}

const google = await conforms(program, 'google');
const plain = await conforms(program, 'plain');
process.exitCode = google && plain ? 0 : 1;
