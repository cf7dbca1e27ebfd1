import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLayer, type LocalRegistry, pushImage, startLocalRegistry } from '../../local/registry/index.ts';
import type { Listing } from '../../shared/core/listing.ts';
import { type Ended, warden } from '../support/command.ts';

/** A registry, a folder of policies and a ledger for commands that run as real processes. */
export interface Stage {
  readonly registry: LocalRegistry;
  /** `HOST/acme`, with a repository `api`. */
  readonly target: string;
  /** A path in the stage's own folder. */
  path(name: string): string;
  /** Writes a folder with these policy files, and gives its path. */
  policies(name: string, files: Readonly<Record<string, string>>): Promise<string>;
  /** Runs a command with the stage's ledger and nobody's credentials. */
  warden(args: readonly string[]): Promise<Ended>;
  /** The tags that the registry itself has for `acme/api` now, sorted. */
  tags(): Promise<string[]>;
  close(): Promise<void>;
}

/** Deletes what pull requests left. */
export function pullRequests(mode: 'plan' | 'enforce', more = ''): string {
  return `apiVersion: gcr-warden/v1
policy: pull-requests
repositories: ["*/acme/**"]
mode: ${mode}
${more}delete:
  - pull-requests: { tags: { glob: "pr-*" } }
`;
}

/** Starts a stage on which `acme/api` has an image under each tag, dated by the registry's clock. */
export async function openStage(tags: readonly string[], clock: () => number = Date.now): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'warden-cli-'));
  const registry = await startLocalRegistry({ directory: join(directory, 'registry'), now: clock });
  for (const tag of tags) {
    const layers = [{ bytes: buildLayer([{ path: 'app', content: tag }]) }];
    await pushImage({ registry: registry.host, name: 'acme/api', tags: [tag], layers });
  }
  const target = `${registry.host}/acme`;
  const path = (name: string): string => join(directory, name);
  const run = (args: readonly string[]): Promise<Ended> =>
    warden(args, {
      DOCKER_CONFIG: directory,
      GCR_WARDEN_LEDGER: path('ledger.sqlite'),
      GOOGLE_CLOUD_PROJECT: '',
    });
  return {
    registry,
    target,
    path,
    async policies(name, files) {
      const folder = await mkdtemp(path(`${name}-`));
      for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
      return folder;
    },
    warden: run,
    async tags() {
      const { stdout } = await run(['list', '--json', target]);
      const { listings } = JSON.parse(stdout) as { listings: Listing[] };
      return listings.flatMap(({ manifests }) => manifests.flatMap((manifest) => manifest.tags)).sort();
    },
    async close() {
      await registry.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
