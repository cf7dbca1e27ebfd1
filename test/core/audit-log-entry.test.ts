import { describe, expect, it } from 'vitest';
import { type AuditLogEntry, parseAuditLogEntry } from '../../shared/core/audit-log-entry.ts';
import { digestOf } from './estate.ts';

const DIGEST = digestOf('api');
const AT = '2026-03-14T02:11:07.250913Z';
const OWN: ReadonlySet<string> = new Set(['clean@warden.iam.gserviceaccount.com']);

interface Request {
  readonly method?: string;
  readonly url?: string;
  readonly resource?: string;
  readonly principal?: string | null;
  readonly status?: unknown;
  readonly userAgent?: string;
}

/** An entry as Artifact Registry writes it. */
function entryOf(request: Request = {}): Record<string, unknown> {
  const { method = 'Docker-GetManifest', url = `/v2/acme/services/api/manifests/${DIGEST}` } = request;
  const {
    principal = 'node@acme.iam.gserviceaccount.com',
    status = {},
    userAgent = 'containerd/1.7',
  } = request;
  return {
    insertId: '1x8h3ke2k',
    logName: 'projects/acme/logs/cloudaudit.googleapis.com%2Fdata_access',
    timestamp: AT,
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      status,
      authenticationInfo: principal === null ? {} : { principalEmail: principal },
      requestMetadata: { callerIp: '10.0.0.1', callerSuppliedUserAgent: userAgent },
      serviceName: 'artifactregistry.googleapis.com',
      methodName: method,
      resourceName:
        request.resource ?? 'projects/acme/locations/europe/repositories/services/dockerImages/api',
      request: { '@type': 'type.googleapis.com/…HttpRequest', requestMethod: 'GET', requestUrl: url },
    },
  };
}

function read(entry: unknown): AuditLogEntry {
  return parseAuditLogEntry({ messageId: '1', data: JSON.stringify(entry) }, OWN);
}

function accessOf(request: Request): unknown {
  const found = read(entryOf(request));
  return found.kind === 'access' ? found.access : found;
}

