import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildLayer, pushImage } from '../../../local/registry/index.ts';
import type { Catalog, Listing } from '../../../shared/core/listing.ts';
import { type Ended, warden } from '../../support/command.ts';
import { FULL_TOKEN, type GoogleWorld, READ_TOKEN, startGoogleWorld } from '../../support/google-world.ts';

const TARGET = 'gcr.io/acme/api';
const OAUTH = 'oauth2.googleapis.com/token';
const STS = 'sts.googleapis.com/v1/token';
const IMPERSONATE =
  'iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/cleaner@acme.iam.gserviceaccount.com:generateAccessToken';
const READ_ONLY = ['cloud-platform.read-only', 'devstorage.read_only'];

let world: GoogleWorld;

beforeAll(async () => {
  world = await startGoogleWorld();
  for (const tag of ['v1', 'pr-1']) {
    await pushImage({
      registry: world.registry.host,
      name: 'acme/api',
      tags: [tag],
      layers: [{ bytes: buildLayer([{ path: 'app', content: tag }]) }],
      credential: { username: 'oauth2accesstoken', password: FULL_TOKEN },
    });
  }
});
afterAll(() => world.close());
beforeEach(() => {
  world.forget();
});

/** Runs a command with these Application Default Credentials. */
async function wardenAs(credentials: unknown, args: readonly string[]): Promise<Ended> {
  const path = await world.file('adc.json', credentials);
  return warden(args, { ...world.env, GOOGLE_APPLICATION_CREDENTIALS: path });
}

/** The tags that `list` finds; fails where the listing is not complete. */
function tagsIn({ stdout, stderr, exitCode }: Ended): string[] {
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const { catalog, listings } = JSON.parse(stdout) as { catalog: Catalog; listings: Listing[] };
  expect([catalog, ...listings].map(({ completeness }) => completeness.kind)).toEqual([
    'complete',
    'complete',
  ]);
  return listings.flatMap(({ manifests }) => manifests.flatMap(({ tags }) => tags)).sort();
}

const tokensSent = (): Set<string> => new Set(world.registryRequests.map(({ token }) => token));

const user = (): Record<string, string> => ({
  type: 'authorized_user',
  client_id: 'client.apps.googleusercontent.com',
  client_secret: 'client-secret',
  refresh_token: '1//refresh-token',
});

async function federated(impersonates: boolean): Promise<Record<string, unknown>> {
  return {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `https://${STS}`,
    credential_source: { file: await world.file('subject-token', 'subject-token') },
    ...(impersonates ? { service_account_impersonation_url: `https://${IMPERSONATE}` } : {}),
  };
}

