import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOGLE_PACE } from '../../shared/adapters/registry/pace.ts';
import { FUNCTIONS } from '../../tools/bundle.ts';
import { describeWithPeers } from '../support/peer.ts';
import { blocksOf, inputTable, outputTable } from '../support/terraform-docs.ts';

const folder = fileURLToPath(new URL('../../terraform', import.meta.url));
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const variables = blocksOf('variable', read('variables.tf'));
const outputs = blocksOf('output', read('outputs.tf'));

describe('the README of the module', () => {
  it('tells of every variable as it is', () => {
    expect(variables.length).toBeGreaterThan(10);
    expect(read('README.md')).toContain(`## Inputs\n\n${inputTable(variables)}\n`);
  });

  it('tells of every output as it is', () => {
    expect(outputs.length).toBeGreaterThan(3);
    expect(read('README.md')).toContain(`## Outputs\n\n${outputTable(outputs)}\n`);
  });

  it.each([
    ['variables', variables],
    ['outputs', outputs],
  ])('finds the %s sorted and described', (_title, blocks) => {
    const names = blocks.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(blocks.filter(({ description }) => description === '')).toEqual([]);
  });
});

describe('the module', () => {
  const files = readdirSync(folder).filter((file) => file.endsWith('.tf'));
  const source = files.map(read).join('\n');

  it('deploys the functions that are bundled', () => {
    const block = /^ {2}functions = \{\n([\s\S]*?)^ {2}\}$/m.exec(read('functions.tf'))?.[1] ?? '';
    const deployed = [...block.matchAll(/^ {4}([a-z-]+) = \{$/gm)].map(([, name]) => name);
    expect(deployed.sort()).toEqual([...FUNCTIONS].sort());
  });

  it('sets exactly the environment variables that the functions read', () => {
    const settings = readFileSync(join(folder, '../functions/settings.ts'), 'utf8');
    const namesIn = (text: string): string[] => [...new Set(text.match(/GCR_WARDEN_[A-Z_]+/g))].sort();
    expect(namesIn(source)).toEqual(namesIn(settings));
  });

  it('has all instances together ask for at most half of the quota of a project and region', () => {
    const functions = read('functions.tf');
    const instancesOf = (name: string): number =>
      Number(new RegExp(`^ {4}${name} = \\{[\\s\\S]*?max_instances += (\\d+)`, 'm').exec(functions)?.[1]);
    const rate = (name: string): number => {
      const [, quota, share, instances] =
        new RegExp(`${name} += tostring\\(floor\\((\\d+) / (\\d+) / (\\d+)\\)\\)`).exec(functions) ?? [];
      return Math.floor(Number(quota) / Number(share) / Number(instances));
    };
    const asking = instancesOf('clean') + instancesOf('dispatch');
    expect(asking * rate('requests_per_minute')).toBeGreaterThan(29_000);
    expect(asking * rate('requests_per_minute')).toBeLessThanOrEqual(GOOGLE_PACE.requestsPerMinute);
    expect(instancesOf('clean') * rate('deletes_per_minute')).toBe(GOOGLE_PACE.deletesPerMinute);
  });

  it('grants these roles and no others', () => {
    const roles = new Set([...source.matchAll(/"(roles\/[\w.]+)"/g)].map(([, role]) => role));
    expect([...roles].sort()).toEqual([
      'roles/artifactregistry.reader',
      // Of the account that builds, in the repository of the functions' own images.
      'roles/artifactregistry.writer',
      // Of clean, only on what `in_use` names.
      'roles/cloudasset.viewer',
      'roles/compute.viewer',
      'roles/container.viewer',
      'roles/datastore.user',
      'roles/datastore.viewer',
      // Of Pub/Sub's agent, on the account that it calls functions with.
      'roles/iam.serviceAccountTokenCreator',
      'roles/logging.logWriter',
      'roles/policyanalyzer.activityAnalysisViewer',
      'roles/pubsub.publisher',
      'roles/pubsub.subscriber',
      'roles/run.invoker',
      // Of clean, only on what `in_use` names.
      'roles/run.viewer',
      'roles/storage.objectViewer',
    ]);
    const permissions = [...source.matchAll(/"(\w+(?:\.\w+)+)"/g)].map(([, permission]) => permission ?? '');
    const changing = permissions.filter((permission) =>
      /\.(?:create|update|delete|set|upload|sign)\w*$/.test(permission),
    );
    // Both of clean, and only where it may delete; the second can't overturn a tag.
    expect(changing).toEqual([
      'artifactregistry.repositories.deleteArtifacts',
      'artifactregistry.tags.create',
    ]);
  });

  it('makes no key', () => {
    expect(source).not.toContain('google_service_account_key');
  });
});

describeWithPeers(['terraform'], 'terraform', () => {
  let copy = '';

  /** Runs terraform in a copy, so that what it downloads and writes stays out of the tree. */
  const terraform = (args: readonly string[], below = '.') => {
    const plugins = join(tmpdir(), 'gcr-warden-terraform-plugins');
    mkdirSync(plugins, { recursive: true });
    const run = spawnSync('terraform', [...args, '-no-color'], {
      cwd: join(copy, below),
      encoding: 'utf8',
      timeout: 90_000,
      env: { TF_PLUGIN_CACHE_DIR: plugins, ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
    });
    return { status: run.status, stdout: run.stdout, text: `${run.stdout}${run.stderr}` };
  };

  /** Why the provider can't be had here, or null where it can. */
  const whyNoProvider = (below: string): string | null => {
    const { status, text } = terraform(['init', '-backend=false', '-input=false'], below);
    if (status === 0) return null;
    const reason = /Error: ([^\n]+)/.exec(text)?.[1] ?? 'terraform init took too long';
    return `not run: the provider hashicorp/google can't be initialised here (${reason})`;
  };

  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'gcr-warden-terraform-'));
    cpSync(folder, copy, { recursive: true, filter: (path) => !/[\\/]\.terraform/.test(path) });
  });

  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  it('finds every file formatted', () => {
    expect(terraform(['fmt', '-check', '-recursive'])).toMatchObject({ status: 0, stdout: '' });
  });

  it('finds the module valid, and its tests pass against a mocked provider', ({ skip }) => {
    const why = whyNoProvider('.');
    skip(why !== null, why ?? '');
    expect(terraform(['validate'])).toMatchObject({ status: 0 });
    const tested = terraform(['test']);
    expect(tested.text).toMatch(/Success! \d+ passed, 0 failed\./);
    expect(tested.status).toBe(0);
  }, 200_000);

  it('finds every example valid', ({ skip }) => {
    for (const example of readdirSync(join(folder, 'examples'))) {
      const why = whyNoProvider(join('examples', example));
      skip(why !== null, why ?? '');
      expect(terraform(['validate'], join('examples', example))).toMatchObject({ status: 0 });
    }
  }, 200_000);
});
