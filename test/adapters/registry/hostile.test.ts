import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import { createTransport } from '../../../shared/adapters/registry/transport.ts';
import { runCases } from '../../support/hostile/campaign.ts';
import { FAULT_NAMES, type HostileServer, startHostileServer } from '../../support/hostile/server.ts';
import { digestOf, json, patientTransport, startServer } from './test-server.ts';

/** The first case, and how many; `npm run fuzz:registry` does 100,000. */
const FIRST = 1_000_000;
const COUNT = 2_000;

describe('the client against a hostile registry', () => {
  const met = new Map<string, number>();
  let server: HostileServer;
  beforeAll(async () => {
    server = await startHostileServer(met);
  });
  afterAll(async () => {
    await server?.close();
  });

  it('ends each of 2,000 broken conversations in the truth, in incomplete, or in a typed error', async () => {
    const { ended, wrong } = await runCases({
      host: server.host,
      first: FIRST,
      count: COUNT,
      concurrency: 16,
      attemptDeadlineMs: 250,
    });
    expect(wrong).toEqual([]);
    expect(Object.values(ended).reduce((sum, count) => sum + count, 0)).toBe(COUNT);
    // The server neither breaks everything nor leaves everything whole.
    expect(ended['whole']).toBeGreaterThan(COUNT / 10);
    expect(ended['incomplete']).toBeGreaterThan(COUNT / 10);
    // Which fault a request meets changes with the requests; nearly all kinds are among them all the same.
    expect(met.size).toBeGreaterThan(FAULT_NAMES.length - 5);
  }, 120_000);
});

/** What the hostile registry found, each as its smallest form. */
describe('a registry that', () => {
  const name = 'acme/api';
  const credentials = fixedCredentials({});

  async function readerOf(handler: Parameters<typeof startServer>[0]) {
    const { host, close } = await startServer(handler);
    const transport = patientTransport({ attemptsMax: 1 });
    onTestFinished(async () => {
      await transport.close();
      await close();
    });
    return { host, reader: createRegistryReader({ transport, credentials, clock: Date.now }) };
  }

  it('names an empty next page has not named its end', async () => {
    const { host, reader } = await readerOf(({ url }, reply) => {
      const body = url.startsWith('/v2/_catalog')
        ? { repositories: [name] }
        : { name, tags: [], manifest: {} };
      json(reply, 200, body, { link: '<>; rel="next"' });
    });
    const listing = await reader.list({ host, name });
    expect(listing.completeness).toMatchObject({ reason: expect.stringContaining('Link') });
  });

  it.each([
    ['no list of repositories', '{"repos":["acme/api"]}'],
    ['two lists of repositories', '{"repositories":["acme/api","acme/b"],"repositories":["acme/api"]}'],
    ['two next pages', '{"repositories":["acme/api"],"next":"/v2/_catalog?last=b","next":""}'],
  ])(
    'answers its catalog with %s, and tells no children, has shown no whole catalog',
    async (_what, body) => {
      const { host, reader } = await readerOf(({ url }, reply) => {
        json(reply, 200, url.startsWith('/v2/_catalog') ? body : 'nothing readable');
      });
      const catalog = await reader.catalog({ host, prefix: 'acme' });
      expect(catalog.completeness.kind).toBe('incomplete');
    },
  );

  it('answers a tag with content of another digest than it says has not resolved the tag', async () => {
    const { host, reader } = await readerOf(({ method }, reply) => {
      const digest = { 'docker-content-digest': digestOf('the image') };
      json(reply, 200, 'another image', method === 'HEAD' ? {} : digest);
    });
    await expect(reader.resolveTag({ host, name }, 'v1')).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH',
    });
  });

  it('takes a connection and never begins TLS is given up at the deadline', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      silent.close();
    });
    const address = silent.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const transport = createTransport({ clock: Date.now, attemptsMax: 1, attemptDeadlineMs: 100 });
    const sent = transport.send({
      method: 'GET',
      url: new URL(`https://127.0.0.1:${port}/v2/`),
      headers: {},
      bodyLimitBytes: 1,
      redirects: 'refuse',
    });
    // The connection itself is given up only after ten seconds.
    const first = await Promise.race([
      sent.catch((thrown: unknown) => thrown),
      new Promise((resolve) => setTimeout(resolve, 8_000, 'still waiting')),
    ]);
    expect(first).toMatchObject({ code: 'REGISTRY_DEADLINE' });
  });
});
