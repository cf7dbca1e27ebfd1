import { expect, it } from 'vitest';
import { scopeOf } from '../../shared/core/limit-scope.ts';

it.each([
  ['europe-docker.pkg.dev/acme/services/api', 'europe-docker.pkg.dev/acme/services', 'acme'],
  ['europe-docker.pkg.dev/acme/services/team/api', 'europe-docker.pkg.dev/acme/services', 'acme'],
  ['us-docker.pkg.dev/acme/gcr.io/api', 'us-docker.pkg.dev/acme/gcr.io', 'acme'],
  ['gcr.io/acme/api', 'us-docker.pkg.dev/acme/gcr.io', 'acme'],
  [
    'us-docker.pkg.dev/example.com/acme/services/api',
    'us-docker.pkg.dev/example.com/acme/services',
    'example.com/acme',
  ],
  ['localhost:5050/acme/services/api', 'localhost:5050/acme/services', 'localhost:5050/acme'],
])('counts %s in %s and in project %s', (name, repository, project) => {
  expect([scopeOf(name, 'repository'), scopeOf(name, 'project')]).toEqual([repository, project]);
});
