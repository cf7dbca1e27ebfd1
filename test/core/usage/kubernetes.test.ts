import { describe, expect, it } from 'vitest';
import { usesOfKubernetes } from '../../../shared/core/usage/kubernetes.ts';

const API = 'europe-docker.pkg.dev/acme/services/api';
const digest = (digit: string): `sha256:${string}` => `sha256:${digit.repeat(64)}`;
const CREATED = '2026-01-10T08:00:00Z';
const sinceMs = Date.parse(CREATED);

const containers = (image: string): object => ({ containers: [{ name: 'api', image }] });
const meta = (name: string, more: object = {}): object => ({
  metadata: { namespace: 'prod', name, creationTimestamp: CREATED, ...more },
});
const template = (image: string): object => ({ template: { spec: containers(image) } });

function read(objects: readonly object[], rollbackDepth = 2) {
  return usesOfKubernetes(objects, { rollbackDepth, where: null, kind: 'Pod' });
}
const images = (objects: readonly object[], rollbackDepth?: number): (string | null)[] =>
  read(objects, rollbackDepth).map(({ tag, digest: found }) => found ?? tag);

describe('objects of Kubernetes', () => {
  it.each([
    ['Deployment', { spec: template(`${API}:1`) }],
    ['ReplicaSet', { spec: template(`${API}:1`) }],
    ['ReplicationController', { spec: template(`${API}:1`) }],
    ['StatefulSet', { spec: template(`${API}:1`) }],
    ['DaemonSet', { spec: template(`${API}:1`) }],
    ['Job', { spec: template(`${API}:1`) }],
    ['CronJob', { spec: { jobTemplate: { spec: template(`${API}:1`) } } }],
    [
      'ControllerRevision',
      { data: { spec: { template: { $patch: 'replace', spec: containers(`${API}:1`) } } } },
    ],
    ['Rollout', { spec: template(`${API}:1`) }],
    ['PodTemplate', template(`${API}:1`)],
    ['Pod', { spec: containers(`${API}:1`) }],
  ])('tell what they would start: %s', (kind, body) => {
    expect(read([{ kind, ...meta('api'), ...body }])).toEqual([
      {
        repository: API,
        digest: null,
        tag: '1',
        by: `${kind.toLowerCase()} prod/api (container api)`,
        sinceMs,
      },
    ]);
  });

  it('tell the digest that each container of a pod runs, init and ephemeral ones too', () => {
    const named = (name: string) => ({ name, image: `${API}:1` });
    const runs = (name: string, digit: string) => ({ name, imageID: `${API}@${digest(digit)}` });
    const pod = {
      kind: 'Pod',
      ...meta('api'),
      spec: {
        containers: [named('api')],
        initContainers: [named('init')],
        ephemeralContainers: [named('debug')],
      },
      status: {
        containerStatuses: [runs('api', 'a')],
        initContainerStatuses: [runs('init', 'b')],
        ephemeralContainerStatuses: [runs('debug', 'c')],
      },
    };
    expect(images([pod])).toEqual([digest('a'), digest('b'), digest('c')]);
  });

  it.each<[string, string, string | undefined, (string | null)[]]>([
    [
      'a digest in its name and another that it resolved to',
      `${API}@${digest('a')}`,
      `${API}@${digest('b')}`,
      [digest('b'), digest('a')],
    ],
    ['the digest of its configuration only, which is no manifest', `${API}:1`, digest('a'), ['1']],
    ['no tag, which is the tag latest', API, undefined, ['latest']],
    [
      'a name of Docker Hub, and a digest',
      'nginx:1',
      `docker.io/library/nginx@${digest('a')}`,
      [digest('a')],
    ],
    ['a name of Docker Hub, and nothing else', 'nginx:1', undefined, []],
  ])('count a container with %s', (_title, image, imageID, expected) => {
    const status = { containerStatuses: [{ name: 'api', imageID }] };
    expect(images([{ kind: 'Pod', ...meta('api'), spec: containers(image), status }])).toEqual(expected);
  });

  it('name where they are', () => {
    const pod = { ...meta('api'), spec: containers(`${API}:1`) };
    const [use] = usesOfKubernetes([pod], { rollbackDepth: 0, where: 'cluster prod', kind: 'Pod' });
    expect(use?.by).toBe('pod prod/api (container api) in cluster prod');
  });

  const owned = (kind: string, more: object = {}) => ({
    ownerReferences: [{ kind, uid: 'u1', controller: true }],
    ...more,
  });
  const replicaSet = (revision: number, replicas: number, owner = 'Deployment') => ({
    kind: 'ReplicaSet',
    ...meta(
      `api-${revision}`,
      owned(owner, { annotations: { 'deployment.kubernetes.io/revision': `${revision}` } }),
    ),
    spec: { replicas, ...template(`${API}:${revision}`) },
    status: { replicas },
  });

  it('count old ReplicaSets as far back as one rolls back, and those with pods always', () => {
    const all = [replicaSet(1, 0), replicaSet(2, 3), replicaSet(3, 0), replicaSet(4, 0), replicaSet(5, 1)];
    expect(images(all, 1)).toEqual(['2', '4', '5']);
    expect(images(all, 0)).toEqual(['2', '5']);
    expect(images(all, 9)).toEqual(['1', '2', '3', '4', '5']);
  });

  it('count ReplicaSets that no Deployment owns, or that tell no revision', () => {
    const nameless = { ...replicaSet(1, 0), ...meta('api', owned('Deployment')) };
    expect(images([replicaSet(1, 0, 'Rollout'), replicaSet(2, 0, 'Rollout'), nameless], 0)).toEqual([
      '1',
      '2',
      '1',
    ]);
  });

  it('count the current ControllerRevision and those before it', () => {
    const revision = (number: number) => ({
      kind: 'ControllerRevision',
      ...meta(`api-${number}`, owned('StatefulSet')),
      revision: number,
      data: { spec: template(`${API}:${number}`) },
    });
    expect(images([revision(1), revision(2), revision(3)], 1)).toEqual(['2', '3']);
  });

  it('are passed over where they have no pods', () => {
    expect(
      read([
        { kind: 'Service', ...meta('api'), spec: { ports: [] } },
        { kind: 'ConfigMap', ...meta('c') },
      ]),
    ).toEqual([]);
  });

  it.each(['Pod', 'Deployment', 'CronJob'])('are refused where a %s has no containers to read', (kind) => {
    expect(() => read([{ kind, ...meta('api') }])).toThrow(/prod\/api has no list of containers/);
  });
});
