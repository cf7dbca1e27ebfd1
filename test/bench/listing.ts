/**
 * Reading listings: `node test/bench/listing.ts`. Requests and wall time of a sweep; CPU beside `JSON.parse`;
 * memory of a 200 MB listing, beside `JSON.parse` too. The registry and whatever is measured have a process of
 * their own each. Only the ratios, and the memory, mean anything on another machine.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { createRegistryReader } from '../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { createSession } from '../../shared/adapters/registry/session.ts';
import { readTagsList } from '../../shared/adapters/registry/tags-list.ts';
import { TagsListPage } from '../../shared/adapters/registry/tags-list-page.ts';
import { createTransport } from '../../shared/adapters/registry/transport.ts';
import { mapConcurrently } from '../../shared/app/concurrency.ts';
import { listTarget } from '../../shared/app/list-target.ts';
import { type Fact, known, unknown } from '../../shared/core/fact.ts';
import type { ListedManifest } from '../../shared/core/listing.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { schedule } from './realtime.ts';
import { benchRepository } from './repository.ts';

const REPOSITORIES = 500;
const LATENCY_MS = 20;
const CONCURRENCY = 20;
const MANIFESTS = 100_000;
const ROUNDS = 9;
/** Of wall times, in turns with the bare client. */
const WALL_ROUNDS = 9;

const run = promisify(execFile);
/** Of what is built for the run. */
let directory = '';
const [part, host = ''] = process.argv.slice(2);

