import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acmeEstate, type GoogleApis, startGoogleApis } from '../../../local/google-apis/index.ts';
import { GOOGLE_APIS, GoogleRest } from '../../../shared/adapters/google/rest.ts';
import { readPodsFile } from '../../../shared/adapters/usage/pods-file.ts';
import { readPodsObject } from '../../../shared/adapters/usage/pods-object.ts';
import { DAY_MS } from '../../../shared/core/units.ts';
import type { UsageReader } from '../../../shared/ports.ts';

const NOW_MS = Date.parse('2026-03-01T10:00:00Z');
const DIGEST = `sha256:${'12'.repeat(32)}`;
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';

const PODS = JSON.stringify({
  kind: 'List',
  items: [
    {
      kind: 'Pod',
      metadata: { namespace: 'prod', name: 'api-1' },
      spec: {
        initContainers: [{ name: 'migrate', image: `${REPOSITORY}:1.2.3` }],
        containers: [{ name: 'api', image: `${REPOSITORY}:1.2.3` }],
      },
      status: { containerStatuses: [{ name: 'api', imageID: `docker-pullable://${REPOSITORY}@${DIGEST}` }] },
    },
  ],
});

/** One suite for every place that pods can be read from. */
function podsContract(title: string, open: (content: string, ageMs: number) => Promise<UsageReader>): void {
  describe(title, () => {
    it('names what runs by its digest, and what has not started by its tag', async () => {
      const { answers } = await (await open(PODS, 1000)).read();
      expect(answers).toEqual([
        {
          kind: 'complete',
          source: expect.any(String),
          asOfMs: NOW_MS - 1000,
          uses: [
            { repository: REPOSITORY, digest: DIGEST, tag: '1.2.3', by: 'pod prod/api-1 (container api)' },
            { repository: REPOSITORY, digest: null, tag: '1.2.3', by: 'pod prod/api-1 (container migrate)' },
          ],
        },
      ]);
    });

    it('answers that nothing runs where the list is empty', async () => {
      const { answers } = await (await open('{"items":[]}', 0)).read();
      expect(answers).toMatchObject([{ kind: 'complete', uses: [] }]);
    });

    const unreadable: readonly { readonly what: string; readonly content: string; readonly ageMs: number }[] =
      [
        { what: 'a list older than allowed', content: PODS, ageMs: DAY_MS + 1000 },
        { what: 'a document that is no list', content: '{"kind":"Pod"}', ageMs: 0 },
        { what: 'a document that is cut', content: PODS.slice(0, 100), ageMs: 0 },
        { what: 'a page of a longer list', content: '{"items":[],"metadata":{"continue":"abc"}}', ageMs: 0 },
        { what: 'an empty document', content: '', ageMs: 0 },
      ];
    it.each(unreadable)('answers unknown to $what', async ({ content, ageMs }) => {
      const { answers } = await (await open(content, ageMs)).read();
      expect(answers).toMatchObject([{ kind: 'unknown', reason: expect.stringMatching(/./) }]);
    });
  });
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'warden-pods-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

podsContract('pods in a file', async (content, ageMs) => {
  const path = join(directory, 'pods.json');
  await writeFile(path, content);
  await utimes(path, new Date(NOW_MS - ageMs), new Date(NOW_MS - ageMs));
  return readPodsFile({ path, clock: () => NOW_MS, ageMaxMs: DAY_MS, rollbackDepth: 10 });
});

const servers: GoogleApis[] = [];
const rests: GoogleRest[] = [];
afterAll(async () => {
  await Promise.all(rests.map((rest) => rest.close()));
  await Promise.all(servers.map((server) => server.close()));
});

podsContract('pods in a bucket', async (content, ageMs) => {
  const objects = { 'acme-warden': { 'in-use/pods.json': { content } } };
  const server = await startGoogleApis({ estate: acmeEstate(NOW_MS), now: NOW_MS - ageMs, objects });
  servers.push(server);
  const endpoints = Object.fromEntries(GOOGLE_APIS.map((api) => [api, server.url]));
  const rest = new GoogleRest({ token: async () => 'none', endpoints, limits: { attempts: 1 } });
  rests.push(rest);
  return readPodsObject({
    rest,
    bucket: 'acme-warden',
    object: 'in-use/pods.json',
    clock: () => NOW_MS,
    ageMaxMs: DAY_MS,
    rollbackDepth: 10,
  });
});

it('answers unknown where there is no file', async () => {
  const { answers } = await readPodsFile({
    path: join(directory, 'none.json'),
    clock: () => NOW_MS,
    ageMaxMs: DAY_MS,
    rollbackDepth: 10,
  }).read();
  expect(answers).toMatchObject([{ kind: 'unknown' }]);
});
