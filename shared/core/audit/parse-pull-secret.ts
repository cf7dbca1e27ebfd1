import { type Fact, known, unknown } from '../fact.ts';
import { record, text } from '../usage/field.ts';
import {
  type KeyIdentity,
  PULL_SECRET_TYPES,
  type PullSecret,
  type PullSecretEntry,
  type PullSecretType,
} from './pull-secret.ts';

/** What a secret says by itself, before anybody has looked who uses it. */
export type ParsedPullSecret = Pick<PullSecret, 'namespace' | 'name' | 'type' | 'entries'>;

/** A secret has at most 1 MiB, and each host some bytes of it; more hosts than this nobody has. */
const ENTRIES_MAX = 1000;
const HOST_CHARACTERS_MAX = 300;

/**
 * Reads a pull secret as the Kubernetes API answers it, both forms of it
 * (https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets). Of a key file only its id and
 * its account are kept: the private key and every password are gone when this returns, and no error tells a part of
 * them.
 * @returns null for a secret of another type, or without a name
 */
export function parsePullSecret(object: unknown): ParsedPullSecret | null {
  const secret = record(object);
  const { metadata, data } = { metadata: record(secret['metadata']), data: record(secret['data']) };
  const type = PULL_SECRET_TYPES.find((one) => one === secret['type']);
  const namespace = text(metadata['namespace']);
  const name = text(metadata['name']);
  if (type === undefined || namespace === null || name === null) return null;
  return { namespace, name, type, entries: entriesOf(type, data) };
}

function entriesOf(
  type: PullSecretType,
  data: Readonly<Record<string, unknown>>,
): Fact<readonly PullSecretEntry[]> {
  const isOld = type === 'kubernetes.io/dockercfg';
  const config = jsonOf(decoded(data[isOld ? '.dockercfg' : '.dockerconfigjson']));
  if (config === null) return unknown('its text is no configuration of docker');
  const auths = isOld ? config : objectOf(config['auths'] ?? {});
  if (auths === null) return unknown('its "auths" is no object');
  const hosts = Object.keys(auths);
  if (hosts.length > ENTRIES_MAX) return unknown(`it names more than ${ENTRIES_MAX} registries`);
  return known(
    hosts.sort().map((host) => ({
      host: host.slice(0, HOST_CHARACTERS_MAX),
      credential: credentialOf(record(auths[host])),
    })),
  );
}

function credentialOf(entry: Readonly<Record<string, unknown>>): PullSecretEntry['credential'] {
  // As the kubelet: what is in `auth` goes before the two fields.
  const pair = decoded(entry['auth']);
  const colon = pair?.indexOf(':') ?? -1;
  // At the first colon only: a key file holds many.
  const user = pair === null || colon < 0 ? text(entry['username']) : pair.slice(0, colon);
  const password = pair === null || colon < 0 ? text(entry['password']) : pair.slice(colon + 1);
  switch (user) {
    case '_json_key':
      return { kind: 'key', key: identityOf(password) };
    case '_json_key_base64':
      return { kind: 'key', key: identityOf(decoded(password)) };
    case 'oauth2accesstoken':
      return { kind: 'access token' };
    default:
      return { kind: 'other' };
  }
}

/** The two names in a key file. `JSON.parse` makes texts of their own of them, which hold nothing of the file. */
function identityOf(file: string | null): Fact<KeyIdentity> {
  const key = jsonOf(file);
  if (key === null) return unknown('its password is no key file');
  const keyId = text(key['private_key_id']);
  const account = text(key['client_email']);
  // Somebody may have put the key itself where a name belongs.
  if (keyId === null || !/^[0-9A-Za-z_-]{1,64}$/.test(keyId)) return unknown('its key file has no id');
  if (account === null || !/^[^\s@/]{1,100}@[A-Za-z0-9.-]{1,253}$/.test(account)) {
    return unknown('its key file names no account');
  }
  return known({ keyId, account });
}

function jsonOf(content: string | null): Readonly<Record<string, unknown>> | null {
  if (content === null) return null;
  try {
    return objectOf(JSON.parse(content));
  } catch {
    // What the parser says shows a piece of the text.
    return null;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? record(value) : null;
}

/** Base64 in either alphabet, padded or not, with line breaks; null where it is none. */
function decoded(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  try {
    const bytes = atob(value.trim().replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder('utf-8', { fatal: true }).decode(
      Uint8Array.from(bytes, (character) => character.charCodeAt(0)),
    );
  } catch {
    return null;
  }
}
