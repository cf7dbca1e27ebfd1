import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Plan } from '../../shared/core/plan.ts';
import { succeed, warden } from '../support/command.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';
import { startGgcrRegistry } from '../support/ggcr-registry.ts';
import { imageWith, writeOciLayout } from '../support/oci-layout.ts';
import { describeWithPeers, type Peer } from '../support/peer.ts';

const POLICY = `apiVersion: gcr-warden/v1
policy: pull-requests
repositories: ["*/acme/**"]
mode: enforce
delete:
  - pull-requests: { tags: { glob: "pr-*" } }
`;

interface PlainRegistry {
  readonly host: string;
  close(): Promise<void>;
}

/** Whether a digest takes its tags along; where it doesn't, they go on serving what was deleted. */
interface Kind {
  readonly title: string;
  readonly program: Peer;
  readonly start: () => Promise<PlainRegistry>;
  readonly keepsTags: readonly string[];
}

const REGISTRIES: readonly Kind[] = [
  { title: 'plain distribution', program: 'docker-registry', start: startDockerRegistry, keepsTags: [] },
  {
    title: "go-containerregistry's registry",
    program: 'ggcr-registry',
    start: startGgcrRegistry,
    keepsTags: ['pr-1'],
  },
];

for (const { title, program, start, keepsTags } of REGISTRIES) {
  describeWithPeers([program, 'skopeo'], `plan and apply on ${title} that skopeo filled`, () => {
    let registry: PlainRegistry;
    let directory: string;
    let repository: string;

    beforeAll(async () => {
      registry = await start();
      directory = await mkdtemp(join(tmpdir(), 'warden-plain-'));
      repository = `${registry.host}/acme/api`;
      const images = {
        '1.0.0': imageWith('one'),
        'pr-1': imageWith('pull request'),
        '1.1.0': imageWith('two'),
      };
      await writeOciLayout(join(directory, 'layout'), images);
      for (const tag of Object.keys(images)) await copy(`oci:${directory}/layout:${tag}`, tag);
      // The same digest under a release tag and a pull request's: it may not go with the pull request.
      await copy(`oci:${directory}/layout:1.1.0`, 'pr-2');
      await writeFile(join(directory, 'policy.yaml'), POLICY);
    });
    afterAll(async () => {
      await registry?.close();
      await rm(directory, { recursive: true, force: true });
    });

    const copy = (from: string, tag: string): Promise<string> =>
      succeed('skopeo', ['copy', '--dest-tls-verify=false', from, `docker://${repository}:${tag}`]);
    const tags = async (): Promise<string[]> => {
      const listed = await succeed('skopeo', ['list-tags', '--tls-verify=false', `docker://${repository}`]);
      return (JSON.parse(listed) as { Tags: string[] }).Tags.sort();
    };
    const ledger = (): string[] => ['--ledger', join(directory, 'ledger.sqlite')];

    it('lists what is there', async () => {
      const { exitCode, stdout } = await warden(['list', '--json', `${registry.host}/acme`]);
      expect(exitCode).toBe(0);
      const { listings } = JSON.parse(stdout) as { listings: { repository: string; manifests: unknown[] }[] };
      expect(listings.map((listing) => [listing.repository, listing.manifests.length])).toEqual([
        [repository, 3],
      ]);
    });

    it('plans the pull request alone, deletes it, leaves everything else, and explains it', async () => {
      const file = join(directory, 'plan.json');
      const planned = await warden([
        'plan',
        '--policies',
        directory,
        ...ledger(),
        '--out',
        file,
        `${registry.host}/acme`,
      ]);
      expect(planned.stderr).toBe('');
      expect(planned.exitCode).toBe(0);
      const plan = JSON.parse(await readFile(file, 'utf8')) as Plan;
      const steps = plan.repositories.flatMap((one) => one.steps);
      expect(steps.map((step) => (step.kind === 'untag' ? step.tag : step.kind))).toEqual(['pr-1', 'delete']);
      expect(await tags()).toEqual(['1.0.0', '1.1.0', 'pr-1', 'pr-2']);

      const applied = await warden(['apply', file, ...ledger(), '--yes']);
      expect(await tags()).toEqual(['1.0.0', '1.1.0', ...keepsTags, 'pr-2']);

      const again = await warden(['apply', file, ...ledger(), '--yes']);
      const outcomes = [applied.stdout, again.stdout];
      if (keepsTags.length > 0) {
        // The tag still serves the image: neither it nor the digest passes for deleted.
        for (const said of outcomes) expect(said).toMatch(/tag pr-1 still serves it/);
        for (const said of outcomes) expect(said).not.toMatch(/deleted 1 |already gone/);
      } else {
        expect(applied.exitCode).toBe(0);
        expect(outcomes[0]).toMatch(/deleted 1 tag and 1 digest/);
        expect(outcomes[1]).toMatch(/already gone 1 tag and 1 digest/);
      }

      const explained = await warden(['explain', ...ledger(), `${repository}:pr-1`]);
      expect(explained.stdout).toMatch(/rule pull-requests of policy pull-requests \(policy.yaml:6\)/);
      expect(explained.stdout).toMatch(
        keepsTags.length > 0
          ? /delete the manifest: blocked: .* still serves it/
          : /delete the manifest: deleted/,
      );
    });

    it('skips a tag that was moved to another image after the plan', async () => {
      await copy(`oci:${directory}/layout:pr-1`, 'pr-3');
      const file = join(directory, 'moved.json');
      await warden(['plan', '--policies', directory, ...ledger(), '--out', file, `${registry.host}/acme`]);
      await copy(`oci:${directory}/layout:1.0.0`, 'pr-3');
      const applied = await warden(['apply', file, ...ledger(), '--yes']);
      expect(applied.stdout).toMatch(/skipped: moved/);
      expect(await tags()).toEqual(['1.0.0', '1.1.0', ...keepsTags, 'pr-2', 'pr-3']);
    });
  });
}
