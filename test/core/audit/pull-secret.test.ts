import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runChecks } from '../../../shared/core/audit/index.ts';
import { parsePullSecret } from '../../../shared/core/audit/parse-pull-secret.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import { DAY_MS } from '../../../shared/core/units.ts';
import { dockercfg, dockerconfigjson, keyFile, PRIVATE } from '../../support/pull-secret.ts';
import { checkProperty } from '../property.ts';
import { accountsWith, keyWith, NOW_MS, pullSecretWith, repliesWith } from './replies.ts';

const CI = 'ci@acme.iam.gserviceaccount.com';
const KEY = { keyId: 'a1b2', account: CI };

function credentials(secret: object): unknown {
  const parsed = parsePullSecret(secret);
  return parsed?.entries.kind === 'known'
    ? parsed.entries.value.map(({ host, credential }) => [host, credential])
    : parsed?.entries;
}

describe('a pull secret', () => {
  const file = keyFile(KEY);
  const base64 = Buffer.from(file).toString('base64');
  const pair = (user: string, password: string) => ({
    auth: Buffer.from(`${user}:${password}`).toString('base64'),
  });
  const ofKey = [['eu.gcr.io', { kind: 'key', key: known(KEY) }]];
  it.each([
    ['with `_json_key` in auth', pair('_json_key', file), ofKey],
    ['with `_json_key` in two fields', { username: '_json_key', password: file }, ofKey],
    ['with `_json_key_base64` in auth', pair('_json_key_base64', base64), ofKey],
    ['with `_json_key_base64` in two fields', { username: '_json_key_base64', password: base64 }, ofKey],
    [
      'with auth that says other than the fields, as the kubelet reads it',
      { ...pair('_json_key', file), username: 'x', password: 'y' },
      ofKey,
    ],
    ['with an access token', pair('oauth2accesstoken', 'ya29.x'), [['eu.gcr.io', { kind: 'access token' }]]],
    ['with a password', pair('ada', PRIVATE), [['eu.gcr.io', { kind: 'other' }]]],
    ['with nothing', {}, [['eu.gcr.io', { kind: 'other' }]]],
    [
      'with a key file that is none',
      pair('_json_key', PRIVATE),
      [['eu.gcr.io', { kind: 'key', key: unknown('its password is no key file') }]],
    ],
    [
      'with a private key where the id belongs',
      pair('_json_key', keyFile({ keyId: PRIVATE, account: CI })),
      [['eu.gcr.io', { kind: 'key', key: unknown('its key file has no id') }]],
    ],
    [
      'with a private key where the account belongs',
      pair('_json_key', keyFile({ keyId: 'a1b2', account: `${PRIVATE}@x y` })),
      [['eu.gcr.io', { kind: 'key', key: unknown('its key file names no account') }]],
    ],
  ])('%s is read in both types, and nothing of what it guards is kept', (_name, entry, expected) => {
    for (const make of [dockerconfigjson, dockercfg]) {
      const secret = make('shop', 'gcr-key', { 'eu.gcr.io': entry });
      expect(credentials(secret)).toEqual(expected);
      expect(inspect(parsePullSecret(secret), { depth: 20, showHidden: true })).not.toContain(PRIVATE);
    }
  });

  it('of another type is none', () => {
    expect(parsePullSecret({ ...dockercfg('shop', 'x', {}), type: 'Opaque' })).toBeNull();
    expect(parsePullSecret(null)).toBeNull();
  });

  it('whose text is no configuration is unknown, and never a part of the text', () => {
    for (const text of [PRIVATE, `{"auths": "${PRIVATE}"}`, '[]', `{"auths": {"x": ${PRIVATE}`]) {
      const secret = {
        ...dockerconfigjson('shop', 'x', {}),
        data: { '.dockerconfigjson': Buffer.from(text).toString('base64') },
      };
      const parsed = parsePullSecret(secret);
      expect(parsed?.entries.kind).toBe('unknown');
      expect(JSON.stringify(parsed)).not.toContain(PRIVATE);
    }
  });

  it('that may hold anything is read or unknown', () => {
    checkProperty(fc.tuple(fc.jsonValue(), fc.jsonValue(), fc.string()), ([auths, metadata, text]) => {
      const content = Buffer.from(JSON.stringify({ auths })).toString('base64');
      for (const data of [{ '.dockerconfigjson': content }, { '.dockerconfigjson': text }, metadata]) {
        const named = { namespace: 'shop', name: 'x' };
        parsePullSecret({ type: 'kubernetes.io/dockerconfigjson', metadata: named, data });
        parsePullSecret({ type: 'kubernetes.io/dockercfg', metadata, data });
      }
    });
  });
});

describe('pull-secret-key', () => {
  it('says in one line how old a key is, where it is and when it was last used', () => {
    const places = Array.from({ length: 14 }, (_, at) =>
      pullSecretWith({
        cluster: at < 5 ? 'prod' : 'staging',
        namespace: at < 5 ? `team-${at % 4}` : `team-${at % 5}`,
        name: `gcr-${at}`,
      }),
    );
    const findings = runChecks(
      repliesWith({
        accounts: accountsWith(keyWith({ validAfterMs: known(NOW_MS - 412 * DAY_MS) })),
        keyActivity: known([
          {
            account: CI,
            keyId: 'a1b2',
            lastAuthenticatedMs: NOW_MS - DAY_MS,
            observed: known({ fromMs: NOW_MS - 300 * DAY_MS, toMs: NOW_MS }),
          },
        ]),
        pullSecrets: { secrets: places, unseen: [] },
      }),
      NOW_MS,
      DEFAULT_AUDIT_SETTINGS,
    );
    expect(findings.find(({ check }) => check === 'pull-secret-key')?.evidence.sentence).toBe(
      `Key a1b2 of ${CI}, 412 days old, is used by 14 secrets in 9 namespaces of 2 clusters, last authenticated yesterday`,
    );
  });

  it('leaves a secret to the reader that is needed for another registry too, and does not end its key', () => {
    const both = pullSecretWith({
      entries: known([
        { host: 'eu.gcr.io', credential: { kind: 'key', key: known(KEY) } },
        { host: 'docker.io', credential: { kind: 'other' } },
      ]),
    });
    const [finding] = runChecks(
      repliesWith({ accounts: accountsWith(keyWith()), pullSecrets: { secrets: [both], unseen: [] } }),
      NOW_MS,
      DEFAULT_AUDIT_SETTINGS,
    ).filter(({ check }) => check === 'pull-secret-key');
    expect(finding?.remediation.steps.flatMap(({ gcloud }) => gcloud)).toEqual([]);
    expect(finding?.remediation.steps.map(({ say }) => say).join('\n')).toContain('docker.io');
  });
});
