import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { auditHandler } from '../../functions/handlers/audit.ts';
import { cleanHandler } from '../../functions/handlers/clean.ts';
import { dispatchHandler } from '../../functions/handlers/dispatch.ts';
import { reportHandler } from '../../functions/handlers/report.ts';
import { serveFunction } from '../../local/function-server.ts';
import { buildLayer, pushImage, startLocalRegistry } from '../../local/registry/index.ts';
import { googleAccess } from '../../shared/adapters/google/access.ts';
import { GOOGLE_APIS, GoogleRest } from '../../shared/adapters/google/rest.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { createJsonLogger } from '../../shared/adapters/logging/json-logger.ts';
import { policyBucketFiles } from '../../shared/adapters/policies/bucket.ts';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { formatWork } from '../../shared/core/work.ts';
import type { Publisher } from '../../shared/ports.ts';
import { usageReader } from '../app/stage.ts';
import { answerHostile, HOSTILITIES, type Hostility } from '../support/hostile-registry.ts';
import { contentsOf, leaksIn } from '../support/leak-finder.ts';
import { pushBody } from './stage.ts';

const PASSWORD = 'registry-password/x+1=';
/** As Google issues them: what speaks to its APIs knows them by their looks. */
const ACCESS_TOKEN = 'ya29.google-access-token_x2';
const POLICY = `
apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
schedule: { cron: "* * * * *" }
mode: enforce
limits: { share: 100%, mayEmpty: true }
delete:
  - pull-requests: { tags: { glob: "pr-*" } }
`;

type Answer = (incoming: IncomingMessage, body: string, reply: ServerResponse) => void;

