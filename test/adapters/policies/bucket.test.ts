import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyBucketFiles } from '../../../shared/adapters/policies/bucket.ts';
import { WardenError } from '../../../shared/core/error.ts';
import type { PolicySet } from '../../../shared/core/policy.ts';
import { parsePolicyFolder } from '../../../shared/core/policy-file/folder.ts';

function policy(name: string): string {
  return `apiVersion: gcr-warden/v1\npolicy: ${name}\nrepositories: "*/acme/${name}/**"\ndelete: [{ old: { olderThan: 7d } }]\n`;
}

interface Stored {
  readonly content: string;
  readonly generation: string;
  readonly metadata?: Record<string, string>;
  /** Where the list tells another size than the content has. */
  readonly size?: string;
}

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

let objects: Map<string, Stored>;
let requests: { readonly url: URL; readonly authorization: string | undefined }[];
/** Answers before the store does; false where the store is to answer. */
let intercept: (url: URL, response: ServerResponse) => boolean;
let baseUrl: string;
let close: () => Promise<void>;

/** As the JSON API documents `objects.list` and `objects.get` with `alt=media`, two objects a page. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', baseUrl);
  requests.push({ url, authorization: request.headers.authorization });
  if (intercept(url, response)) return;
  const [, name] = /^\/storage\/v1\/b\/acme-policies\/o(?:\/(.+))?$/.exec(url.pathname) ?? [];
  if (name === undefined) {
    const prefix = url.searchParams.get('prefix') ?? '';
    const all = [...objects].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
    const from = Number(url.searchParams.get('pageToken') ?? 0);
    const items = all.slice(from, from + 2).map(([key, { content, generation, metadata, size }]) => ({
      name: key,
      size: size ?? String(Buffer.byteLength(content)),
      generation,
      ...(metadata === undefined ? {} : { metadata }),
    }));
    response.end(
      JSON.stringify({
        ...(items.length === 0 ? {} : { items }),
        ...(from + 2 < all.length ? { nextPageToken: String(from + 2) } : {}),
      }),
    );
    return;
  }
  const found = objects.get(decodeURIComponent(name));
  if (found === undefined || found.generation !== url.searchParams.get('generation')) {
    response.writeHead(404).end();
    return;
  }
  response.end(found.content);
}

beforeEach(async () => {
  objects = new Map();
  requests = [];
  intercept = () => false;
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
});
afterEach(() => close());

function put(name: string, content: string, more: Partial<Stored> = {}): void {
  objects.set(name, { content, generation: String(objects.size + 1), ...more });
}

async function read(prefix = ''): Promise<PolicySet> {
  const files = policyBucketFiles({
    bucket: 'acme-policies',
    prefix,
    baseUrl,
    token: async () => 'secret-token',
  });
  return parsePolicyFolder(await files.read());
}

describe('a bucket of policies', () => {
  it('is read over all pages, with the commit that each object names', async () => {
    for (const name of ['c', 'a', 'b', 'd', 'e']) {
      put(`policies/${name}.yaml`, policy(name), { metadata: { 'git-revision': COMMIT } });
    }
    put('policies/a.test.yaml', 'expect: nothing');
    put('policies-old/z.yaml', policy('z'));
    put('policies/README.md', '# Policies');
    const set = await read('policies');
    expect(set.policies.map(({ source }) => [source.file, source.gitRevision])).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}.yaml`, { kind: 'known', value: COMMIT }]),
    );
    expect(set.problems).toEqual([]);
    expect(new Set(requests.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer secret-token']),
    );
  });

  it('has no commit where an object names none or something else', async () => {
    put('a.yaml', policy('a'));
    put('b.yaml', policy('b'), { metadata: { 'git-revision': 'main' } });
    const set = await read();
    expect(set.policies.map(({ source }) => source.gitRevision.kind)).toEqual(['unknown', 'unknown']);
  });

  it('is empty where there is nothing in it', async () => {
    expect(await read()).toEqual({ policies: [], problems: [] });
  });

  it('reads the right files beside the wrong ones, and none that is too large', async () => {
    put('a.yaml', policy('a'));
    put('b.yaml', 'policy: [');
    put('large.yaml', 'x', { size: '131073' });
    put('lying.yaml', `#${'x'.repeat(128 * 1024)}`, { size: '5' });
    const set = await read();
    expect(set.policies.map(({ name }) => name)).toEqual(['a']);
    expect(set.problems.map(({ code, file }) => `${code} ${file}`)).toEqual([
      'POLICY_YAML b.yaml',
      'POLICY_TOO_LARGE large.yaml',
      'POLICY_TOO_LARGE lying.yaml',
    ]);
    expect(requests.some(({ url }) => url.pathname.endsWith('/large.yaml'))).toBe(false);
  });

  it('asks again where the answer was that it is too busy', async () => {
    put('a.yaml', policy('a'));
    let refusals = 2;
    intercept = (_url, response) => {
      if (refusals === 0) return false;
      refusals -= 1;
      response.writeHead(503).end();
      return true;
    };
    expect((await read()).policies).toHaveLength(1);
    expect(requests).toHaveLength(4);
  });

  const failures: readonly (readonly [
    title: string,
    intercept: (url: URL, response: ServerResponse) => boolean,
    says: string,
    retryable: boolean,
  ])[] = [
    [
      'may not be listed',
      (_url, reply) => !!reply.writeHead(403).end('secret-body'),
      'roles/storage.objectViewer',
      false,
    ],
    ['is not there', (_url, reply) => !!reply.writeHead(404).end(), '404', false],
    ['keeps being too busy', (_url, reply) => !!reply.writeHead(429).end(), '429', true],
    [
      'sends somewhere else',
      (_url, reply) => !!reply.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
      '302',
      false,
    ],
    ['answers with something else', (_url, reply) => !!reply.end('<html>'), 'documents', false],
    [
      'has items of another shape',
      (_url, reply) => !!reply.end('{"items":[{"name":"a.yaml"}]}'),
      'documents',
      false,
    ],
    ['leads in a circle', (_url, reply) => !!reply.end('{"nextPageToken":"same"}'), 'same page', false],
    [
      'names objects that were not asked for',
      (_url, reply) => !!reply.end('{"items":[{"name":"other/a.yaml","size":"1","generation":"1"}]}'),
      'not asked for',
      false,
    ],
    [
      'loses an object between list and read',
      (url, reply) => url.pathname.includes('/o/') && !!reply.writeHead(404).end(),
      'replaced',
      true,
    ],
  ];
  it.each(failures)('throws where it %s', async (_title, how, says, retryable) => {
    put('policies/a.yaml', policy('a'));
    intercept = how;
    const thrown = await read('policies').catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(WardenError);
    expect(thrown).toMatchObject({ code: 'POLICY_SOURCE_UNREADABLE', retryable });
    expect(String(thrown)).toContain(says);
    expect(String(thrown)).not.toContain('secret');
  });

  it('throws without what the token server said', async () => {
    const reader = policyBucketFiles({
      bucket: 'acme-policies',
      prefix: '',
      baseUrl,
      token: () => Promise.reject(new Error('refresh token secret-refresh is revoked')),
    });
    const thrown = await reader.read().catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'POLICY_SOURCE_UNREADABLE', retryable: true });
    expect(String(thrown)).not.toContain('secret');
    expect((thrown as Error).cause).toBeUndefined();
    expect(requests).toEqual([]);
  });

  it.each([
    ['http://storage.googleapis.com'],
    ['https://storage.googleapis.com.evil.example'],
    ['https://evil.example'],
    ['https://localhost.evil.example'],
    ['https://user:pass@storage.googleapis.com'],
    ['ftp://localhost'],
    ['nonsense'],
  ])('is never asked for at %s', (wrong) => {
    expect(() =>
      policyBucketFiles({
        bucket: 'acme-policies',
        prefix: '',
        baseUrl: wrong,
        token: async () => 'secret-token',
      }),
    ).toThrow(expect.objectContaining({ code: 'POLICY_SOURCE_UNREADABLE' }));
  });

  it.each(['', 'a', 'UPPER', '../x', 'a/b'])('has no name such as "%s"', (bucket) => {
    expect(() => policyBucketFiles({ bucket, prefix: '', token: async () => null })).toThrow(
      expect.objectContaining({ code: 'POLICY_SOURCE_UNREADABLE' }),
    );
  });
});
