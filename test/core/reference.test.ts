import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  artifactRegistryImage,
  formatImageReference,
  formatRepository,
  formatTarget,
  hostKind,
  isLoopback,
  isTag,
  locationOf,
  parseImageReference,
  parseRegistry,
  parseRepository,
  parseTarget,
  projectOf,
  projectPath,
  repositoryAt,
  withinTarget,
} from '../../shared/core/reference.ts';
import { digestOf } from './estate.ts';
import { checkProperty } from './property.ts';

const DIGEST = digestOf('api');

describe('image references', () => {
  const good = [
    ['a gcr.io image', 'gcr.io/acme/api', 'gcr.io', 'acme/api', null, null],
    ['a tag', 'gcr.io/acme/api:1.2.3', 'gcr.io', 'acme/api', '1.2.3', null],
    ['a digest', `gcr.io/acme/api@${DIGEST}`, 'gcr.io', 'acme/api', null, DIGEST],
    ['a tag and a digest', `gcr.io/acme/api:v1@${DIGEST}`, 'gcr.io', 'acme/api', 'v1', DIGEST],
    ['a port', 'localhost:5000/acme/api:v1', 'localhost:5000', 'acme/api', 'v1', null],
    ['an IPv6 host', '[::1]:5000/acme/api', '[::1]:5000', 'acme/api', null, null],
    ['localhost without a port', 'localhost/acme/api', 'localhost', 'acme/api', null, null],
    ['a domain-scoped project', 'gcr.io/example.com/p/api', 'gcr.io', 'example.com/p/api', null, null],
    [
      'image names with slashes',
      'us-docker.pkg.dev/p/r/a/b/c:x',
      'us-docker.pkg.dev',
      'p/r/a/b/c',
      'x',
      null,
    ],
    ['separators', 'gcr.io/a__b/c--d.e_f', 'gcr.io', 'a__b/c--d.e_f', null, null],
    ['a tag of 128 characters', `gcr.io/p/a:${'t'.repeat(128)}`, 'gcr.io', 'p/a', 't'.repeat(128), null],
    ['a tag in capitals', 'gcr.io/p/a:_Release-1', 'gcr.io', 'p/a', '_Release-1', null],
  ] as const;

  it.each(good)('reads %s', (_row, text, host, name, tag, digest) => {
    expect(parseImageReference(text)).toEqual({ repository: { host, name }, tag, digest });
  });

  const bad = [
    ['nothing', ''],
    ['no host (Docker Hub is never meant)', 'acme/api'],
    ['a bare name', 'ubuntu'],
    ['an empty host', '/acme/api'],
    ['no name', 'gcr.io/'],
    ['a host in capitals', 'GCR.io/acme/api'],
    ['a scheme', 'https://gcr.io/acme/api'],
    ['a user before the host', 'me@gcr.io/acme/api'],
    ['a name in capitals', 'gcr.io/acme/API'],
    ['an empty component', 'gcr.io/acme//api'],
    ['a climbing component', 'gcr.io/acme/../api'],
    ['a query', 'gcr.io/acme/api?x=1'],
    ['an encoded slash', 'gcr.io/acme%2fapi'],
    ['a separator at an end', 'gcr.io/acme-/api'],
    ['three underscores', 'gcr.io/a___b/api'],
    ['an empty tag', 'gcr.io/acme/api:'],
    ['a tag that begins with a dot', 'gcr.io/acme/api:.x'],
    ['a tag that begins with a dash', 'gcr.io/acme/api:-x'],
    ['a tag of 129 characters', `gcr.io/p/a:${'t'.repeat(129)}`],
    ['a short digest', 'gcr.io/acme/api@sha256:abc'],
    ['a digest in capitals', `gcr.io/acme/api@${DIGEST.toUpperCase()}`],
    ['another hash', `gcr.io/acme/api@sha512:${'0'.repeat(128)}`],
    ['a digest and more', `gcr.io/acme/api@${DIGEST}x`],
    ['a tag after the digest', `gcr.io/acme/api@${DIGEST}:v1`],
    ['a line end', 'gcr.io/acme/api\n'],
    ['a port of 0', 'localhost:0/acme/api'],
    ['a port that is none', 'localhost:65536/acme/api'],
    ['a port of six digits', 'localhost:100000/acme/api'],
    ['a port without digits', 'localhost:/acme/api'],
    ['a name of 256 characters', `gcr.io/${'a'.repeat(256)}`],
  ] as const;

  it.each(bad)('refuses %s', (_row, text) => {
    expect(() => parseImageReference(text)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID', message: expect.stringContaining('Write HOST/') }),
    );
  });

  it('shows at most 300 characters of what it refuses', () => {
    expect(() => parseImageReference(`gcr.io/${'A'.repeat(100_000)}`)).toThrow(/^.{1,900}$/);
  });

  it('prints what it read so that it reads the same again', () => {
    const component = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
    const reference = fc.record({
      repository: fc.record({
        host: fc.constantFrom(
          ...['gcr.io', 'us.gcr.io', 'eu.gcr.io', 'asia.gcr.io', 'us-docker.pkg.dev', 'localhost'],
          ...['docker.europe-west1.rep.pkg.dev', 'localhost:5000', '[::1]:80', 'registry.example.com:65535'],
        ),
        name: fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/')),
      }),
      tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)),
      digest: fc.option(fc.string().map(digestOf)),
    });
    checkProperty(reference, (one) => {
      expect(parseImageReference(formatImageReference(one))).toEqual(one);
      expect(parseRepository(formatRepository(one.repository))).toEqual(one.repository);
      const target = { host: one.repository.host, prefix: one.repository.name };
      expect(parseTarget(formatTarget(target))).toEqual(target);
      expect(parseRegistry(one.repository.host).host).toBe(one.repository.host);
    });
  });
});

