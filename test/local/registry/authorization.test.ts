import { describe, expect, it } from 'vitest';
import { pushImage } from '../../../local/registry/index.ts';
import { ask, fetchToken, imageOf, startRegistry } from './stage.ts';

describe('the challenge', () => {
  const forms = [
    ['artifact-registry', '/v2/', 'GET', 'Bearer realm="http://HOST/v2/token"'],
    [
      'artifact-registry',
      '/v2/acme/api/tags/list',
      'GET',
      'Bearer realm="http://HOST/v2/token",service="HOST",scope="repository:acme/api:pull"',
    ],
    [
      'artifact-registry',
      '/v2/acme/api/manifests/v1',
      'DELETE',
      'Bearer realm="http://HOST/v2/token",service="HOST",scope="repository:acme/api:pull,push"',
    ],
    [
      'artifact-registry',
      '/v2/_catalog',
      'GET',
      'Bearer realm="http://HOST/v2/token",service="HOST",scope="registry:catalog:*"',
    ],
    ['gcr', '/v2/', 'GET', 'Bearer realm="http://HOST/v2/token",service="HOST"'],
    ['gcr', '/v2/acme/api/tags/list', 'GET', 'Bearer realm="http://HOST/v2/token",service="HOST"'],
    ['gcr-unquoted', '/v2/', 'GET', 'Bearer realm="http://HOST/v2/token",service=HOST'],
  ] as const;
  it.each(forms)('has the form of %s on %s for a %3$s', async (challenge, path, method, expected) => {
    const registry = await startRegistry({ dialect: { challenge } });
    const answer = await ask(registry, method, path, { actions: null });
    expect(answer.status).toBe(401);
    expect(answer.code).toBe('UNAUTHORIZED');
    expect(answer.headers.get('www-authenticate')).toBe(expected.replaceAll('HOST', registry.address));
  });
});

describe('the token endpoint', () => {
  it('gives everybody a token where no credentials are set', async () => {
    const registry = await startRegistry();
    const reply = await fetch(`http://${registry.address}/v2/token?scope=repository:acme/api:pull`);
    expect(reply.status).toBe(200);
    expect(await reply.json()).toEqual({ token: expect.any(String), expires_in: 43_200 });
  });

  const refusedQueries = [
    ['a scope of an unknown kind', 'scope=cluster:all:*'],
    ['a repository that is no name', 'scope=repository:../etc:pull'],
  ] as const;
  it.each(refusedQueries)('refuses %s', async (_title, query) => {
    const registry = await startRegistry();
    expect((await fetch(`http://${registry.address}/v2/token?${query}`)).status).toBe(400);
  });

  const severalScopes = [
    ['in two parameters', 'scope=repository:acme/a:pull,push&scope=repository:acme/b:pull'],
    ['in one parameter', 'scope=repository:acme/a:pull,push%20repository:acme/b:pull'],
  ] as const;
  it.each(severalScopes)('grants only the first of two scopes %s', async (_title, query) => {
    const registry = await startRegistry();
    const reply = await fetch(`http://${registry.address}/v2/token?${query}`);
    const headers = { Authorization: `Bearer ${((await reply.json()) as { token: string }).token}` };
    const first = await ask(registry, 'GET', '/v2/acme/a/tags/list', { actions: null, headers });
    const second = await ask(registry, 'GET', '/v2/acme/b/tags/list', { actions: null, headers });
    expect([first.status, second.status]).toEqual([404, 401]);
    expect(second.message).toBe('Requested repository does not match bearer token resource: acme/a');
  });

  it('refuses the exchange by POST', async () => {
    const registry = await startRegistry();
    const reply = await fetch(`http://${registry.address}/v2/token`, { method: 'POST' });
    expect(reply.status).toBe(405);
  });

  const credentials = [{ username: 'oauth2accesstoken', password: 'right' }];
  const presented = [
    ['nothing', null, 401],
    ['another password', 'oauth2accesstoken:wrong', 401],
    ['another user', 'someone:right', 401],
    ['the right one', 'oauth2accesstoken:right', 200],
  ] as const;
  it.each(presented)('answers %s where credentials are set', async (_title, basic, status) => {
    const registry = await startRegistry({ credentials });
    const headers: Record<string, string> =
      basic === null ? {} : { Authorization: `Basic ${Buffer.from(basic).toString('base64')}` };
    const token = await fetch(`http://${registry.address}/v2/token?scope=repository:acme/a:pull`, {
      headers,
    });
    expect(token.status).toBe(status);
    // Also straight on a request, with no exchange.
    if (basic !== null) {
      expect((await fetch(`http://${registry.address}/v2/`, { headers })).status).toBe(status);
    }
    expect(token.headers.get('www-authenticate')).toBeNull();
  });

  it('serves a pushing client that has a credential', async () => {
    const registry = await startRegistry({ credentials });
    const target = { registry: registry.address, name: 'acme/api', tags: ['v1'], ...imageOf('1') };
    await expect(pushImage(target)).rejects.toMatchObject({ code: 'LOCAL_PUSH_FAILED' });
    const credential = { username: 'oauth2accesstoken', password: 'right' };
    await expect(pushImage({ ...target, credential })).resolves.toMatchObject({
      digest: expect.stringMatching(/^sha256:/),
    });
  });
});

