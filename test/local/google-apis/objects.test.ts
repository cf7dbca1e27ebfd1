import { describe, expect, it, onTestFinished } from 'vitest';
import { startGoogleApis } from '../../../local/google-apis/index.ts';
import { policyBucketFiles } from '../../../shared/adapters/policies/bucket.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 3);
const AUTHORIZED = { headers: { authorization: 'Bearer test-token' } };

async function storage(different: { denied?: string[]; pageSizeMax?: number } = {}): Promise<string> {
  const apis = await startGoogleApis({
    estate: { projects: [] },
    now: NOW_MS,
    objects: {
      'acme-policies': {
        'policies/a.yaml': { content: 'name: ä', metadata: { 'git-revision': '0123abc' } },
        'policies/b.yaml': { content: 'name: b' },
        'policies-old/c.yaml': { content: 'name: c' },
      },
    },
    ...different,
  });
  onTestFinished(() => apis.close());
  return `${apis.url}/storage/v1/b`;
}

async function read(url: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const reply = await fetch(url, AUTHORIZED);
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

describe('the stand-in for stored objects', () => {
  it('lists below a prefix with sizes, generations and metadata', async () => {
    const { body } = await read(`${await storage()}/acme-policies/o?prefix=policies/`);
    expect(body['items']).toEqual([
      expect.objectContaining({
        name: 'policies/a.yaml',
        size: '8',
        generation: expect.stringMatching(/^\d+$/),
        metadata: { 'git-revision': '0123abc' },
      }),
      expect.not.objectContaining({ metadata: expect.anything() }),
    ]);
    expect(body).not.toHaveProperty('nextPageToken');
  });

  it('lists page by page', async () => {
    const url = `${await storage({ pageSizeMax: 2 })}/acme-policies/o`;
    const first = await read(url);
    expect(first.body['items']).toHaveLength(2);
    const second = await read(`${url}?pageToken=${first.body['nextPageToken']}`);
    expect(second.body['items']).toMatchObject([{ name: 'policies/b.yaml' }]);
    expect(second.body).not.toHaveProperty('nextPageToken');
  });

  it('leaves an empty list out', async () => {
    expect((await read(`${await storage()}/acme-policies/o?prefix=none/`)).body).toEqual({});
  });

  it('gives the bytes of one object, of the generation that was asked for', async () => {
    const url = `${await storage()}/acme-policies/o/policies%2Fa.yaml`;
    const { body } = await read(url);
    const content = await fetch(`${url}?alt=media&generation=${body['generation']}`, AUTHORIZED);
    expect(await content.text()).toBe('name: ä');
    expect((await read(`${url}?alt=media&generation=1`)).status).toBe(404);
  });

  it.each([
    ['a bucket that does not exist', 'other/o', 404],
    ['an object that does not exist', 'acme-policies/o/none', 404],
    ['a name that every object has', 'acme-policies/o/constructor', 404],
  ])('answers %s as Cloud Storage does', async (_name, path, status) => {
    const reply = await read(`${await storage()}/${path}`);
    expect(reply).toMatchObject({ status, body: { error: { code: 404, errors: [{ reason: 'notFound' }] } } });
  });

  it('refuses what is denied, and who has no token', async () => {
    const url = `${await storage({ denied: ['acme-policies'] })}/acme-policies/o`;
    expect((await read(url)).status).toBe(403);
    expect((await fetch(url)).status).toBe(401);
  });

  it('serves whoever reads policies from a bucket, commit and all', async () => {
    const folder = await policyBucketFiles({
      bucket: 'acme-policies',
      prefix: 'policies',
      baseUrl: new URL(await storage({ pageSizeMax: 1 })).origin,
      token: async () => 'test-token',
    }).read();
    // Nothing outside the folder.
    expect(folder.files.map(({ file, text, gitRevision }) => [file, text, gitRevision.kind]).sort()).toEqual([
      ['a.yaml', 'name: ä', 'known'],
      ['b.yaml', 'name: b', 'unknown'],
    ]);
  });
});