describe('repositories and targets', () => {
  it.each(['gcr.io/acme/api:v1', `gcr.io/acme/api@${DIGEST}`])('is no repository: %s', (text) => {
    expect(() => parseRepository(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
  });

  it.each([
    ['gcr.io/acme', { host: 'gcr.io', prefix: 'acme' }],
    ['gcr.io/acme/services/', { host: 'gcr.io', prefix: 'acme/services' }],
  ])('reads target %s', (text, target) => {
    expect(parseTarget(text)).toEqual(target);
    expect(formatTarget(target)).toBe(text.replace(/\/$/, ''));
  });

  it.each([
    ['itself', 'gcr.io', 'acme/services', true],
    ['what lies below', 'gcr.io', 'acme/services/api/v2', true],
    ['not a name that only begins alike', 'gcr.io', 'acme/services-old/api', false],
    ['not its parent', 'gcr.io', 'acme', false],
    ['not another host', 'eu.gcr.io', 'acme/services', false],
  ])('a target holds %s', (_row, host, name, within) => {
    expect(withinTarget({ host: 'gcr.io', prefix: 'acme/services' }, { host, name })).toBe(within);
  });

  it.each([
    ['acme/api', 'acme'],
    ['acme', 'acme'],
    ['example.com/playground/api', 'example.com:playground'],
  ])('%s belongs to project %s', (name, project) => {
    expect(projectOf({ host: 'gcr.io', name })).toBe(project);
  });
});

describe('Artifact Registry’s names', () => {
  const names = [
    ['gcr.io/acme/api', 'us', 'acme', 'gcr.io', 'api'],
    ['us.gcr.io/acme/api', 'us', 'acme', 'us.gcr.io', 'api'],
    ['eu.gcr.io/acme/a/b/c', 'europe', 'acme', 'eu.gcr.io', 'a/b/c'],
    ['asia.gcr.io/acme/api', 'asia', 'acme', 'asia.gcr.io', 'api'],
    ['gcr.io/example.com/my-project/img', 'us', 'example.com:my-project', 'gcr.io', 'img'],
    ['us-docker.pkg.dev/acme/services/api', 'us', 'acme', 'services', 'api'],
    ['europe-west1-docker.pkg.dev/acme/services/a/b', 'europe-west1', 'acme', 'services', 'a/b'],
    [
      'us-docker.pkg.dev/example.com/my-project/services/api',
      'us',
      'example.com:my-project',
      'services',
      'api',
    ],
  ] as const;

  it.each(names)('%s is named there and back', (text, location, project, repository, image) => {
    const named = { location, project, repository, image };
    expect(artifactRegistryImage(parseRepository(text))).toEqual(named);
    expect(formatRepository(repositoryAt(named))).toBe(text);
  });

  it.each([
    ['us-docker.pkg.dev/acme/gcr.io/api', 'gcr.io/acme/api'],
    ['europe-docker.pkg.dev/example.com/p/eu.gcr.io/a/b', 'eu.gcr.io/example.com/p/a/b'],
    ['docker.europe-west1.rep.pkg.dev/acme/services/api', 'europe-west1-docker.pkg.dev/acme/services/api'],
  ])('%s is %s under another name', (alias, name) => {
    const image = artifactRegistryImage(parseRepository(alias));
    expect(image).toEqual(artifactRegistryImage(parseRepository(name)));
    expect(image === null ? null : formatRepository(repositoryAt(image))).toBe(name);
  });

  it('are not mixed up where a repository only has the name of another location’s host', () => {
    const image = artifactRegistryImage(parseRepository('asia-docker.pkg.dev/acme/gcr.io/api'));
    expect(image === null ? null : formatRepository(repositoryAt(image))).toBe(
      'asia-docker.pkg.dev/acme/gcr.io/api',
    );
  });

  it.each([
    'gcr.io/acme',
    'gcr.io/example.com/my-project',
    'us-docker.pkg.dev/acme/services',
    'us-docker.pkg.dev/acme',
    'localhost:5000/acme/services/api',
    'mirror.gcr.io/library/alpine',
  ])('are not made up for %s', (text) => {
    expect(artifactRegistryImage(parseRepository(text))).toBeNull();
  });

  it('name every image once, whatever it is called', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,5}[a-z0-9]$/);
    const image = fc.record({
      location: fc.constantFrom('us', 'europe', 'asia', 'europe-west1', 'northamerica-northeast2'),
      project: fc.oneof(
        word,
        fc.tuple(word, word).map(([domain, id]) => `${domain}.com:${id}`),
      ),
      repository: fc.oneof(word, fc.constantFrom('gcr.io', 'us.gcr.io', 'eu.gcr.io', 'asia.gcr.io')),
      image: fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    });
    checkProperty(image, (one) => {
      const repository = repositoryAt(one);
      expect(artifactRegistryImage(parseRepository(formatRepository(repository)))).toEqual(one);
      expect(projectOf(repository)).toBe(one.project);
      expect(repository.name.startsWith(`${projectPath(one.project)}/`)).toBe(true);
    });
  });
});

