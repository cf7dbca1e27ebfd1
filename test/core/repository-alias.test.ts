import { describe, expect, it } from 'vitest';
import { canonicalRepository, repositoryNames } from '../../shared/core/repository-alias.ts';

describe('the names of one repository', () => {
  it.each([
    ['gcr.io/acme/api', 'us-docker.pkg.dev/acme/gcr.io/api'],
    ['us.gcr.io/acme/team/api', 'us-docker.pkg.dev/acme/us.gcr.io/team/api'],
    ['eu.gcr.io/example.com/acme/api', 'europe-docker.pkg.dev/example.com/acme/eu.gcr.io/api'],
    ['asia.gcr.io/acme/api', 'asia-docker.pkg.dev/acme/asia.gcr.io/api'],
    ['docker.europe-west1.rep.pkg.dev/acme/services/api', 'europe-west1-docker.pkg.dev/acme/services/api'],
  ])('%s is also %s', (name, canonical) => {
    expect(canonicalRepository(name)).toBe(canonical);
    expect(canonicalRepository(canonical)).toBe(canonical);
    expect(repositoryNames(name)).toEqual(expect.arrayContaining([name, canonical]));
    expect(repositoryNames(canonical)).toEqual(expect.arrayContaining([name, canonical]));
  });

  it.each([
    'mirror.gcr.io/acme/api',
    'registry.example.com/acme/api',
    'localhost:5050/acme/api',
    'gcr.io/acme',
    '',
  ])('%j is itself', (name) => {
    expect(canonicalRepository(name)).toBe(name);
    expect(repositoryNames(name)).toEqual([name]);
  });

  it('never are those of another host', () => {
    expect(canonicalRepository('gcr.io/acme/api')).not.toBe(canonicalRepository('us.gcr.io/acme/api'));
    expect(canonicalRepository('europe-docker.pkg.dev/acme/gcr.io/api')).not.toBe(
      canonicalRepository('gcr.io/acme/api'),
    );
  });
});
