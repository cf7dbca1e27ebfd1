import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { unknown } from '../../shared/core/fact.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';

/**
 * Plans one repository of 100,000 digests and deletes all that are untagged, every second one, in one process,
 * and prints what that takes in memory: `node test/bench/sweep-memory.ts`; asserts nothing. The program is in one
 * file, as everything is deployed. The registry is a process of its own that knows no more than to list them and to
 * say yes.
 *
 * Once with V8's defaults, once with its heap held small; and, where `MEMORY_GROUP` names a memory control group of
 * this machine's that may be used for it, with V8's defaults in a group of 256 MiB, as in a container of that size.
 */
const DIGESTS = 100_000;
const PAGE = 10_000;
const RESIDENT_MIB_TARGET = 256;
const NAME = 'acme/app';

function serve(): void {
  const digests = Array.from({ length: DIGESTS }, (_, at) => sha256(`${at}`));
  const gone = new Set<string>();
  const json = (response: ServerResponse, status: number, body: unknown, link?: string): void => {
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(link === undefined ? {} : { link: `<${link}>; rel="next"` }),
    });
    response.end(JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/v2/_catalog') return json(response, 200, { repositories: [NAME] });
    if (request.method === 'DELETE') {
      gone.add(url.pathname.split('/').at(-1) ?? '');
      return json(response, 202, {});
    }
    if (!url.pathname.endsWith('/tags/list')) return json(response, 404, { errors: [] });
    const from = Number(url.searchParams.get('last') ?? 0);
    const size = Math.min(PAGE, Number(url.searchParams.get('n') ?? PAGE));
    const listed = digests.slice(from, from + size);
    const tagOf = (at: number): string[] => (at % 2 === 0 ? [`v${at}`] : []);
    const manifest = Object.fromEntries(
      listed.map((digest, at) => [
        digest,
        {
          imageSizeBytes: '50000000',
          layerId: '',
          mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
          tag: tagOf(from + at),
          timeCreatedMs: '0',
          timeUploadedMs: String(1_700_000_000_000 + from + at),
        },
      ]),
    );
    const next = from + size;
    const tags = listed.flatMap((_, at) => tagOf(from + at));
    const link = next < DIGESTS ? `/v2/${NAME}/tags/list?n=${size}&last=${next}` : undefined;
    return json(response, 200, { child: [], manifest, name: NAME, tags }, link);
  });
  server.listen(0, '127.0.0.1', () => {
    process.send?.((server.address() as AddressInfo).port);
  });
  process.on('disconnect', () => process.exit());
}

async function sweep(): Promise<void> {
  const port = Number(process.argv[3]);
  const directory = await mkdtemp(join(tmpdir(), 'gcr-warden-sweep-memory-'));
  const ledger = await openSqliteLedger(join(directory, 'ledger.sqlite'));
  const logger = { log() {} };
  const registry = openRegistry({
    credentials: fixedCredentials({}),
    clock: Date.now,
    logger,
    concurrency: 20,
    manifestCache: ledger,
  });
  let runs = 0;
  const ports = {
    registry: registry.reader,
    deleter: registry.deleter(),
    ledger,
    usage: { read: async () => ({ version: 1, answers: [] }) as const },
    clock: Date.now,
    newId: () => {
      runs += 1;
      return `run-${runs}`;
    },
    logger,
    concurrency: 20,
  };
  const text = `
apiVersion: gcr-warden/v1
policy: sweep
repositories: ["**"]
mode: enforce
limits: { digests: 1000000, share: 100%, mayEmpty: true }
delete:
  - untagged: { state: untagged }
`;
  const policies = parsePolicyFile({ file: 'sweep.yaml', text, gitRevision: unknown('a bench') });
  const residentMib = (): string => (process.resourceUsage().maxRSS / 1024).toFixed(0);
  try {
    const target = { host: `127.0.0.1:${port}`, prefix: 'acme' };
    const plan = await planTarget(ports, target, {
      policies,
      scope: 'enforced',
      trigger: 'command',
      deleting: null,
    });
    console.log(
      `planned ${plan.repositories[0]?.manifestCount} digests: at most ${residentMib()} MiB resident`,
    );
    const [result] = await applyPlan(ports, plan, {
      trigger: 'command',
      untilMs: null,
      isStopped: () => false,
      onOutcome: () => {},
      undo: false,
    });
    const labels = result?.results.map(({ outcome }) => outcomeLabel(outcome)) ?? [];
    const deleted = labels.filter((label) => label === 'deleted').length;
    console.log(
      `deleted ${deleted}, ${labels.length - deleted} otherwise (${result?.refusal ?? 'no refusal'}): at most ${residentMib()} MiB resident (target ${RESIDENT_MIB_TARGET})`,
    );
  } finally {
    await registry.close();
    await ledger.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** V8 collects when its heap is full, and by default takes for full what the machine has to spare. */
const HELD = ['--max-old-space-size=112', '--max-semi-space-size=8'];

/** Runs a sweep in a process of its own, which says when it may begin: then it is where it belongs. */
async function sweepIn(title: string, file: string, execArgv: readonly string[], group = ''): Promise<void> {
  console.log(`\n${title}`);
  const registryProcess = fork(new URL(import.meta.url), ['serve'], { execArgv: [] });
  const [port] = (await once(registryProcess, 'message')) as [number];
  // A shell that joins the group and becomes the program: the heap's limit is chosen when the program starts.
  const join = group === '' ? '' : `echo $$ > '${group}/cgroup.procs' && `;
  const child = spawn(
    'sh',
    ['-c', `${join}exec "$@"`, 'sh', process.execPath, ...execArgv, file, 'sweep', `${port}`],
    {
      stdio: 'inherit',
    },
  );
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (code !== 0) console.log(`it did not end: ${signal ?? code}`);
  registryProcess.disconnect();
}

/** Gives a control group its limit, in the words of either version. */
async function limitGroup(group: string): Promise<void> {
  const limit = `${RESIDENT_MIB_TARGET * 1024 * 1024}`;
  const name = existsSync(join(group, 'memory.max')) ? 'memory.max' : 'memory.limit_in_bytes';
  await writeFile(join(group, name), limit);
}

async function all(): Promise<void> {
  const { build } = await import('esbuild');
  const directory = await mkdtemp(join(tmpdir(), 'gcr-warden-sweep-memory-'));
  const file = join(directory, 'sweep.mjs');
  try {
    await build({
      entryPoints: [new URL(import.meta.url).pathname],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: file,
      // Only this process builds.
      external: ['esbuild'],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      logLevel: 'error',
    });
    const group = process.env['MEMORY_GROUP'] ?? '';
    if (group !== '') {
      await limitGroup(group);
      await sweepIn(`V8's defaults, in a group of ${RESIDENT_MIB_TARGET} MiB`, file, [], group);
    }
    await sweepIn(`held to ${HELD.join(' ')}`, file, HELD);
    await sweepIn("V8's defaults, on this machine", file, []);
  } finally {
    await rm(directory, { recursive: true });
  }
}

if (process.argv[2] === 'serve') serve();
else if (process.argv[2] === 'sweep') await sweep();
else await all();