async function listening(answer: Answer): Promise<string> {
  const server = createServer((incoming, reply) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    incoming.on('end', () => answer(incoming, body, reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Functions over a registry that misbehaves where it is told to, and all that they print and write. */
async function openStage(where: (method: string, url: string) => boolean, hostility: Hostility) {
  const folder = await mkdtemp(join(tmpdir(), 'warden-secrets-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const secrets = new Set([PASSWORD]);
  const credential = { username: 'oauth2accesstoken', password: PASSWORD };
  const registry = await startLocalRegistry({
    directory: join(folder, 'registry'),
    credentials: [credential],
  });
  onTestFinished(() => registry.close());
  for (const tag of ['v1', 'pr-1', 'pr-2']) {
    const layers = [{ bytes: buildLayer([{ path: 'app', content: tag }]) }];
    await pushImage({ registry: registry.host, name: 'acme/api', tags: [tag], layers, credential });
  }
  let met = 0;
  const host = await listening((incoming, body, reply) => {
    if (where(incoming.method ?? '', incoming.url ?? '')) {
      met += 1;
      answerHostile(hostility, incoming, body, reply);
      return;
    }
    const onwards = send(
      `http://${registry.address}${incoming.url}`,
      { method: incoming.method ?? 'GET', headers: incoming.headers },
      (answer) => {
        let text = '';
        answer.setEncoding('latin1').on('data', (piece: string) => {
          text += piece;
        });
        answer.on('end', () => {
          if (incoming.url?.startsWith('/v2/token') === true)
            secrets.add((JSON.parse(text) as { token: string }).token);
          reply.writeHead(answer.statusCode ?? 500, answer.headers).end(text, 'latin1');
        });
      },
    );
    onwards.end(body);
  });
  const told: string[] = [];
  const logger = createJsonLogger((line) => void told.push(line));
  const publisher: Publisher = {
    async publish(topic, data, attributes) {
      told.push(JSON.stringify({ topic, data, attributes }));
    },
  };
  const written = await mkdtemp(join(folder, 'written-'));
  const ledger = await openSqliteLedger(join(written, 'ledger.sqlite'));
  const client = openRegistry({
    credentials: fixedCredentials({ [host]: { kind: 'basic', ...credential } }),
    clock: Date.now,
    logger,
    concurrency: 4,
    manifestCache: ledger,
  });
  onTestFinished(async () => {
    await client.close();
    await ledger.close();
  });
  const policies = await mkdtemp(join(folder, 'policies-'));
  await writeFile(join(policies, 'services.yaml'), POLICY);
  let runs = 0;
  const ports = {
    registry: client.reader,
    deleter: client.deleter(),
    ledger,
    usage: usageReader(),
    policies: readPolicyFolder(policies),
    publisher,
    clock: Date.now,
    newId: () => `run-${++runs}`,
    concurrency: 4,
  };
  const targets = [parseTarget(`${host}/acme`)];
  const served = {
    clean: cleanHandler(logger, async () => ({ ...ports, targets, deadLetterTopic: 'dead' }), 60_000),
    dispatch: dispatchHandler(logger, async () => ({ targets, ports: { ...ports, workTopic: 'work' } })),
    report: reportHandler(logger, async () => ({ ledger, clock: Date.now })),
  };
  return {
    told,
    logger,
    ledger,
    secrets,
    met: () => met,
    tags: async () =>
      (await client.reader.list({ host, name: 'acme/api' })).manifests.flatMap(({ tags }) => tags),
    /** Calls a function as it is called when deployed; what it answers is told too. */
    async call(name: keyof typeof served, init: RequestInit = {}): Promise<number> {
      const server = await serveFunction(name, served[name], 0);
      const response = await fetch(server.url, init);
      told.push(JSON.stringify([...response.headers]), await response.text());
      await server.close();
      return response.status;
    },
    clean(): Promise<number> {
      const repository = `${host}/acme/api`;
      const data = formatWork({
        version: 1,
        repository,
        trigger: 'schedule',
        policies: ['services'],
        scheduledAtMs: Date.now(),
      });
      return this.call('clean', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(pushBody(data)),
      });
    },
    async leaks(): Promise<string[]> {
      expect(told.length).toBeGreaterThan(0);
      return leaksIn(secrets, [...told, ...(await contentsOf(written))]);
    },
  };
}

describe('no secret is printed or written', { timeout: 60_000 }, () => {
  it('by functions that succeed', async () => {
    const stage = await openStage(() => false, 'echoes with 403');
    expect(await stage.call('dispatch', { method: 'POST' })).toBe(200);
    expect(await stage.clean()).toBe(204);
    expect(await stage.tags()).toEqual(['v1']);
    expect(await stage.call('report')).toBe(200);
    expect(stage.secrets.size).toBeGreaterThan(1);
    expect(await stage.leaks()).toEqual([]);
  });

  // What is tried again takes its time; the client's own tests have it.
  const quick = HOSTILITIES.filter((one) => !/500|breaks off/.test(one));

  it.each(quick)('by functions whose registry %s at every delete', async (hostility) => {
    const stage = await openStage((method) => method === 'DELETE', hostility);
    await stage.clean();
    await stage.call('report');
    expect(stage.met()).toBeGreaterThan(0);
    expect(await stage.leaks()).toEqual([]);
  });

  it.each([
    ['the listing', '/tags/list'],
    ['the catalog', '/v2/_catalog'],
    ['a manifest', '/manifests/'],
    ['the token endpoint', '/v2/token'],
  ])('by functions whose registry echoes what it was sent at %s', async (_name, part) => {
    const stage = await openStage((_method, url) => url.includes(part), 'echoes with 403');
    await stage.call('dispatch', { method: 'POST' });
    await stage.clean();
    await stage.call('report');
    expect(stage.met()).toBeGreaterThan(0);
    expect(await stage.leaks()).toEqual([]);
  });

  it.each(quick)('by an audit that is answered by one who %s', async (hostility) => {
    const stage = await openStage(() => false, hostility);
    let met = 0;
    const host = await listening((incoming, body, reply) => {
      met += incoming.headers.authorization === `Bearer ${ACCESS_TOKEN}` ? 1 : 0;
      answerHostile(hostility, incoming, body, reply);
    });
    const rest = new GoogleRest({
      token: async () => ACCESS_TOKEN,
      endpoints: Object.fromEntries(GOOGLE_APIS.map((api) => [api, `http://${host}`])),
      limits: { attempts: 2, pauseMs: 1, pauseMaxMs: 1 },
    });
    onTestFinished(() => rest.close());
    const reports: string[] = [];
    const { ledger, logger } = stage;
    const handler = auditHandler(
      logger,
      async () => ({
        ports: { access: googleAccess(rest), ledger, clock: Date.now },
        projects: ['acme'],
        policyFiles: policyBucketFiles({
          bucket: 'acme-policies',
          prefix: '',
          baseUrl: `http://${host}`,
          token: async () => ACCESS_TOKEN,
        }),
      }),
      (report) => void reports.push(JSON.stringify(report)),
    );
    const server = await serveFunction('audit', handler, 0);
    const response = await fetch(server.url, { method: 'POST' });
    stage.told.push(await response.text(), ...reports);
    await server.close();
    expect(met).toBeGreaterThan(3);
    stage.secrets.add(ACCESS_TOKEN);
    expect(await stage.leaks()).toEqual([]);
  });
});
