import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pushImage, pushIndex } from '../../local/registry/index.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { MANIFEST_MEDIA_TYPES } from '../../shared/core/manifest.ts';
import type { Restoration } from '../../shared/core/restoration.ts';
import { warden } from '../support/command.ts';
import { type DockerRegistry, startDockerRegistry } from '../support/docker-registry.ts';
import { describeWithPeers } from '../support/peer.ts';

const POLICY = `apiVersion: gcr-warden/v1
policy: pull-requests
repositories: ["*/acme/**"]
mode: enforce
limits: { share: 100% }
delete:
  - pull-requests: { tags: { glob: "pr-*" } }
`;

describeWithPeers(['docker-registry'], 'what was deleted from plain distribution', () => {
  let registry: DockerRegistry;
  let directory: string;
  let repository: string;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    directory = await mkdtemp(join(tmpdir(), 'warden-restore-'));
    repository = `${registry.host}/acme/api`;
    await writeFile(join(directory, 'policy.yaml'), POLICY);
  });
  afterAll(async () => {
    await registry?.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** What the registry serves for a tag or a digest, asked without any of our clients. */
  const served = async (reference: string) => {
    const reply = await fetch(`http://${registry.host}/v2/acme/api/manifests/${reference}`, {
      headers: { Accept: MANIFEST_MEDIA_TYPES.join(', ') },
    });
    const bytes = Buffer.from(await reply.arrayBuffer());
    return { status: reply.status, type: reply.headers.get('content-type'), digest: sha256(bytes) };
  };
  const run = async (words: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await warden([
      ...words,
      '--ledger',
      join(directory, 'ledger.sqlite'),
    ]);
    expect({ exitCode, stderr }, stdout).toEqual({ exitCode: 0, stderr: '' });
    return stdout;
  };

  it('comes back as it was: an index of two platforms with its signature, and an image with two tags', async () => {
    const target = { registry: registry.host, name: 'acme/api' };
    const image = (text: string, tags: readonly string[]) =>
      pushImage({ ...target, tags, layers: [{ bytes: Buffer.from(text) }] });
    await image('kept', ['1.0.0']);
    const two = await image('two tags', ['pr-2', 'pr-3']);
    const platforms = [await image('amd64', ['pr-a']), await image('arm64', ['pr-b'])];
    const index = await pushIndex({ ...target, children: platforms, tags: ['pr-1'] });
    const signature = `${index.digest.replace(':', '-')}.sig`;
    await image('signature', [signature]);
    const references = ['pr-1', 'pr-2', 'pr-3', 'pr-a', 'pr-b', signature, two.digest, index.digest];
    const before = await Promise.all(references.map(served));

    const plan = join(directory, 'plan.json');
    await run(['plan', '--policies', directory, '--out', plan, `${registry.host}/acme`]);
    const applied = JSON.parse(await run(['apply', plan, '--yes', '--json'])) as { runId: string }[];
    for (const { status } of await Promise.all(references.map(served))) expect(status).toBe(404);
    expect(JSON.parse(await readFile(plan, 'utf8'))).toMatchObject({ repositories: [{ repository }] });

    const { manifests, tags } = JSON.parse(
      await run(['restore', '--json', applied[0]?.runId ?? '']),
    ) as Restoration;
    expect(await Promise.all(references.map(served))).toEqual(before);
    expect([manifests.length, tags.length]).toEqual([5, 6]);
    expect(new Set([...manifests, ...tags].map(({ outcome }) => outcome.kind))).toEqual(
      new Set(['restored']),
    );

    // The hold keeps it from the next run.
    const next = await run(['plan', '--policies', directory, `${registry.host}/acme`]);
    expect(next).toMatch(/0 of 6 manifests and 0 tags would go/);
  }, 90_000);
});
