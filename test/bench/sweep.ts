import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
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
import type { FromEstate, ToEstate } from './sweep-estate.ts';

/**
 * Sweeps the same registry of ten repositories with 200 digests each, half of which go, with 20 ms until each
 * answer and 20 requests at once: gcr-warden (listing, planning and applying, its ledger in a SQLite file) and,
 * where GCR_CLEANER names its binary, gcr-cleaner. The registry is a process of its own, new for each sweep.
 * Prints and asserts nothing: `GCR_CLEANER=… node test/bench/sweep.ts`.
 */
const LATENCY_MS = 20;
const CONCURRENCY = 20;
/** Of so many sweeps the median counts. */
const ROUNDS = 3;

/** Of gcr-cleaner, measured once: where its binary is not there, these stand in. */
const KNOWN_CLEANER = { requests: 3_030, wallMs: 5_500 };

interface Estate {
  readonly host: string;
  readonly untagged: Extract<FromEstate, { kind: 'ready' }>['untagged'];
  ask(message: ToEstate): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

interface Sweep {
  readonly requests: number;
  readonly deletes: number;
  /** Deletes that were answered with something else than done. */
  readonly refused: number;
  readonly wallMs: number;
  /** Calls that wrote the journal, and those that kept manifests; null where there is none. */
  readonly writes: { readonly journal: number; readonly undo: number } | null;
}

async function openEstate(shape: string): Promise<Estate> {
  const child = fork(new URL('sweep-estate.ts', import.meta.url), [shape]);
  const next = async (): Promise<FromEstate> => {
    const [message] = await once(child, 'message', { signal: AbortSignal.timeout(180_000) });
    return message as FromEstate;
  };
  const ready = await next();
  if (ready.kind !== 'ready') throw new Error('the registry did not start');
  return {
    host: ready.host,
    untagged: ready.untagged,
    async ask(message) {
      child.send(message);
      const counted = await next();
      return counted.kind === 'counted' ? counted.requests : {};
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

async function sweepWithWarden(estate: Estate, undo: Undo): Promise<Omit<Sweep, 'requests' | 'deletes'>> {
  const directory = await mkdtemp(join(tmpdir(), 'gcr-warden-sweep-ledger-'));
  const opened = await openSqliteLedger(join(directory, 'ledger.sqlite'));
  if (undo === 'undo on, read at push') await opened.saveManifests(estate.untagged);
  const { ledger, writes } = counting(opened);
  const logger = { log() {} };
  const registry = openRegistry({
    credentials: fixedCredentials({}),
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
    const labels = results.flatMap((one) => one.results.map(({ outcome }) => outcomeLabel(outcome)));
    const refused = labels.filter((label) => label !== 'deleted').length;
    const refusals = results.flatMap(({ refusal }) => refusal ?? []);
    if (refusals.length > 0) throw new Error(refusals.join('\n'));
    return { wallMs, refused, writes };
  } finally {
    await registry.close();
    await opened.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function sweepWithCleaner(
  estate: Estate,
  binary: string,
): Promise<Omit<Sweep, 'requests' | 'deletes'>> {
  const repositories = Array.from({ length: 10 }, (_, at) => [
    '-repo',
    `${estate.host}/acme/app-${at}`,
  ]).flat();
  const args = [...repositories, '-grace', '0s', '-concurrency', String(CONCURRENCY)];
  const startedMs = performance.now();
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  await once(child, 'exit');
  const wallMs = performance.now() - startedMs;
  if (child.exitCode !== 0 && stderr === '') throw new Error('gcr-cleaner said nothing and failed');
  return { wallMs, refused: Number.NaN, writes: null };
}

async function measure(
  shape: string,
  sweep: (estate: Estate) => Promise<Omit<Sweep, 'requests' | 'deletes'>>,
  roundCount = ROUNDS,
): Promise<Sweep> {
  const rounds: Sweep[] = [];
  for (let round = 0; round < roundCount; round += 1) {
    const estate = await openEstate(shape);
    try {
      const before = await estate.ask({ kind: 'latency', latencyMs: LATENCY_MS });
      const swept = await sweep(estate);
      const after = await estate.ask({ kind: 'count' });
      const grown = (key: string): number => (after[key] ?? 0) - (before[key] ?? 0);
      const requests = Object.keys(after).reduce((sum, key) => sum + grown(key), 0);
      const deletes = grown('DELETE manifests');
      const refused = Number.isNaN(swept.refused) ? deletes - estate.untagged.length : swept.refused;
      rounds.push({ ...swept, requests, deletes, refused });
    } finally {
      await estate.close();
    }
  }
  rounds.sort((a, b) => a.wallMs - b.wallMs);
  const [median] = rounds.slice(Math.floor(roundCount / 2));
  if (median === undefined) throw new Error('no round');
  return median;
}

// Uncounted: compiles everything.
await measure('flat', (estate) => sweepWithWarden(estate, 'undo on'), 1);

const cleaner = process.env['GCR_CLEANER'] ?? '';
for (const shape of ['flat', 'indexes']) {
  console.log(`\n10 repositories of 200 digests (${shape}), ${LATENCY_MS} ms, ${CONCURRENCY} at once`);
  console.log('sweep                              requests  deletes  refused    wall  of its limit  writes');
  const limitOf = ({ requests }: Sweep): number => (requests * LATENCY_MS) / CONCURRENCY;
  const show = (name: string, sweep: Sweep): void => {
    const writes =
      sweep.writes === null ? '-' : `${sweep.writes.journal} journal, ${sweep.writes.undo} for undo`;
    console.log(
      `${name.padEnd(33)} ${String(sweep.requests).padStart(9)} ${String(sweep.deletes).padStart(8)} ${String(sweep.refused).padStart(8)} ${(sweep.wallMs / 1_000).toFixed(2).padStart(6)}s ${(sweep.wallMs / limitOf(sweep)).toFixed(2).padStart(12)} x  ${writes}`,
    );
  };
  const other =
    cleaner === ''
      ? KNOWN_CLEANER
      : await measure(shape, (estate) => sweepWithCleaner(estate, cleaner)).then((sweep) => {
          show('gcr-cleaner', sweep);
          return sweep;
        });
  if (cleaner === '')
    console.log('gcr-cleaner, as known: 3030 requests, 5.5 s (GCR_CLEANER names no binary)');
  for (const undo of ['undo off', 'undo on', 'undo on, read at push'] as const) {
    const sweep = await measure(shape, (estate) => sweepWithWarden(estate, undo));
    show(`gcr-warden, ${undo}`, sweep);
    console.log(
      `${' '.repeat(33)} ${(sweep.requests / other.requests).toFixed(3)} x its requests, ${(sweep.wallMs / other.wallMs).toFixed(3)} x its wall time`,
    );
  }
}
