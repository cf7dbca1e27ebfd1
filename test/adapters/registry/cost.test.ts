import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pushImage, startLocalRegistry } from '../../../local/registry/index.ts';
import { createRegistryDeleter, createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { type Credential, fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import { createSeenGuards } from '../../../shared/adapters/registry/seen-guards.ts';
import { patientTransport } from './test-server.ts';

describe('the requests of a sweep', () => {
  const credential = { username: 'oauth2accesstoken', password: 'ya29.x' };
  const accessToken: Credential = { kind: 'oauth', accessToken: credential.password };
  const stored: Credential = { kind: 'basic', ...credential };
  it.each([
    // Pull and delete for each repository.
    ['that tokens are given out for', stored, createSeenGuards(), { tokens: 4, looks: 0 }],
    // The pull token for the look at the guard, and the look, which Google's own hosts are spared anyway.
    ['whose deleter has seen no listing', stored, undefined, { tokens: 5, looks: 1 }],
    ['with an access token of Google’s', accessToken, createSeenGuards(), { tokens: 0, looks: 0 }],
  ])('%s are one listing a repository, and one a delete', async (_which, login, seenGuards, more) => {
    const directory = await mkdtemp(join(tmpdir(), 'cost-'));
    const registry = await startLocalRegistry({ directory, credentials: [credential] });
    const transport = patientTransport();
    try {
      const repositories = ['acme/one', 'acme/two'].map((name) => ({ host: registry.address, name }));
      for (const { name } of repositories) {
        for (let at = 0; at < 4; at += 1) {
          const layers = [{ bytes: Buffer.from(`${at}`) }];
          await pushImage({
            registry: registry.address,
            name,
            tags: [],
            layers,
            format: 'docker',
            credential,
          });
        }
      }
      const before = { ...registry.requests };
      const credentials = fixedCredentials({ [registry.address]: login });
      const options = { transport, clock: Date.now, credentials, challenges: new Map() };
      const shared = { ...options, ...(seenGuards === undefined ? {} : { seenGuards }) };
      const reader = createRegistryReader(shared);
      const deleter = createRegistryDeleter(shared);
      for (const repository of repositories) {
        const { manifests } = await reader.list(repository);
        const replies = await Promise.all(
          manifests.map(({ digest }) => deleter.deleteDigest(repository, digest)),
        );
        expect(replies).toEqual(Array(4).fill({ kind: 'deleted' }));
      }
      const spent = Object.fromEntries(
        Object.entries(registry.requests)
          .map(([route, count]) => [route, count - (before[route] ?? 0)] as const)
          .filter(([, count]) => count > 0),
      );
      expect(spent).toEqual({
        // For the challenge, once for reader and deleter together.
        'GET base': 1,
        ...(more.tokens === 0 ? {} : { 'GET token': more.tokens }),
        'GET tags': 2 + more.looks,
        'DELETE manifests': 8,
      });
    } finally {
      await transport.close();
      await registry.close();
      await rm(directory, { recursive: true });
    }
  });
});
