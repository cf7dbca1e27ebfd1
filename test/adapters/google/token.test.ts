import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { applicationDefaultToken } from '../../../shared/adapters/google/token.ts';
import { json, serve } from './server.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'google-token-'));
  // No file of the machine's own user is found, and no metadata server is looked for.
  vi.stubEnv('HOME', folder);
  vi.stubEnv('CLOUDSDK_CONFIG', folder);
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('gives the token of the metadata server, and keeps it', async () => {
  const metadata = await serve((_in, out) =>
    json(
      out,
      200,
      { access_token: 'ya29.metadata', expires_in: 3600, token_type: 'Bearer' },
      { 'metadata-flavor': 'Google' },
    ),
  );
  vi.stubEnv('GCE_METADATA_HOST', new URL(metadata.url).host);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
  const token = applicationDefaultToken();
  expect(await token()).toBe('ya29.metadata');
  expect(await token()).toBe('ya29.metadata');
  expect(metadata.seen.filter(({ url }) => url?.includes('/token'))).toHaveLength(1);
});

it('says what to do where there are no credentials', async () => {
  await expect(applicationDefaultToken()()).rejects.toMatchObject({
    code: 'CREDENTIALS_INVALID',
    message: expect.stringContaining('gcloud auth application-default'),
  });
});

it('shows nothing of a key file that is broken', async () => {
  const file = join(folder, 'key.json');
  await writeFile(file, '{"type": "service_account", "private_key": "very-secret"');
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
  const failure = await applicationDefaultToken()().catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ code: 'CREDENTIALS_INVALID' });
  expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('very-secret');
  expect((failure as Error).cause).toBeUndefined();
});
