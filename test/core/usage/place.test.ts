import { describe, expect, it } from 'vitest';
import { DAY_MS, HOUR_MS } from '../../../shared/core/units.ts';
import { parseUsageSource, parseUsageSources, type UsageSource } from '../../../shared/core/usage/place.ts';

const DEFAULTS = { ageMaxMs: DAY_MS, rollbackDepth: 10, revisions: 5, repositories: null };

describe('a source of what is in use', () => {
  it.each<[string, UsageSource['place'], Partial<UsageSource>?]>([
    ['pods.json', { kind: 'file', path: 'pods.json' }],
    ['./a, b:c.json', { kind: 'file', path: './a, b:c.json' }],
    ['file:run:x', { kind: 'file', path: 'run:x' }],
    ['C:\\pods.json', { kind: 'file', path: 'C:\\pods.json' }],
    ['gs://acme/in-use/pods.json', { kind: 'object', bucket: 'acme', object: 'in-use/pods.json' }],
    ['kubeconfig:/home/a/.kube/config', { kind: 'kubeconfig', path: '/home/a/.kube/config', context: null }],
    ['kubeconfig:c#gke_a_b', { kind: 'kubeconfig', path: 'c', context: 'gke_a_b' }],
    ['gke:acme-prod', { kind: 'gke', project: 'acme-prod' }],
    ['run:example.com:acme-prod', { kind: 'run', project: 'example.com:acme-prod' }],
    ['compute:acme-prod', { kind: 'compute', project: 'acme-prod' }],
    ['functions:acme-prod', { kind: 'functions', project: 'acme-prod' }],
    ['asset:organizations/12', { kind: 'asset', scope: 'organizations/12' }, { ageMaxMs: HOUR_MS }],
    ['asset:folders/12,max-age=3h', { kind: 'asset', scope: 'folders/12' }, { ageMaxMs: 3 * HOUR_MS }],
    ['gke:acme-prod,rollback=0', { kind: 'gke', project: 'acme-prod' }, { rollbackDepth: 0 }],
    ['run:acme-prod,revisions=20', { kind: 'run', project: 'acme-prod' }, { revisions: 20 }],
    [
      'p.json,repositories=gcr.io/a/**,max-age=2d,repositories=*/b/*',
      { kind: 'file', path: 'p.json' },
      { ageMaxMs: 2 * DAY_MS, repositories: ['gcr.io/a/**', '*/b/*'] },
    ],
  ])('%s', (text, place, settings = {}) => {
    expect(parseUsageSource(text)).toEqual({ ...DEFAULTS, ...settings, place });
  });

  it.each([
    '',
    'gs://bucket',
    'kubeconfig:',
    'kubeconfig:a#',
    'gke:',
    'gke:a/b',
    'run:../x',
    'asset:acme',
    'asset:organizations/x',
    'asset:projects/..',
    'asset:folders/1/assets',
    'asst:organizations/1',
    'https://example.com/pods.json',
    'pods.json,max-age=soon',
    'pods.json,rollback=-1',
    'pods.json,revisions=1001',
    'pods.json,repositories=',
  ])('is not %j', (text) => {
    expect(() => parseUsageSource(text)).toThrow(expect.objectContaining({ code: 'IN_USE_INVALID' }));
  });

  it('stands on a line of its own where there are several', () => {
    expect(parseUsageSources('\n gke:acme-prod \n\npods.json\n').map(({ place }) => place.kind)).toEqual([
      'gke',
      'file',
    ]);
    expect(parseUsageSources('')).toEqual([]);
  });
});
