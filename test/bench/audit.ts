import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'undici';
import { googleAccess } from '../../shared/adapters/google/access.ts';
import { GOOGLE_APIS, GoogleRest } from '../../shared/adapters/google/rest.ts';
import { readAccess } from '../../shared/app/read-access.ts';

/**
 * The audit's reads of one project with 1,000 accounts of ten keys each and 500 repositories, 20 ms until each
 * answer and 20 requests at once, against the limit (requests × latency ÷ concurrency); the requests by API,
 * there and in a project with nothing in it; and the evaluation of a million bindings, in a process of its own,
 * against `JSON.parse` of the same replies. Prints and asserts nothing: `node test/bench/audit.ts`.
 */
const LATENCY_MS = 20;
const CONCURRENCY = 20;
const BARE_REQUESTS = 2550;
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);

interface Reads {
  readonly wallMs: number;
  /** Of this process, for all requests. */
  readonly cpuMs: number;
  /** How long the stand-in took for all of them: timers come late on a machine that is busy. */
  readonly servedMs: number;
  /**
   * As many requests to the same server by a bare loop over the same HTTP client: the mean of one directly before
   * and one directly after.
   */
  readonly bareMs: number;
  readonly requests: Readonly<Record<string, number>>;
}

async function read(accounts: number, repositories: number): Promise<Reads> {
  const child = fork(new URL('audit-estate.ts', import.meta.url), [
    String(LATENCY_MS),
    String(accounts),
    String(repositories),
  ]);
  const next = async (): Promise<Record<string, unknown>> => {
    const [message] = await once(child, 'message', { signal: AbortSignal.timeout(120_000) });
    return message as Record<string, unknown>;
  };
  const { url } = await next();
  const counts = async (): Promise<{ readonly requests: Reads['requests']; readonly servedMs: number }> => {
    const reply = next();
    child.send('requests');
    const answered = await reply;
    return { requests: answered['requests'] as Reads['requests'], servedMs: Number(answered['servedMs']) };
  };
  // Google's services have answered before; a process that has just begun takes 180 ms for its first answers.
  await bare(String(url), BARE_REQUESTS);
  const bareBeforeMs = await bare(String(url), BARE_REQUESTS);
  const before = await counts();
  const rest = new GoogleRest({
    token: async () => 'bench',
    endpoints: Object.fromEntries(GOOGLE_APIS.map((api) => [api, String(url)])),
    limits: { concurrency: CONCURRENCY },
  });
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  const replies = await readAccess(googleAccess(rest), 'acme', Date.UTC(2026, 10, 21, 3));
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpuBefore);
  await rest.close();
  if (replies.accounts.kind === 'unknown') throw new Error(replies.accounts.reason);
  const after = await counts();
  const bareAfterMs = await bare(String(url), BARE_REQUESTS);
  const ended = once(child, 'exit');
  child.kill();
  await ended;
  const requests = Object.fromEntries(
    Object.entries(after.requests)
      .map(([name, count]): [string, number] => [name, count - (before.requests[name] ?? 0)])
      .filter(([, count]) => count > 0),
  );
  return {
    wallMs,
    cpuMs: (user + system) / 1000,
    servedMs: after.servedMs - before.servedMs,
    bareMs: ((bareBeforeMs + bareAfterMs) / 2 / BARE_REQUESTS) * sum(requests),
    requests,
  };
}

/** The wall time of `count` requests, `CONCURRENCY` at once, and nothing done with what they answer. */
async function bare(url: string, count: number): Promise<number> {
  const agent = new Agent({ connections: CONCURRENCY });
  let left = count;
  const began = performance.now();
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { body } = await request(`${url}/v3/projects/acme`, {
        dispatcher: agent,
        headers: { authorization: 'Bearer bench' },
      });
      await body.text();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const wallMs = performance.now() - began;
  await agent.close();
  return wallMs;
}

function sum(requests: Reads['requests']): number {
  return Object.values(requests).reduce((all, each) => all + each, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const rounds: Reads[] = [];
for (let round = 0; round < ROUNDS; round += 1) rounds.push(await read(1000, 500));
const least = await read(0, 0);
const [first] = rounds;
if (first === undefined) throw new Error('ROUNDS has to be at least 1');

console.log('requests                    empty project   1,000 accounts, 500 repositories');
for (const name of Object.keys(first.requests).sort()) {
  console.log(
    `${name.padEnd(28)}${String(least.requests[name] ?? 0).padStart(13)}${String(first.requests[name]).padStart(17)}`,
  );
}
const requests = sum(first.requests);
console.log(`${'all'.padEnd(28)}${String(sum(least.requests)).padStart(13)}${String(requests).padStart(17)}`);
const limitMs = (requests * LATENCY_MS) / CONCURRENCY;
const wallMs = median(rounds.map((each) => each.wallMs));
console.log(
  `\nreading: ${Math.round(wallMs)} ms (${rounds.map((each) => Math.round(each.wallMs)).join(', ')}), limit ${Math.round(limitMs)} ms: ${(wallMs / limitMs).toFixed(2)} ×`,
);
const served = rounds.map((each) => each.servedMs / requests);
const servedLimits = rounds.map((each) => each.servedMs / CONCURRENCY);
const ratios = rounds.map((each, at) => each.wallMs / (servedLimits[at] ?? Number.NaN));
console.log(
  `really served: ${median(served).toFixed(1)} ms a request, limit by that ${Math.round(median(servedLimits))} ms: ${median(ratios).toFixed(2)} × (${ratios.map((each) => each.toFixed(2)).join(', ')})`,
);
console.log(
  `CPU of the reader: ${((median(rounds.map((each) => each.cpuMs)) / requests) * 1000).toFixed(0)} µs a request`,
);
const bareMs = median(rounds.map((each) => each.bareMs));
console.log(
  `a bare loop: ${Math.round(bareMs)} ms (${rounds.map((each) => Math.round(each.bareMs)).join(', ')}), ${(bareMs / limitMs).toFixed(2)} × the limit; reading is ${(wallMs / bareMs).toFixed(2)} × that`,
);

if (process.env['ONLY'] !== 'reads')
  for (const kind of ['usual', 'worst']) {
    const million = new URL('audit-million.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--expose-gc', million, kind], { stdio: 'inherit' });
    await once(child, 'exit');
  }