describe('a token', () => {
  async function answerTo(token: string, method: string, path: string) {
    const registry = await startRegistry();
    await pushImage({ registry: registry.address, name: 'acme/api', tags: ['v1'], ...imageOf('1') });
    const scoped = token.startsWith('scope ') ? await fetchToken(registry, token.slice(6)) : token;
    return ask(registry, method, path, { actions: null, headers: { Authorization: `Bearer ${scoped}` } });
  }

  const rows = [
    ['reads with pull', 'scope repository:acme/api:pull', 'GET', '/v2/acme/api/tags/list', 200, null],
    [
      'does not delete with pull',
      'scope repository:acme/api:pull',
      'DELETE',
      '/v2/acme/api/manifests/v1',
      403,
      'DENIED',
    ],
    [
      'deletes with pull,push',
      'scope repository:acme/api:pull,push',
      'DELETE',
      '/v2/acme/api/manifests/v1',
      202,
      null,
    ],
    [
      'deletes with push,pull,delete',
      'scope repository:acme/api:push,pull,delete',
      'DELETE',
      '/v2/acme/api/manifests/v1',
      202,
      null,
    ],
    ['deletes with *', 'scope repository:acme/api:*', 'DELETE', '/v2/acme/api/manifests/v1', 202, null],
    [
      'does not delete with delete alone',
      'scope repository:acme/api:delete',
      'DELETE',
      '/v2/acme/api/manifests/v1',
      401,
      'UNAUTHORIZED',
    ],
    [
      'is good for its own repository only',
      'scope repository:acme/other:pull',
      'GET',
      '/v2/acme/api/tags/list',
      401,
      'UNAUTHORIZED',
    ],
    [
      'of a repository does not open the catalog',
      'scope repository:acme/api:pull',
      'GET',
      '/v2/_catalog',
      403,
      'DENIED',
    ],
    ['of the catalog opens it', 'scope registry:catalog:*', 'GET', '/v2/_catalog', 200, null],
    [
      'of the catalog opens no repository',
      'scope registry:catalog:*',
      'GET',
      '/v2/acme/api/tags/list',
      401,
      'UNAUTHORIZED',
    ],
    ['that was made up is refused', 'e30.AAAA', 'GET', '/v2/', 401, 'UNAUTHORIZED'],
  ] as const;
  it.each(rows)('%s', async (_title, token, method, path, status, code) => {
    const answer = await answerTo(token, method, path);
    expect([answer.status, answer.code]).toEqual([status, code]);
    // A rejected token gets no challenge.
    expect(answer.headers.get('www-authenticate')).toBeNull();
  });

  it('of another registry is refused', async () => {
    const [one, other] = [await startRegistry(), await startRegistry()];
    const headers = { Authorization: `Bearer ${await fetchToken(one, 'registry:catalog:*')}` };
    expect((await ask(other, 'GET', '/v2/_catalog', { actions: null, headers })).status).toBe(401);
  });
});