describe('an entry of the audit log', () => {
  it('tells who pulled which digest, where and when', () => {
    expect(accessOf({})).toEqual({
      kind: 'pull',
      repository: 'europe-docker.pkg.dev/acme/services/api',
      project: 'acme',
      digest: DIGEST,
      tag: null,
      atMs: Date.parse(AT),
      principal: 'node@acme.iam.gserviceaccount.com',
      insertId: '1x8h3ke2k',
      disregarded: null,
      hasFailed: false,
      isOwn: false,
    });
  });

  const URL = '/v2/acme/services/api/manifests/';
  const kinds: readonly [string, string, string, object][] = [
    ['a pull by tag', 'Docker-GetManifest', `${URL}v1.2`, { kind: 'pull', tag: 'v1.2', digest: null }],
    ['a look at a digest', 'Docker-HeadManifest', URL + DIGEST, { kind: 'pull', digest: DIGEST }],
    ['a push by tag', 'Docker-PutManifest', `${URL}main`, { kind: 'push', tag: 'main' }],
    ['a deletion', 'Docker-DeleteManifest', URL + DIGEST, { kind: 'delete', digest: DIGEST }],
    ['a tag removed', 'Docker-DeleteTag', `${URL}main`, { kind: 'untag', tag: 'main', digest: null }],
    ['a tag removed by its manifest', 'Docker-DeleteManifest', `${URL}main`, { kind: 'untag', tag: 'main' }],
    [
      'an address with its host and a query',
      'Docker-GetManifest',
      `https://europe-docker.pkg.dev${URL}v1?x=1`,
      { tag: 'v1' },
    ],
    ['an escaped digest', 'Docker-GetManifest', URL + DIGEST.replace(':', '%3A'), { digest: DIGEST }],
  ];
  it.each(kinds)('knows %s', (_row, method, url, expected) => {
    expect(accessOf({ method, url })).toMatchObject(expected);
  });

  const places: readonly [string, string, string, string, string][] = [
    [
      'an image with slashes in its name',
      'projects/acme/locations/us-east1/repositories/r/dockerImages/a%2Fb',
      '/v2/acme/r/a/b/manifests/v1',
      'us-east1-docker.pkg.dev/acme/r/a/b',
      'acme',
    ],
    [
      'an image that is called manifests',
      'projects/acme/locations/us/repositories/r/dockerImages/manifests%2Fx',
      '/v2/acme/r/manifests/x/manifests/v1',
      'us-docker.pkg.dev/acme/r/manifests/x',
      'acme',
    ],
    [
      'a domain-scoped project',
      'projects/example.com:acme/locations/us/repositories/r/dockerImages/a',
      '/v2/example.com/acme/r/a/manifests/v1',
      'us-docker.pkg.dev/example.com/acme/r/a',
      'example.com:acme',
    ],
    [
      'Container Registry',
      'projects/acme/locations/us/repositories/gcr.io/dockerImages/a',
      '/v2/acme/a/manifests/v1',
      'gcr.io/acme/a',
      'acme',
    ],
    [
      'what came from Container Registry, by its new name',
      'projects/acme/locations/europe/repositories/eu.gcr.io/dockerImages/a',
      '/v2/acme/eu.gcr.io/a/manifests/v1',
      'eu.gcr.io/acme/a',
      'acme',
    ],
  ];
  it.each(places)('names %s as the ledger does', (_row, resource, url, repository, project) => {
    expect(accessOf({ resource, url })).toMatchObject({ repository, project, disregarded: null });
  });

  const disregarded: readonly [string, Request, string][] = [
    ['what failed', { status: { code: 5, message: 'not found' } }, 'it failed with code 5'],
    [
      'the warden itself',
      { principal: 'Clean@warden.iam.gserviceaccount.com' },
      'it was an account of the warden',
    ],
    [
      'the scanner by its account',
      { principal: 'service-12@container-analysis.iam.gserviceaccount.com' },
      'Google',
    ],
    [
      'the scanner of today',
      { principal: 'service-12@gcp-sa-containerscanning.iam.gserviceaccount.com' },
      'Google',
    ],
    ['replication', { principal: 'service-12@gcp-sa-artifactregistry.iam.gserviceaccount.com' }, 'Google'],
    ['the scanner by its name', { userAgent: 'ContainerAnalysis/1.0' }, 'it was a vulnerability scan'],
  ];
  it.each(disregarded)('does not count %s, and says why', (_row, request, why) => {
    expect(accessOf(request)).toMatchObject({ kind: 'pull', disregarded: expect.stringContaining(why) });
  });

  const counting: readonly [string, Request][] = [
    ['Cloud Run', { principal: 'service-12@serverless-robot-prod.iam.gserviceaccount.com' }],
    ['whoever Google left out', { principal: null }],
    [
      'an account that only looks like the scanner',
      { principal: 'service-12@container-analysis.iam.gserviceaccount.com.example.org' },
    ],
    ['an entry without a status', { status: undefined }],
    ['a status that is 0', { status: { code: 0 } }],
  ];
  it.each(counting)('counts the pull of %s', (_row, request) => {
    expect(accessOf(request)).toMatchObject({ kind: 'pull', disregarded: null });
  });

  const payload = (over: object) => ({
    ...entryOf(),
    protoPayload: { ...(entryOf()['protoPayload'] as object), ...over },
  });
  const nothings: readonly [string, unknown, string][] = [
    ['another service', payload({ serviceName: 'storage.googleapis.com' }), 'no audit log'],
    ['a text payload', { ...entryOf(), protoPayload: undefined }, 'no audit log'],
    ['a listing of tags', payload({ methodName: 'Docker-ListTags' }), 'Docker-ListTags'],
    ['a layer', entryOf({ url: `/v2/acme/services/api/blobs/${DIGEST}` }), 'names no manifest'],
    ['a request without an address', payload({ request: {} }), 'names no manifest'],
    ['a reference that is none', entryOf({ url: `/v2/acme/services/api/manifests/..%2F` }), 'neither a tag'],
    ['broken escapes', entryOf({ url: '/v2/acme/services/api/manifests/%E0' }), 'names no manifest'],
    [
      'another project than its resource',
      entryOf({ url: '/v2/other/services/api/manifests/v1' }),
      'different images',
    ],
  ];
  it.each(nothings)('makes nothing of %s, and says why', (_row, entry, why) => {
    expect(read(entry)).toEqual({ kind: 'nothing', why: expect.stringContaining(why) });
  });

  const refused: readonly [string, string][] = [
    ['no JSON', 'pull!'],
    ['no object', '[]'],
    ['no time', JSON.stringify({ ...entryOf(), timestamp: 'yesterday' })],
    ['no id', JSON.stringify({ ...entryOf(), insertId: '' })],
  ];
  it.each(refused)('refuses what has %s', (_row, data) => {
    expect(() => parseAuditLogEntry({ messageId: '77', data }, OWN)).toThrow(
      expect.objectContaining({ code: 'LOG_ENTRY_INVALID', message: expect.stringContaining('77') }),
    );
  });
});
