import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { unknown } from '../../shared/core/fact.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import type { Ledger } from '../../shared/ports.ts';
import { schedule } from './realtime.ts';
import type { Counted, FromEstate, ToEstate } from './sweep-estate.ts';

/**
 * Sweeps the same registry of ten repositories with 200 digests each, half of which go, with 20 ms until each
 * answer and 20 requests at once: gcr-warden (listing, planning and applying, its ledger in a SQLite file) and,
 * where GCR_CLEANER names its binary, gcr-cleaner. All of them are logged in with the same access token of
 * Google's kind, gcr-cleaner as its Google keychain does it. The registry is a process of its own; what a sweep
 * deleted is put back before the next, and the sweeps take turns.
 * Prints and asserts nothing: `GCR_CLEANER=… node test/bench/sweep.ts [flat|indexes]`.
 */
const LATENCY_MS = 20;
const CONCURRENCY = 20;
/** Of so many sweeps the median counts. */
const ROUNDS = 5;

/** Of gcr-cleaner, measured once: where its binary is not there, these stand in. */
const KNOWN_CLEANER = { requests: 3_030, wallMs: 5_500 };

interface Estate extends Omit<Extract<FromEstate, { kind: 'ready' }>, 'kind'> {
  ask(message: ToEstate): Promise<Counted>;
  close(): Promise<void>;
}

/** What came of one sweep, as whoever swept knows it. */
interface Swept {
  /** Deletes that were answered with something else than done; null where only the registry knows. */
  readonly refused: number | null;
  readonly wallMs: number;
  readonly cpuMs: number | null;
  /** Calls that wrote the journal, and those that kept manifests; null where there is none. */
  readonly writes: { readonly journal: number; readonly undo: number } | null;
}

interface Sweep extends Swept {
  readonly requests: number;
  readonly deletes: number;
  readonly refused: number;
  /** Until the registry had answered, on the average. */
  readonly servedMs: number;
}