function open() {
  const transport = createTransport({
    clock: Date.now,
    concurrency: { global: CONCURRENCY, perHost: CONCURRENCY },
  });
  const credentials = fixedCredentials({
    [host]: { kind: 'basic', username: 'oauth2accesstoken', password: 'bench' },
  });
  return { transport, credentials, clock: Date.now };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Lists all repositories as `list` does, and prints the wall time. */
async function sweep(): Promise<void> {
  const options = open();
  const reader = createRegistryReader({ ...options, laneCount: CONCURRENCY });
  const repositories = Array.from({ length: REPOSITORIES }, (_, at) => `${host}/bench/r${at}`);
  const catalog = { completeness: { kind: 'complete' }, repositories } as const;
  const began = performance.now();
  const { listings } = await listTarget(
    { ...reader, catalog: async () => catalog },
    parseTarget(`${host}/bench`),
    CONCURRENCY,
  );
  const wallMs = performance.now() - began;
  for (const { repository, completeness, manifests } of listings) {
    if (completeness.kind === 'incomplete') throw new Error(completeness.reason);
    if (manifests.length !== 200) throw new Error(`${repository} has ${manifests.length} manifests`);
  }
  console.log(wallMs);
  await options.transport.close();
}

/** Sends what a sweep sends, in its order, and throws the answers away; prints the wall time. */
async function bare(): Promise<void> {
  const agent = new Agent({ connections: CONCURRENCY, pipelining: 1 });
  const get = async (path: string, authorization?: string): Promise<void> => {
    const headers = authorization === undefined ? {} : { authorization };
    const { body } = await request(`http://${host}${path}`, { dispatcher: agent, headers });
    await body.dump({ limit: 1e9 });
  };
  const began = performance.now();
  await get('/v2/');
  const names = Array.from({ length: REPOSITORIES }, (_, at) => `bench/r${at}`);
  await mapConcurrently(names, CONCURRENCY, async (name) => {
    await get(`/v2/token?service=${host}&scope=repository:${name}:pull`, 'Basic YTpi');
    await get(`/v2/${name}/tags/list?n=10000`, 'Bearer x');
  });
  console.log(performance.now() - began);
  await agent.close();
}

/** The text, parsed and copied into the records of a listing, in their order, as plainly as it can be done. */
function copied(text: string): ListedManifest[] {
  const { manifest } = JSON.parse(text) as {
    manifest: Record<
      `sha256:${string}`,
      { tag: string[]; mediaType: string; imageSizeBytes: string; timeUploadedMs: string }
    >;
  };
  const number = (value: string): Fact<number> => {
    const told = Number(value);
    return Number.isSafeInteger(told) ? known(told) : unknown('it is no number');
  };
  return (Object.keys(manifest) as `sha256:${string}`[])
    .map((digest) => {
      const { tag, mediaType, imageSizeBytes, timeUploadedMs } = manifest[
        digest
      ] as (typeof manifest)[typeof digest];
      return {
        digest,
        tags: tag.sort(),
        mediaType: known(mediaType),
        sizeBytes: number(imageSizeBytes),
        uploadedAtMs: number(timeUploadedMs),
      };
    })
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function read(bytes: Buffer): ListedManifest[] {
  const page = new TagsListPage();
  for (let at = 0; at < bytes.length; at += 65_536) page.write(bytes.subarray(at, at + 65_536));
  if (page.end() === null || page.told.problem !== null || page.told.contradiction() !== null) {
    throw new Error('the listing was not read');
  }
  return page.told.manifests();
}

/** CPU milliseconds of both ways to records, in turns. */
function cpu(): void {
  const bytes = Buffer.from(benchRepository('x/y', MANIFESTS).text);
  const spent = { plain: [] as number[], ours: [] as number[] };
  const take = (into: number[], work: () => readonly unknown[]): void => {
    const before = process.cpuUsage();
    if (work().length !== MANIFESTS) throw new Error('not all manifests were read');
    const { user, system } = process.cpuUsage(before);
    into.push((user + system) / 1_000);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    take(spent.plain, () => copied(bytes.toString('utf8')));
    take(spent.ours, () => read(bytes));
  }
  console.log(JSON.stringify({ plain: median(spent.plain), ours: median(spent.ours), bytes: bytes.length }));
}

/** Reads the big listing in one way, and prints what this process ever had resident. */
async function memory(way: string, name: string): Promise<void> {
  const options = open();
  let count = 0;
  if (way === 'read') {
    const session = createSession({ ...options, hosts: [], plainHttpHosts: [], rights: 'read' });
    const { told, walk } = await readTagsList(session, { host, name });
    const problem = told.problem ?? told.contradiction();
    if (walk.kind !== 'complete' || problem !== null) throw new Error(JSON.stringify({ walk, problem }));
    count = told.digests.count;
  } else if (way === 'list') {
    const { completeness, manifests } = await createRegistryReader(options).list({ host, name });
    if (completeness.kind === 'incomplete') throw new Error(completeness.reason);
    count = manifests.length;
  } else {
    const { body } = await request(`http://${host}/v2/${name}/tags/list`, {
      headers: { authorization: 'Bearer x' },
    });
    const { manifest } = (await body.json()) as { manifest: object };
    count = Object.keys(manifest).length;
  }
  await options.transport.close();
  console.log(JSON.stringify({ count, mib: process.resourceUsage().maxRSS / 1_024 }));
}

/** Runs a part of this file in a process of its own, in one file without types, as everything is deployed. */
async function inOwnProcess(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [join(directory, 'listing.mjs'), ...args]);
  return stdout.trim();
}

/** How often the server was asked what, and by how many milliseconds all its answers together were late. */
async function requestsOf(
  address: string,
): Promise<{ ping: number; token: number; page: number; lateMs: number }> {
  const { body } = await request(`http://${address}/requests`);
  const told = (await body.json()) as Record<string, number>;
  const { ping = 0, token = 0, page = 0, lateMs = 0 } = told;
  return { ping, token, page, lateMs };
}

async function all(): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    entryPoints: [new URL(import.meta.url).pathname],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(directory, 'listing.mjs'),
    // Only this process builds.
    external: ['esbuild'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  schedule('measured', process.pid);
  const server = spawn(process.execPath, [new URL('listing-server.ts', import.meta.url).pathname], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  schedule('registry', server.pid);
  try {
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const address = `127.0.0.1:${line.toString().trim()}`;

    const walls: number[] = [];
    const bareWalls: number[] = [];
    const counts = { ping: 0, token: 0, page: 0, lateMs: 0 };
    for (let round = 0; round < WALL_ROUNDS; round += 1) {
      const before = await requestsOf(address);
      walls.push(Number(await inOwnProcess('sweep', address)));
      const after = await requestsOf(address);
      for (const kind of ['ping', 'token', 'page', 'lateMs'] as const)
        counts[kind] += after[kind] - before[kind];
      bareWalls.push(Number(await inOwnProcess('bare', address)));
    }
    const perSweep = (counts.ping + counts.token + counts.page) / walls.length;
    const limitMs = (perSweep * LATENCY_MS) / CONCURRENCY;
    const lateMs = counts.lateMs / (perSweep * walls.length);
    console.log(
      `requests of listing ${REPOSITORIES} repositories: ${counts.page / walls.length} pages, ${counts.token / walls.length} tokens, ${counts.ping / walls.length} for the challenge`,
    );
    console.log(
      `wall time at ${LATENCY_MS} ms and concurrency ${CONCURRENCY}: ${median(walls).toFixed(0)} ms (of ${walls.map((ms) => ms.toFixed(0)).join(', ')}), ${(median(walls) / limitMs).toFixed(2)} × the limit of ${limitMs.toFixed(0)} ms (at most 1.15)`,
    );
    console.log(`the server began to answer after ${(LATENCY_MS + lateMs).toFixed(1)} ms on the average`);
    console.log(
      `a client that sends the same and throws the answers away: ${median(bareWalls).toFixed(0)} ms, ${(median(bareWalls) / limitMs).toFixed(2)} × the limit; ours is ${(median(walls) / median(bareWalls)).toFixed(2)} × that`,
    );

    const { plain, ours, bytes } = JSON.parse(await inOwnProcess('cpu')) as Record<string, number>;
    console.log(
      `CPU of ${MANIFESTS} manifests (${((bytes ?? 0) / 1e6).toFixed(1)} MB) into records: ${ours?.toFixed(0)} ms, ${((ours ?? 0) / (plain ?? 0)).toFixed(2)} × JSON.parse and copying, ${plain?.toFixed(0)} ms (at most 1.5)`,
    );

    for (const [title, ...args] of [
      ['read and proved, on one page (at most 192 MiB)', 'read', 'whole/big'],
      ['read and proved, on pages of 10,000 (at most 192 MiB)', 'read', 'paged/big'],
      ['as the objects of a listing, on one page', 'list', 'whole/big'],
      ['bare JSON.parse', 'parse', 'whole/big'],
    ] as const) {
      const { count, mib } = JSON.parse(await inOwnProcess('memory', address, ...args)) as Record<
        string,
        number
      >;
      console.log(`200 MB, ${count} manifests, ${title}: ${mib?.toFixed(0)} MiB resident at most`);
    }
  } finally {
    server.stdin.end();
  }
}

if (part === 'sweep') await sweep();
else if (part === 'bare') await bare();
else if (part === 'cpu') cpu();
else if (part === 'memory') await memory(process.argv[4] ?? '', process.argv[5] ?? '');
else {
  directory = await mkdtemp(join(tmpdir(), 'bench-listing-'));
  try {
    await all();
  } finally {
    await rm(directory, { recursive: true });
  }
}
