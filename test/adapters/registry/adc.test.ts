import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { adcCredentials } from '../../../shared/adapters/registry/adc.ts';
import type { Rights } from '../../../shared/adapters/registry/credentials.ts';
import { json, startServer, type TestServer } from './test-server.ts';

let folder: string;
let metadata: TestServer;
/** What the metadata server hands out; null: it never answers. */
let token: string | null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adc-'));
  token = 'ya29.from-metadata';
  metadata = await startServer((request, response) => {
    response.setHeader('metadata-flavor', 'Google');
    const isForToken = request.url.includes('/token');
    if (!isForToken) json(response, 200, '');
    else if (token !== null)
      json(response, 200, { access_token: token, expires_in: 3_600, token_type: 'Bearer' });
  });
  // No file of the machine's own user is found, and its metadata server is ours.
  vi.stubEnv('HOME', folder);
  vi.stubEnv('CLOUDSDK_CONFIG', folder);
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
  vi.stubEnv('GCE_METADATA_HOST', metadata.host);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await metadata.close();
  await rm(folder, { recursive: true });
});

describe('Application Default Credentials', () => {
  it("give an access token for Google's hosts, and keep it", async () => {
    const adc = adcCredentials();
    for (const host of ['gcr.io', 'europe-docker.pkg.dev']) {
      expect(await adc.forHost(host, 'read')).toEqual({ kind: 'oauth', accessToken: 'ya29.from-metadata' });
    }
    expect(metadata.seen.filter(({ url }) => url.includes('/token'))).toHaveLength(1);
  });

  it.each<[rights: Rights, scopes: string[]]>([
    ['read', ['cloud-platform.read-only', 'devstorage.read_only']],
    ['delete', ['cloud-platform']],
  ])('of the metadata server are asked for the scopes that it takes to %s', async (rights, scopes) => {
    await adcCredentials().forHost('gcr.io', rights);
    const asked = metadata.seen.filter(({ url }) => url.includes('/token'));
    const texts = asked.map(({ url }) => new URL(url, 'http://x').searchParams.get('scopes'));
    expect(texts).toEqual([scopes.map((scope) => `https://www.googleapis.com/auth/${scope}`).join()]);
  });

  it.each(['registry.example.com', 'mirror.gcr.io', 'us-docker-pkg.dev', '127.0.0.1:5000'])(
    'are not even looked for on behalf of %s',
    async (host) => {
      expect(await adcCredentials().forHost(host, 'read')).toEqual({ kind: 'anonymous' });
      expect(metadata.seen).toEqual([]);
    },
  );

  it('that do not exist leave us anonymous', async () => {
    vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
    expect(await adcCredentials().forHost('gcr.io', 'read')).toEqual({ kind: 'anonymous' });
  });

  it('in a broken file are an error that shows nothing of the file', async () => {
    const path = join(folder, 'key.json');
    await writeFile(path, '{"private_key": "very-secret-key');
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', path);
    const failure = await adcCredentials()
      .forHost('gcr.io', 'read')
      .catch((thrown: unknown) => thrown as Error);
    expect(failure).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    expect(JSON.stringify(failure) + String((failure as Error).stack)).not.toContain('secret');
  });

  it.each([
    ['are empty', ''],
    ['do not come in time', null],
  ])('that %s are an error', async (_name, answer) => {
    token = answer;
    await expect(adcCredentials({ deadlineMs: 1_000 }).forHost('gcr.io', 'read')).rejects.toMatchObject({
      code: 'CREDENTIALS_INVALID',
    });
  });
});
