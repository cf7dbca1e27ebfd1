import { expect, it } from 'vitest';
import { registryBucketNames } from '../../../shared/core/audit/access.ts';

it.each([
  [
    'acme',
    [
      'artifacts.acme.appspot.com',
      'us.artifacts.acme.appspot.com',
      'eu.artifacts.acme.appspot.com',
      'asia.artifacts.acme.appspot.com',
    ],
  ],
  [
    'example.com:acme',
    [
      'artifacts.acme.example.com.a.appspot.com',
      'us.artifacts.acme.example.com.a.appspot.com',
      'eu.artifacts.acme.example.com.a.appspot.com',
      'asia.artifacts.acme.example.com.a.appspot.com',
    ],
  ],
])('the buckets that Container Registry made for %s', (project, names) => {
  expect(registryBucketNames(project)).toEqual(names);
});
