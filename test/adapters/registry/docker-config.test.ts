import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../../shared/adapters/registry/credentials.ts';
import { dockerConfigCredentials } from '../../../shared/adapters/registry/docker-config.ts';

const HOST = 'europe-docker.pkg.dev';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function credentialIn(config: unknown, helperDeadlineMs = 10_000): Promise<Credential> {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  await writeFile(join(folder, 'config.json'), text);
  const env = { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env['PATH']}` };
  return dockerConfigCredentials({ env, helperDeadlineMs }).forHost(HOST, 'read');
}

/** Puts a credential helper on the PATH; `$host` is what it was asked for. */
async function helper(name: string, script: string): Promise<void> {
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\nread -r host\n${script}\n`);
  await chmod(path, 0o755);
}

describe('a docker config', () => {
  it.each<[name: string, config: unknown, expected: Credential]>([
    [
      'user and password in "auth"',
      { auths: { [HOST]: { auth: base64('me:pa:ss') } } },
      basic('me', 'pa:ss'),
    ],
    [
      'user and password by themselves',
      { auths: { [HOST]: { username: 'me', password: 'pw' } } },
      basic('me', 'pw'),
    ],
    [
      'the host as a URL',
      { auths: { [`https://${HOST}/v2/`]: { auth: base64('me:pw') } } },
      basic('me', 'pw'),
    ],
    [
      'an identity token',
      { auths: { [HOST]: { auth: base64('me:'), identitytoken: 'refresh' } } },
      { kind: 'identity token', token: 'refresh' },
    ],
    [
      'a registry token',
      { auths: { [HOST]: { registrytoken: 'bearer' } } },
      { kind: 'registry token', token: 'bearer' },
    ],
    ['nothing for this host', { auths: { 'gcr.io': { auth: base64('me:pw') } } }, { kind: 'anonymous' }],
    [
      'a longer name that ends like this host',
      {
        auths: {
          [`x${HOST}`]: { auth: base64('me:pw') },
          [`${HOST}.evil.example`]: { auth: base64('me:pw') },
        },
      },
      { kind: 'anonymous' },
    ],
    [
      'a path below this host',
      { auths: { [`${HOST}/acme`]: { auth: base64('me:pw') } } },
      { kind: 'anonymous' },
    ],
    ['the empty entry that a store leaves', { auths: { [HOST]: {} } }, { kind: 'anonymous' }],
    ['an empty object', {}, { kind: 'anonymous' }],
  ])('with %s is understood', async (_name, config, expected) => {
    expect(await credentialIn(config)).toEqual(expected);
  });

  it('that does not exist holds no credentials', async () => {
    const source = dockerConfigCredentials({ env: { DOCKER_CONFIG: join(folder, 'nowhere') } });
    expect(await source.forHost(HOST, 'read')).toEqual({ kind: 'anonymous' });
  });

  it.each<[name: string, config: unknown, message: RegExp]>([
    ['is not JSON', '{"auths": {', /is not JSON/],
    ['is a list', '[]', /not an object/],
    ['has "auths" of another type', { auths: [] }, /"auths" is not an object/],
    ['has an "auth" without a colon', { auths: { [HOST]: { auth: base64('nothing') } } }, /USER:PASSWORD/],
    [
      'has a user without a password',
      { auths: { [HOST]: { username: 'me' } } },
      /lacks a user or a password/,
    ],
    ['names a helper with a path in it', { credHelpers: { [HOST]: '../evil' } }, /not the name of a program/],
    ['names a helper that is not there', { credHelpers: { [HOST]: 'absent' } }, /not on the PATH/],
  ])('that %s is an error, not the absence of credentials', async (_name, config, message) => {
    await expect(credentialIn(config)).rejects.toMatchObject({
      code: 'CREDENTIALS_INVALID',
      message: expect.stringMatching(message),
    });
  });
});