async function openEstate(shape: string): Promise<Estate> {
  const child = fork(new URL('sweep-estate.ts', import.meta.url), [shape]);
  schedule('registry', child.pid);
  const next = async (): Promise<FromEstate> => {
    const [message] = await once(child, 'message', { signal: AbortSignal.timeout(180_000) });
    return message as FromEstate;
  };
  const ready = await next();
  if (ready.kind !== 'ready') throw new Error('the registry did not start');
  return {
    ...ready,
    async ask(message) {
      child.send(message);
      const counted = await next();
      if (counted.kind !== 'counted') throw new Error('the registry did not count');
      return counted;
    },
    async close() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

const POLICY = `
apiVersion: gcr-warden/v1
policy: sweep
repositories: ["**"]
mode: enforce
limits: { digests: 100000, share: 100%, mayEmpty: true }
delete:
  - untagged: { state: untagged }
`;

/** Counts the calls that write. */
function counting(ledger: Ledger): {
  readonly ledger: Ledger;
  readonly writes: { journal: number; undo: number };
} {
  const writes = { journal: 0, undo: 0 };
  return {
    writes,
    ledger: {
      ...ledger,
      writeIntents: (...call) => {
        writes.journal += 1;
        return ledger.writeIntents(...call);
      },
      writeSettlements: (...call) => {
        writes.journal += 1;
        return ledger.writeSettlements(...call);
      },
      saveManifests: (...call) => {
        writes.undo += 1;
        return ledger.saveManifests(...call);
      },
    },
  };
}

type Undo = 'undo off' | 'undo on' | 'undo on, read at push';

async function sweepWithWarden(estate: Estate, undo: Undo): Promise<Swept> {
  const directory = await mkdtemp(join(tmpdir(), 'gcr-warden-sweep-ledger-'));
  const opened = await openSqliteLedger(join(directory, 'ledger.sqlite'));
  if (undo === 'undo on, read at push') await opened.saveManifests(estate.untagged, Date.now() + 86_400_000);
  const { ledger, writes } = counting(opened);
  const logger = { log() {} };
  const registry = openRegistry({
    credentials: fixedCredentials({ [estate.host]: { kind: 'oauth', accessToken: estate.accessToken } }),
    clock: Date.now,
    logger,
    concurrency: CONCURRENCY,
    manifestCache: ledger,
  });
  let count = 0;
  const ports = {
    registry: registry.reader,
    deleter: registry.deleter(),
    ledger,
    usage: { read: async () => ({ version: 1, answers: [] }) as const },
    clock: Date.now,
    newId: () => {
      count += 1;
      return `run-${count}`;
    },
    logger,
    concurrency: CONCURRENCY,
  };
  const policies = parsePolicyFile({ file: 'sweep.yaml', text: POLICY, gitRevision: unknown('a bench') });
  try {
    const startedMs = performance.now();
    const cpuBefore = process.cpuUsage();
    const target = { host: estate.host, prefix: 'acme' };
    const request = { policies, scope: 'enforced', trigger: 'command', deleting: null } as const;
    const plan = await planTarget(ports, target, request);
    const results = await applyPlan(ports, plan, {
      trigger: 'command',
      untilMs: null,
      isStopped: () => false,
      onOutcome: () => {},
      undo: undo !== 'undo off',
    });
    const wallMs = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    const labels = results.flatMap((one) => one.results.map(({ outcome }) => outcomeLabel(outcome)));
    const refused = labels.filter((label) => label !== 'deleted').length;
    const refusals = results.flatMap(({ refusal }) => refusal ?? []);
    if (refusals.length > 0) throw new Error(refusals.join('\n'));
    return { wallMs, cpuMs: (user + system) / 1_000, refused, writes };
  } finally {
    await registry.close();
    await opened.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function sweepWithCleaner(estate: Estate, binary: string): Promise<Swept> {
  const repositories = Array.from({ length: 10 }, (_, at) => [
    '-repo',
    `${estate.host}/acme/app-${at}`,
  ]).flat();
  const args = [...repositories, '-grace', '0s', '-concurrency', String(CONCURRENCY)];
  const config = await mkdtemp(join(tmpdir(), 'gcr-warden-sweep-docker-'));
  try {
    const auth = Buffer.from(`oauth2accesstoken:${estate.accessToken}`).toString('base64');
    await writeFile(join(config, 'config.json'), JSON.stringify({ auths: { [estate.host]: { auth } } }));
    const startedMs = performance.now();
    const child = spawn(binary, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DOCKER_CONFIG: config },
    });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    await once(child, 'exit');
    const wallMs = performance.now() - startedMs;
    if (child.exitCode !== 0 && stderr === '') throw new Error('gcr-cleaner said nothing and failed');
    return { wallMs, cpuMs: null, refused: null, writes: null };
  } finally {
    await rm(config, { recursive: true });
  }
}

async function measure(estate: Estate, sweep: (estate: Estate) => Promise<Swept>): Promise<Sweep> {
  const before = await estate.ask({ kind: 'restore', latencyMs: LATENCY_MS });
  const swept = await sweep(estate);
  const after = await estate.ask({ kind: 'count' });
  const grown = (key: string): number => (after.requests[key] ?? 0) - (before.requests[key] ?? 0);
  const requests = Object.keys(after.requests).reduce((sum, key) => sum + grown(key), 0);
  const deletes = grown('DELETE manifests');
  const refused = swept.refused ?? deletes - estate.untagged.length;
  const servedMs = (after.answeredAfterMs - before.answeredAfterMs) / requests;
  return { ...swept, requests, deletes, refused, servedMs };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** The sweep that took the median time. */
function middle(sweeps: readonly Sweep[]): Sweep {
  const [found] = [...sweeps].sort((a, b) => a.wallMs - b.wallMs).slice(sweeps.length >> 1);
  if (found === undefined) throw new Error('nothing was swept');
  return found;
}

const WARDENS = ['undo off', 'undo on', 'undo on, read at push'] as const satisfies readonly Undo[];

function show(name: string, sweeps: readonly Sweep[]): void {
  const { requests, deletes, refused, wallMs, cpuMs, writes, servedMs } = middle(sweeps);
  const ofLimit = (latencyMs: number): string => (wallMs / ((requests * latencyMs) / CONCURRENCY)).toFixed(2);
  const written = writes === null ? '-' : `${writes.journal} journal, ${writes.undo} for undo`;
  const cpu = cpuMs === null ? '-' : `${cpuMs.toFixed(0)} ms`;
  console.log(
    `${name.padEnd(33)} ${String(requests).padStart(8)} ${String(deletes).padStart(8)} ${String(refused).padStart(8)} ${(wallMs / 1_000).toFixed(2).padStart(6)}s ${ofLimit(LATENCY_MS).padStart(8)} x ${servedMs.toFixed(1).padStart(6)} ms ${ofLimit(servedMs).padStart(7)} x ${cpu.padStart(9)}  ${written}`,
  );
}

const cleaner = process.env['GCR_CLEANER'] ?? '';
schedule('measured', process.pid);
const [only] = process.argv.slice(2);
for (const shape of ['flat', 'indexes'].filter((one) => only === undefined || only === one)) {
  const estate = await openEstate(shape);
  try {
    // Uncounted: compiles everything.
    await measure(estate, (one) => sweepWithWarden(one, 'undo on'));
    const theirs: Sweep[] = [];
    const ours = new Map<Undo, Sweep[]>(WARDENS.map((undo) => [undo, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      if (cleaner !== '') theirs.push(await measure(estate, (one) => sweepWithCleaner(one, cleaner)));
      for (const [undo, sweeps] of ours) {
        sweeps.push(await measure(estate, (one) => sweepWithWarden(one, undo)));
      }
    }
    console.log(`\n10 repositories of 200 digests (${shape}), ${LATENCY_MS} ms, ${CONCURRENCY} at once`);
    console.log(
      'sweep                             requests  deletes  refused    wall  of limit   served of limit       CPU  writes',
    );
    if (cleaner === '')
      console.log('gcr-cleaner, as known: 3030 requests, 5.5 s (GCR_CLEANER names no binary)');
    else show('gcr-cleaner', theirs);
    for (const [undo, sweeps] of ours) {
      show(`gcr-warden, ${undo}`, sweeps);
      // Round by round: what else the machine did then, both of them felt.
      const ratios = (of: 'requests' | 'wallMs'): number[] =>
        sweeps.map((sweep, round) => sweep[of] / (theirs[round] ?? KNOWN_CLEANER)[of]);
      console.log(
        `${' '.repeat(33)} ${median(ratios('requests')).toFixed(3)} x its requests, ${median(ratios('wallMs')).toFixed(3)} x its wall time (${ratios(
          'wallMs',
        )
          .map((ratio) => ratio.toFixed(2))
          .join(', ')})`,
      );
    }
  } finally {
    await estate.close();
  }
}
