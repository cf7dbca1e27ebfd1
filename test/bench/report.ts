/**
 * What the page of a repository of 100,000 artifacts costs: CPU of this process, beside reading the same record
 * and nothing else; and, where there is a chromium, how long it takes a browser to open it, beside the page of a
 * repository of 100. `node test/bench/report.ts`
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportHandler } from '../../functions/handlers/report.ts';
import { serveFunction } from '../../local/function-server.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { artifactNote } from '../../shared/core/artifact-note.ts';
import { known } from '../../shared/core/fact.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { takeInventory } from '../../shared/core/inventory.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { takeSample } from '../../shared/core/repository-sample.ts';
import type { Ledger } from '../../shared/ports.ts';
import { startChromium } from '../support/chromium.ts';
import { benchRepository, historyOf, NOW_MS } from './repository.ts';

const ARTIFACTS = 100_000;
const ROUNDS = 7;

const policies = parsePolicyFile({
  file: 'services.yaml',
  gitRevision: known('bench'),
  text: `apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
mode: enforce
keep:
  - releases: { tags: { semver: ">=0.0.0" }, newest: 5, by: semver, per: minor }
  - running: { inUse: true }
delete:
  - untagged: { untaggedFor: 7d }
  - pull-requests: { tags: { glob: "pr-*" }, olderThan: 14d }
`,
});

async function fill(ledger: Ledger, name: string, artifacts: number): Promise<void> {
  // Each artifact of the bench's repository has 1.25 manifests.
  const made = benchRepository(name, Math.ceil(artifacts * 1.25));
  const taking = takeInventory({ listing: made.listing, history: historyOf(made), usage: made.usage });
  const plan = planRepository({ ...taking, listing: made.listing, policies, scope: 'all', nowMs: NOW_MS });
  await ledger.saveDecisions(name, {
    runId: 'run-1',
    planId: sha256('plan'),
    atMs: NOW_MS,
    policies: [],
    decisions: plan.decisions,
    notes: taking.inventory.artifacts.map((artifact, at) =>
      artifactNote(artifact, taking.graph.rootNodes[at] ?? null),
    ),
  });
  await ledger.recordSample(name, takeSample(made.listing, plan, true));
  process.stdout.write(`${name}: ${plan.decisions.length} artifacts\n`);
}

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const folder = await mkdtemp(join(tmpdir(), 'bench-report-'));
const ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'));
const [large, small] = ['europe-docker.pkg.dev/acme/large', 'europe-docker.pkg.dev/acme/small'];
await fill(ledger, large, ARTIFACTS);
await fill(ledger, small, 100);
const served = await serveFunction(
  'report',
  reportHandler({ log: () => {} }, async () => ({ ledger, clock: () => NOW_MS })),
  0,
);
const urlOf = (repository: string, more = ''): string =>
  `${served.url}?repository=${encodeURIComponent(repository)}${more}`;
const get = async (url: string): Promise<number> => (await (await fetch(url)).text()).length;

const pages = {
  'the record read, and nothing else': () => ledger.lastDecisions(large),
  'the first part': () => get(urlOf(large)),
  'the last part': () => get(urlOf(large, '&part=500')),
  'a search that finds little': () => get(urlOf(large, '&q=pr-1234')),
};
const taken = new Map<string, number[]>(Object.keys(pages).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, work] of Object.entries(pages)) taken.get(name)?.push(await cpuMs(work));
}
const base = median(taken.get('the record read, and nothing else') ?? []);
for (const [name, values] of taken) {
  const ms = median(values);
  process.stdout.write(`${name}: ${ms.toFixed(0)} ms CPU, ${(ms / base).toFixed(2)} ×\n`);
}
process.stdout.write(`the first part has ${((await get(urlOf(large))) / 1e3).toFixed(0)} kB\n`);

if (spawnSync('sh', ['-c', 'command -v chromium'], { stdio: 'ignore' }).status === 0) {
  const browser = await startChromium();
  const page = await browser.page();
  const opened = new Map<string, number[]>([
    [small, []],
    [large, []],
  ]);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [repository, values] of opened) {
      const before = performance.now();
      await page.open(urlOf(repository));
      values.push(performance.now() - before);
    }
  }
  for (const [repository, values] of opened) {
    process.stdout.write(
      `chromium opens ${repository}: median ${median(values).toFixed(0)} ms, longest ${Math.max(...values).toFixed(0)} ms\n`,
    );
  }
  await browser.close();
} else {
  process.stdout.write('chromium is not installed: no browser opened anything\n');
}
await served.close();
await ledger.close();
await rm(folder, { recursive: true, force: true });