describe('a credential helper', () => {
  it('is asked for the host and answers with user and secret', async () => {
    await helper('good', `echo '{"ServerURL":"x","Username":"_dcgcr_2_0_0_token","Secret":"ya29.'$host'"}'`);
    expect(await credentialIn({ credHelpers: { [HOST]: 'good' } })).toEqual(
      basic('_dcgcr_2_0_0_token', `ya29.${HOST}`),
    );
  });

  it.each<[name: string, script: string, expected: Credential]>([
    [
      'docker-credential-gcr',
      `echo '{"ServerURL":"https://${HOST}","Username":"_dcgcr_2_0_0_token","Secret":"ya29.x"}'`,
      basic('_dcgcr_2_0_0_token', 'ya29.x'),
    ],
    [
      'docker-credential-gcloud',
      `printf '{\n  "Secret": "ya29.x",\n  "Username": "_dcgcloud_token"\n}\n'`,
      basic('_dcgcloud_token', 'ya29.x'),
    ],
    [
      'a helper that warns beside its answer',
      `echo 'WARNING: an update is available' >&2; echo '{"Username":"me","Secret":"s"}'`,
      basic('me', 's'),
    ],
    ['a helper that reads nothing', `exec <&-; echo '{"Username":"me","Secret":"s"}'`, basic('me', 's')],
  ])('as %s answers is understood', async (_name, script, expected) => {
    await helper('known', script);
    expect(await credentialIn({ credHelpers: { [HOST]: 'known' } })).toEqual(expected);
  });

  it('for the host goes before the store, and the store before "auths"', async () => {
    await helper('mine', `echo '{"Username":"mine","Secret":"s"}'`);
    await helper('store', `echo '{"Username":"store","Secret":"s"}'`);
    const auths = { [HOST]: { auth: base64('file:s') } };
    expect(await credentialIn({ credHelpers: { [HOST]: 'mine' }, credsStore: 'store', auths })).toEqual(
      basic('mine', 's'),
    );
    expect(await credentialIn({ credsStore: 'store', auths })).toEqual(basic('store', 's'));
    expect(await credentialIn({ auths })).toEqual(basic('file', 's'));
  });

  it('that has nothing for the host passes on to the next', async () => {
    await helper('none', `echo 'credentials not found in native keychain'; exit 1`);
    const auths = { [HOST]: { auth: base64('file:s') } };
    expect(await credentialIn({ credHelpers: { [HOST]: 'none' }, auths })).toEqual(basic('file', 's'));
    expect(await credentialIn({ credsStore: 'none' })).toEqual({ kind: 'anonymous' });
  });

  it('hands out an identity token under the user <token>', async () => {
    await helper('token', `echo '{"Username":"<token>","Secret":"refresh"}'`);
    expect(await credentialIn({ credsStore: 'token' })).toEqual({ kind: 'identity token', token: 'refresh' });
  });

  it.each<[name: string, script: string, message: RegExp]>([
    ['fails', 'echo secret-in-output; echo secret-in-complaint >&2; exit 3', /failed for .* \(exit 3\)/],
    ['answers no JSON', 'echo secret-in-output', /not JSON/],
    ['answers without a secret', `echo '{"Username":"secret-in-output"}'`, /without "Username" and "Secret"/],
    ['answers a list', `echo '["secret-in-output"]'`, /without "Username" and "Secret"/],
    ['crashes', 'kill -SEGV $$', /failed for .* \(signal SIGSEGV\)/],
    [
      'fails over credentials not found elsewhere',
      'echo "vault: credentials not found in secret-in-path"; exit 1',
      /failed for .* \(exit 1\)/,
    ],
    ['never ends', 'sleep 60', /did not answer .* within 300 ms/],
    ['never ends in a process of its own', 'sleep 60 & wait', /did not answer .* within 300 ms/],
    ['floods', 'yes secret-in-output', /failed for .* \(more than 262144 bytes\)/],
  ])('that %s is an error that names it and shows nothing it said', async (_name, script, message) => {
    await helper('bad', script);
    const failure = await credentialIn({ credHelpers: { [HOST]: 'bad' } }, 300).then(
      () => null,
      (thrown: unknown) => thrown as Error,
    );
    expect(failure).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    expect(failure?.message).toMatch(message);
    expect(failure?.message).toContain('docker-credential-bad');
    expect(failure?.message).not.toContain('secret-in');
  });
});

function basic(username: string, password: string): Credential {
  return { kind: 'basic', username, password };
}
