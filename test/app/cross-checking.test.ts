import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startGoogleApis } from '../../local/google-apis/index.ts';
import { pushImage, startLocalRegistry } from '../../local/registry/index.ts';
import { factReads } from '../../shared/adapters/google/fact-reads.ts';
import { imageRecordReads } from '../../shared/adapters/google/image-records.ts';
import { GoogleRest } from '../../shared/adapters/google/rest.ts';
import { createRegistryReader } from '../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { createTransport } from '../../shared/adapters/registry/transport.ts';
import { crossChecking } from '../../shared/app/cross-checking.ts';
import type { Repository } from '../../shared/core/reference.ts';

const PACKAGE = 'projects/acme/locations/europe/repositories/services/packages/team%2Fapi';

/** A registry with three images, its reader, and Artifact Registry's API that knows the same but for `change`. */
async function stage(change: { readonly forget?: number; readonly denied?: string } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'cross-check-'));
  const registry = await startLocalRegistry({ directory });
  const transport = createTransport({ clock: Date.now });
  const reader = createRegistryReader({ transport, clock: Date.now, credentials: fixedCredentials({}) });
  const repository = { host: registry.host, name: 'acme/services/team/api' };
  for (let at = 0; at < 3; at += 1) {
    const layers = [{ bytes: Buffer.from(`${at}`) }];
    await pushImage({ registry: registry.host, name: repository.name, tags: [`v${at}`], layers });
  }
  const { manifests } = await reader.list(repository);
  const told = manifests.slice(change.forget ?? 0);
  const google = await startGoogleApis({
    estate: { projects: [] },
    now: Date.now(),
    pageSizeMax: 2,
    denied: change.denied === undefined ? [] : [change.denied],
    images: {
      [PACKAGE]: {
        versions: Object.fromEntries(
          told.map(({ digest, uploadedAtMs }) => {
            const atMs = uploadedAtMs.kind === 'known' ? uploadedAtMs.value : 0;
            return [digest, { createTime: new Date(atMs).toISOString(), imageSizeBytes: '10' }];
          }),
        ),
        tags: Object.fromEntries(told.flatMap(({ digest, tags }) => tags.map((tag) => [tag, digest]))),
      },
    },
  });
  const rest = new GoogleRest({ token: async () => 'none', endpoints: { artifactRegistry: google.url } });
  onTestFinished(async () => {
    await Promise.all([transport.close(), rest.close(), registry.close(), google.close()]);
    await rm(directory, { recursive: true, force: true });
  });
  const imageOf = (_repository: Repository) => ({
    project: 'acme',
    location: 'europe',
    repository: 'services',
    image: 'team/api',
  });
  const checked = crossChecking(reader, imageRecordReads(factReads(rest)), imageOf);
  return { list: () => checked.list(repository), plain: reader.list(repository), google };
}

describe("a listing that is checked against Artifact Registry's API", () => {
  it('is the same listing where both agree, whatever the pages of the API', async () => {
    const { list, plain, google } = await stage();
    const { takenAtMs: _first, ...expected } = await plain;
    const { takenAtMs: _second, ...listing } = await list();
    expect(listing).toEqual(expected);
    expect(listing.manifests).toHaveLength(3);
    expect(google.requests).toEqual({ 'GET versions': 2, 'GET tags': 2 });
  });

  it('is incomplete where the API does not know one of its manifests', async () => {
    const { list } = await stage({ forget: 1 });
    expect((await list()).completeness).toMatchObject({
      kind: 'incomplete',
      reason: expect.stringMatching(/^the listing names sha256:/),
    });
  });

  it('is incomplete where the API refuses to answer, and says what is missing', async () => {
    const { list } = await stage({ denied: PACKAGE });
    const { completeness, manifests } = await list();
    expect(completeness).toMatchObject({
      kind: 'incomplete',
      reason: expect.stringContaining('artifactregistry.versions.list'),
    });
    expect(manifests).toHaveLength(3);
  });
});
