import { describe, expect, it, onTestFinished } from 'vitest';
import { buildImage, type Dialect, type LocalRegistry, pushImage } from '../../../local/registry/index.ts';
import { createRegistryDeleter, createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import { sha256 } from '../../../shared/core/hash.ts';
import { patientTransport } from '../../adapters/registry/test-server.ts';
import { fetchToken, imageOf, startRegistry } from './stage.ts';

const NAME = 'acme/services/api';

/** The registry with its switches set, and our own client of it. */
async function meet(dialect: Partial<Dialect>) {
  const registry = await startRegistry({ dialect });
  const transport = patientTransport();
  onTestFinished(() => transport.close());
  const options = { transport, credentials: fixedCredentials({}), clock: Date.now };
  return {
    registry,
    repository: { host: registry.address, name: NAME },
    reader: createRegistryReader(options),
    // Whoever deletes at this machine may be nobody: the local registry asks for no credential.
    deleter: createRegistryDeleter(options),
    delaysMs: transport.delaysMs,
  };
}

async function push(registry: LocalRegistry, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    await pushImage({ registry: registry.address, name: NAME, tags: [text], ...imageOf(text) });
  }
}

/** Many untagged manifests of one config, of a type that nobody has to read. */
async function pushMany(registry: LocalRegistry, count: number): Promise<void> {
  const image = { ...imageOf('0'), format: 'docker' } as const;
  await pushImage({ registry: registry.address, name: NAME, tags: [], ...image });
  const { bytes, mediaType } = buildImage(image);
  const manifest = JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
  const token = await fetchToken(registry, `repository:${NAME}:pull,push`);
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': mediaType };
  let next = 1;
  const lane = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) {
      const body = JSON.stringify({ ...manifest, annotations: { n: String(number) } });
      const url = `http://${registry.address}/v2/${NAME}/manifests/${sha256(body)}`;
      const reply = await fetch(url, { method: 'PUT', headers, body });
      await reply.arrayBuffer();
      if (reply.status !== 201) throw new Error(`A push was answered with ${reply.status}.`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

describe('our client meets a registry that', () => {
  it.each(['link', 'next', 'both'] as const)('goes on by %s, and has the whole list', async (paging) => {
    const { registry, repository, reader } = await meet({ paging, pageCap: 2 });
    await push(registry, ['a', 'b', 'c', 'd', 'e']);
    const { completeness, manifests } = await reader.list(repository);
    expect(completeness).toEqual({ kind: 'complete' });
    expect(manifests.flatMap(({ tags }) => tags).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it.each([
    ['at 1,000 entries without a word', 1_000],
    ['at 10,000 entries without a word', 10_000],
  ])(
    'stops %s, and takes the list for cut',
    async (_title, pageCap) => {
      const { registry, repository, reader } = await meet({ paging: 'none', pageCap });
      await pushMany(registry, pageCap + 1);
      const { completeness } = await reader.list(repository);
      expect(completeness).toMatchObject({ kind: 'incomplete', reason: expect.stringContaining('entries') });
    },
    60_000,
  );

  it('has a cap of 1,000 and goes on, and has the whole list', async () => {
    const { registry, repository, reader } = await meet({ paging: 'both', pageCap: 1_000 });
    await pushMany(registry, 1_001);
    const { completeness, manifests } = await reader.list(repository);
    expect(completeness).toEqual({ kind: 'complete' });
    expect(manifests).toHaveLength(1_001);
  }, 120_000);

  it('keeps tags immutable, and takes no for an answer that stays', async () => {
    const { registry, repository, reader, deleter } = await meet({ immutableTags: true });
    await push(registry, ['v1']);
    expect(await deleter.deleteTag(repository, 'v1')).toMatchObject({
      kind: 'blocked',
      reason: expect.stringContaining('immutable'),
    });
    const digest = await reader.resolveTag(repository, 'v1');
    expect(digest).not.toBeNull();
  });

  it.each([
    ['says how long', 7, 7_000],
    ['does not say how long', null, 60_000],
  ])('answers 429 and %s, and waits for it', async (_title, retryAfterSeconds, leastMs) => {
    const { repository, reader, delaysMs } = await meet({ throttle: { every: 3, retryAfterSeconds } });
    // Nothing was pushed: a push would be throttled too. That there is nothing is an answer all the same.
    for (let round = 0; round < 4; round += 1) {
      const { completeness } = await reader.list(repository);
      expect(completeness).toEqual({ kind: 'complete' });
    }
    expect(Math.max(...delaysMs)).toBeGreaterThan(leastMs - 1_000);
  });
});