// Each starts processes.
describe('Application Default Credentials', { timeout: 120_000 }, () => {
  it.each<[name: string, credentials: () => unknown, asked: [at: string, scopes: string[]][]]>([
    ['a service account’s key file', () => world.serviceAccountKey(), [[OAUTH, READ_ONLY]]],
    [
      'an impersonated service account',
      () => ({
        type: 'impersonated_service_account',
        service_account_impersonation_url: `https://${IMPERSONATE}`,
        source_credentials: user(),
      }),
      [
        [OAUTH, []],
        [IMPERSONATE, READ_ONLY],
      ],
    ],
    ['workload identity federation', () => federated(false), [[STS, READ_ONLY]]],
    [
      'workload identity federation that impersonates a service account',
      () => federated(true),
      [
        [STS, ['cloud-platform']],
        [IMPERSONATE, READ_ONLY],
      ],
    ],
  ])('of %s read a registry with a token that can’t delete', async (_name, credentials, asked) => {
    expect(tagsIn(await wardenAs(await credentials(), ['list', '--json', TARGET]))).toEqual(['pr-1', 'v1']);
    expect(world.asked.map(({ at, scopes }) => [at, scopes])).toEqual(asked);
    expect(tokensSent()).toEqual(new Set([READ_TOKEN]));
  });

  it('of a person are what that person was granted, whatever they are wanted for', async () => {
    expect(tagsIn(await wardenAs(user(), ['list', '--json', TARGET]))).toEqual(['pr-1', 'v1']);
    expect(world.asked).toMatchObject([{ at: OAUTH, fields: { refresh_token: '1//refresh-token' } }]);
    expect(tokensSent()).toEqual(new Set([FULL_TOKEN]));
  });

  it('are asked for the right to delete by apply alone, and for its deletes alone', async () => {
    const policies = await world.folder('policies', {
      'services.yaml': [
        'apiVersion: gcr-warden/v1',
        'policy: services',
        'repositories: ["gcr.io/acme/**"]',
        'mode: enforce',
        'delete:',
        '  - pull-requests: { tags: { glob: "pr-*" } }',
      ].join('\n'),
    });
    const plan = await world.file('plan.json', '');
    const key = world.serviceAccountKey();
    const planned = await wardenAs(key, ['plan', '--policies', policies, '--out', plan, 'gcr.io/acme']);
    expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
    expect(world.asked.map(({ scopes }) => scopes)).toEqual([READ_ONLY]);
    expect(tokensSent()).toEqual(new Set([READ_TOKEN]));

    world.forget();
    expect(await wardenAs(key, ['apply', '--yes', plan])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(new Set(world.asked.map(({ scopes }) => scopes.join()))).toEqual(
      new Set([READ_ONLY.join(), 'cloud-platform']),
    );
    const sent = (token: string) => world.registryRequests.filter((one) => one.token === token);
    expect(sent(FULL_TOKEN).filter(({ method }) => method === 'DELETE')).toHaveLength(2);
    expect(sent(READ_TOKEN).every(({ method }) => method === 'GET' || method === 'HEAD')).toBe(true);
    expect(sent(READ_TOKEN).length).toBeGreaterThan(0);
  });
});

describe('a proxy', { timeout: 60_000 }, () => {
  it('sees the names of hosts and nothing else', async () => {
    await wardenAs(world.serviceAccountKey(), ['list', TARGET]);
    expect(new Set(world.proxied.map((line) => line.split(' ')[1]))).toEqual(
      new Set(['gcr.io:443', 'oauth2.googleapis.com:443']),
    );
    for (const line of world.proxied) {
      expect(line.toLowerCase()).not.toContain('authorization');
      for (const secret of world.secrets) expect(line).not.toContain(secret);
    }
  });

  it('that refuses is an error that shows nothing of its address', async () => {
    const { HTTPS_PROXY = '' } = world.env;
    const proxy = HTTPS_PROXY.replace('http://', 'http://me:proxy-password@');
    // Waits before further attempts are random; the end of the run is not.
    const args = ['list', '--deadline', '3s', 'us.gcr.io/acme'];
    const ended = await warden(args, { ...world.env, HTTPS_PROXY: proxy });
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout + ended.stderr).toContain('https://us.gcr.io/v2/');
    expect(ended.stdout + ended.stderr).not.toContain('proxy-password');
    expect(world.proxied[0]?.toLowerCase()).toContain('proxy-authorization');
  });

  it('is left out for the hosts of NO_PROXY, and for this machine', async () => {
    const env = { ...world.env, NO_PROXY: 'us.gcr.io', GCR_WARDEN_LOG: 'error' };
    await warden(['list', `${world.registry.host}/acme`], env);
    expect(world.proxied).toEqual([]);
  });
});

describe('a certificate that nobody vouches for', { timeout: 60_000 }, () => {
  it('ends it at once', async () => {
    const ended = await warden(['list', TARGET], { ...world.env, NODE_EXTRA_CA_CERTS: '' });
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toMatch(/SELF_SIGNED_CERT|UNABLE_TO_VERIFY/);
    expect(world.registryRequests).toEqual([]);
  });
});