describe('hosts', () => {
  const kinds = [
    ['gcr.io', 'google'],
    ['eu.gcr.io', 'google'],
    ['us-docker.pkg.dev', 'google'],
    ['europe-west1-docker.pkg.dev', 'google'],
    ['northamerica-northeast2-docker.pkg.dev', 'google'],
    ['docker.us-east4.rep.pkg.dev', 'google'],
    ['mirror.gcr.io', 'other'],
    ['marketplace.gcr.io', 'other'],
    ['us-docker-pkg.dev', 'other'],
    ['us-docker.pkg.dev.evil.example', 'other'],
    ['xgcr.io', 'other'],
    ['gcr.io:443', 'other'],
    ['us-docker.pkg.dev:8443', 'other'],
    ['docker.evil.rep.pkg.dev', 'other'],
    ['localhost:5000', 'loopback'],
    ['127.0.0.1', 'loopback'],
    ['[::1]:5000', 'loopback'],
    ['127.0.0.1.example.com', 'other'],
    ['localhost.example.com', 'other'],
    ['10.0.0.1', 'other'],
  ] as const;

  it.each(kinds)('%s is %s', (host, kind) => {
    expect(hostKind(host)).toBe(kind);
    expect(isLoopback(host)).toBe(kind === 'loopback');
    expect(parseRegistry(host)).toEqual({ host, kind, location: locationOf(host) });
    expect(locationOf(host) === null).toBe(kind !== 'google');
  });
});

describe('tags', () => {
  it.each([
    ['v1.2.3', true],
    ['_', true],
    ['', false],
    ['.hidden', false],
    ['-x', false],
    ['a/b', false],
    ['a b', false],
    ['a\n', false],
    ['é', false],
  ])('%j is a tag: %s', (text, answer) => {
    expect(isTag(text)).toBe(answer);
  });
});

describe('locations', () => {
  it.each([
    ['gcr.io', 'us'],
    ['us.gcr.io', 'us'],
    ['eu.gcr.io', 'europe'],
    ['asia.gcr.io', 'asia'],
    ['europe-docker.pkg.dev', 'europe'],
    ['europe-west1-docker.pkg.dev', 'europe-west1'],
    ['docker.us-east4.rep.pkg.dev', 'us-east4'],
  ])('%s keeps its images in %s', (host, location) => {
    expect(locationOf(host)).toBe(location);
  });

  it.each(['', 'GCR.io', 'gcr.io/acme', 'https://gcr.io', 'ubuntu', 'localhost:0', 'me@gcr.io'])(
    'are not asked of %j, which is no registry',
    (text) => {
      expect(() => parseRegistry(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
    },
  );
});
