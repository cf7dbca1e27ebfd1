import { spawnSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOOGLE_PACE } from '../../shared/adapters/http/pace.ts';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { REQUIRED_APIS } from '../../shared/core/doctor/api.ts';
import { EXPIRING_COLLECTIONS } from '../../shared/core/doctor/checks/ledger.ts';
import { AUDIT_FUNCTIONS, CLEANING_FUNCTIONS } from '../../shared/core/doctor/deployment.ts';
import { FUNCTIONS } from '../../tools/bundle.ts';
import { blocksOf, inputTable, outputTable } from '../../tools/terraform-docs.ts';
import { describeWithPeers } from '../support/peer.ts';

const folder = fileURLToPath(new URL('../../terraform', import.meta.url));
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const variables = blocksOf('variable', read('variables.tf'));
const outputs = blocksOf('output', read('outputs.tf'));

/** Read by functions, and for whoever deploys them by hand: what the module leaves out, and why. */
const LEFT_OUT: readonly string[] = [
  // Findings are told on the topic of notifications, as runs are.
  'GCR_WARDEN_FINDING_TOPIC',
];

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
  const [, collections = ''] = /expiring_collections = toset\(\[(.*?)\]\)/s.exec(source) ?? [];
  const expiring = [...collections.matchAll(/"([\w-]+)"/g)].map(([, name]) => name);

  it('deploys the functions that are bundled', () => {
    const block = /^ {2}all_functions = \{\n([\s\S]*?)^ {2}\}$/m.exec(read('functions.tf'))?.[1] ?? '';
    const deployed = [...block.matchAll(/^ {4}([a-z-]+) = \{$/gm)].map(([, name]) => name);
    expect(deployed.sort()).toEqual([...FUNCTIONS].sort());
  });

  it('sets the environment variables that the functions read, each or by intent not', () => {
    const settings = readFileSync(join(folder, '../functions/settings.ts'), 'utf8');
    const namesIn = (text: string): string[] => [...new Set(text.match(/GCR_WARDEN_[A-Z_]+/g))].sort();
    expect([...namesIn(source), ...LEFT_OUT].sort()).toEqual(namesIn(settings));
  });

  it('has documents of the ledger expire in the collections that the page on it names', () => {
    const page = readFileSync(join(folder, '../docs/ledger.md'), 'utf8');
    const [, retention = ''] = /^## Retention$([\s\S]*?)^## /m.exec(page) ?? [];
    const rows = [...retention.matchAll(/^\| (`.+?`) \| (.+) \|$/gm)].filter(
      ([, , when]) => !when?.startsWith('never'),
    );
    const told = rows.flatMap(([, names = '']) => [...names.matchAll(/`([\w-]+)`/g)].map(([, name]) => name));
    expect(told.length).toBeGreaterThan(3);
    expect([...expiring].sort()).toEqual(told.sort());
  });

  it('takes the index from the fields that the page on the ledger names, and from none that is asked for', () => {
    const page = readFileSync(join(folder, '../docs/ledger.md'), 'utf8');
    const [, section = ''] = page.split('## Indexes that are switched off');
    const told = [...section.matchAll(/^\| `([\w-]+)` \| (`.+`) \|$/gm)].flatMap(
      ([, collection, fields = '']) =>
        [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => `${collection}.${field}`),
    );
    const [, list = ''] = /unasked_fields = \{\n([\s\S]*?)^ {2}\}$/m.exec(read('ledger.tf')) ?? [];
    const off = [...list.matchAll(/^ {4}([\w-]+) += \[(.*)\]$/gm)].flatMap(([, collection, fields = '']) =>
      [...fields.matchAll(/"(\w+)"/g)].map(([, field]) => `${collection}.${field}`),
    );
    expect(off.length).toBeGreaterThan(20);
    expect(off.sort()).toEqual(told.sort());
    // Of each file of the adapter, whatever it asks for in any of its collections.
    const adapter = join(folder, '../shared/adapters/ledger/firestore');
    const asked = readdirSync(adapter).flatMap((file) => {
      const text = readFileSync(join(adapter, file), 'utf8');
      const collections = [...text.matchAll(/\bcollection(?:\(|: )'([\w-]+)'(?: \| '([\w-]+)')?/g)].flatMap(
        ([, one, other]) => [one, other],
      );
      const fields = [...text.matchAll(/\.(?:where|orderBy)\('(\w+)'/g)].map(([, field]) => field);
      return collections.flatMap((collection) => fields.map((field) => `${collection}.${field}`));
    });
    expect(asked).toContain('intents.openRepository');
    expect(asked).toContain('uses.repositoryName');
    // Leases are asked for by it, which are in the same file. The ledger's own test has each collection by itself.
    expect(off.filter((field) => asked.includes(field))).toEqual(['pushes.untilMs']);
  });

  it('counts entries that the functions really write', () => {
    const written = ['functions', 'shared/app']
      .flatMap((place) => globSync(`${place}/**/*.ts`, { cwd: join(folder, '..') }))
      .map((file) => readFileSync(join(folder, '..', file), 'utf8'))
      .join('\n');
    const alerts = read('alerts.tf');
    const filters = [...alerts.matchAll(/filter +(?:=|=>) (".*")$/gm)]
      .map(([, text = '']) => text.replaceAll('\\"', "'"))
      .filter((text) => text.includes('jsonPayload'));
    expect(filters.length).toBeGreaterThan(5);
    for (const filter of filters) {
      const messages = [...filter.matchAll(/'([a-z][a-z ]+ [a-z ]+)'/g)].map(([, message]) => message);
      expect(messages.length, filter).toBeGreaterThan(0);
      for (const message of messages) expect(written).toContain(`, '${message}', {`);
      // Whole when no field is asked for; a field is one of the entry's keys.
      for (const [, field = ''] of filter.matchAll(/jsonPayload\.(\w+)/g)) {
        if (field !== 'message') expect(written).toMatch(new RegExp(`^ +${field}[:,]`, 'm'));
      }
    }
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
      'roles/cloudfunctions.viewer',
      // Of Google's agents, on the key that `kms_key` names.
      'roles/cloudkms.cryptoKeyEncrypterDecrypter',
      'roles/compute.viewer',
      'roles/container.viewer',
      // Of Pub/Sub's agent, on the account that it calls functions with; of people, on accounts that are apart.
      'roles/iam.serviceAccountTokenCreator',
      'roles/logging.logWriter',
      // Of audit, on the organisation that `audit_organization` names.
      'roles/orgpolicy.policyViewer',
      'roles/policyanalyzer.activityAnalysisViewer',
      'roles/pubsub.publisher',
      'roles/pubsub.subscriber',
      // Of people who put dead letters back, on the subscriptions that those came from.
      'roles/pubsub.viewer',
      'roles/run.invoker',
      // Of clean, only on what `in_use` names.
      'roles/run.viewer',
      'roles/storage.objectViewer',
    ]);
  });

  const permissions = [...source.matchAll(/"(\w+(?:\.\w+)+)"/g)].map(([, permission]) => permission ?? '');

  it('grants these permissions to change something and no others', () => {
    const changing = new Set(
      permissions.filter((permission) =>
        /\.(?:create|update|delete|set|upload|sign|allocate)\w*$/.test(permission),
      ),
    );
    expect([...changing].sort()).toEqual([
      // Of clean, only where it may delete.
      'artifactregistry.repositories.deleteArtifacts',
      // Of the account that restores.
      'artifactregistry.repositories.uploadArtifacts',
      // Of both; it can't overturn a tag.
      'artifactregistry.tags.create',
      // Of the ledger.
      'datastore.entities.allocateIds',
      'datastore.entities.create',
      'datastore.entities.delete',
      'datastore.entities.update',
    ]);
  });

  it('has one role that can delete from a registry, and makes it only where deleting is allowed', () => {
    const deletes =
      /^(?:artifactregistry\.(?:repositories|packages|versions|tags|files|dockerimages)\.delete|storage\.(?:objects|buckets)\.delete)/;
    // Google's own roles, as far as our table has them.
    const table = JSON.parse(
      readFileSync(join(folder, '../test/fixtures/google/predefined-roles.json'), 'utf8'),
    ) as { roles: Record<string, { permissions: readonly string[] } | undefined> };
    const granted = [...source.matchAll(/"(roles\/[\w.]+)"/g)].map(([, role = '']) => role);
    expect(granted.flatMap((role) => table.roles[role]?.permissions ?? []).length).toBeGreaterThan(50);
    expect(
      granted.flatMap((role) => table.roles[role]?.permissions ?? []).filter((one) => deletes.test(one)),
    ).toEqual([]);
    expect(permissions.filter((permission) => deletes.test(permission))).toEqual([
      'artifactregistry.repositories.deleteArtifacts',
    ]);
    const deleters = [
      ...read('registries.tf').matchAll(/^resource "\w+" "deleter" \{\n {2}for_each +=(.*)$/gm),
    ];
    expect(deleters.length).toBe(3);
    // All of them come from one list, which is empty unless it is allowed.
    const lists = deleters.map(([, list = '']) => list.trim().replace(/^local\./, ''));
    expect(lists.sort()).toEqual([
      'deletable_projects',
      'deletable_repositories',
      'deletable_whole_projects',
    ]);
    for (const list of lists) {
      const [, made = ''] =
        new RegExp(`^ {2}${list} += (.*(?:\\n {4}.*)*)`, 'm').exec(read('registries.tf')) ?? [];
      expect(made).toContain('for place in local.deletable_places :');
    }
    expect(read('registries.tf')).toMatch(/^ {2}deletable_places = !var\.allow_deletion \? \[\] : /m);
  });

  it('has a section for each alert in the page on operations, and none for another', () => {
    const page = readFileSync(join(folder, '../docs/operations.md'), 'utf8');
    const [, alerts = ''] = page.split(/^## Alerts$/m);
    const sections = [...alerts.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title.replaceAll(' ', '-'));
    const file = read('alerts.tf');
    const [, counted = ''] = /log_metrics = \{([\s\S]*?)^ {2}\}$/m.exec(file) ?? [];
    const names = [...counted.matchAll(/^ {4}(\w+) = \{$/gm)].map(([, name = '']) =>
      name.replaceAll('_', '-'),
    );
    const linked = [...file.matchAll(/\$\{local\.runbook\}#([a-z-]+)"/g)].map(([, anchor]) => anchor);
    const policies = file.match(/^resource "google_monitoring_alert_policy"/gm) ?? [];
    // One resource for all counters, and each other has its link.
    expect(linked.length).toBe(policies.length - 1);
    expect([...names, ...linked].sort()).toEqual(sections.sort());
  });

  it('has the charts that the page on operations explains, in that order', () => {
    const page = readFileSync(join(folder, '../docs/operations.md'), 'utf8');
    const [, table = ''] = /^## Read the dashboard$([\s\S]*?)^## /m.exec(page) ?? [];
    const rows = [...table.matchAll(/^\| (.+?) \|/gm)].map(([, name = '']) => name).slice(1);
    const titles = [...read('dashboard.tf').matchAll(/\{ title = "(.+?)",/g)].map(([, title = '']) => title);
    expect(titles.length).toBe(rows.length);
    for (const [index, title] of titles.entries()) expect(title.startsWith(rows[index] ?? '-')).toBe(true);
  });

  it('is what doctor looks for', () => {
    const always = /setunion\([^[]*\[([\s\S]*?)\]\)/.exec(read('apis.tf'))?.[1] ?? '';
    expect([...always.matchAll(/"([\w.]+)"/g)].map(([, api]) => api)).toEqual(REQUIRED_APIS);
    expect(expiring).toEqual(EXPIRING_COLLECTIONS);
    expect([...CLEANING_FUNCTIONS, ...AUDIT_FUNCTIONS].sort()).toEqual([...FUNCTIONS].sort());
  });

  it('makes no key', () => {
    expect(source).not.toContain('google_service_account_key');
  });
});

describeWithPeers(['terraform'], 'terraform', () => {
  let place = '';
  let copy = '';

  /** Runs terraform in a copy, so that what it downloads and writes stays out of the tree. */
  const terraform = (args: readonly string[], below = '.') => {
    const plugins = join(tmpdir(), 'gcr-warden-terraform-plugins');
    mkdirSync(plugins, { recursive: true });
    const run = spawnSync('terraform', [...args, '-no-color'], {
      cwd: join(copy, below),
      encoding: 'utf8',
      // A test of all runs takes a minute on a quiet machine.
      timeout: args[0] === 'test' ? 600_000 : 90_000,
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
    place = mkdtempSync(join(tmpdir(), 'gcr-warden-terraform-'));
    copy = join(place, 'terraform');
    cpSync(folder, copy, { recursive: true, filter: (path) => !/[\\/]\.terraform/.test(path) });
    // The schemas that the module holds policies against.
    cpSync(join(folder, '../policies'), join(place, 'policies'), { recursive: true });
  });

  afterAll(() => {
    rmSync(place, { recursive: true, force: true });
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
  }, 700_000);

  it('says of each broken policy what is wrong', ({ skip }) => {
    const why = whyNoProvider('.');
    skip(why !== null, why ?? '');
    // The test that expects the refusal, without expecting it: so that the refusal is shown.
    const validations = readFileSync(join(copy, 'tests/validations.tftest.hcl'), 'utf8');
    const file = 'tests/shown.tftest.hcl';
    const header = validations.slice(0, validations.indexOf('\nrun '));
    writeFileSync(
      join(copy, file),
      `${header}\nrun "shows_it" {\n  command = plan\n  variables {\n    policies_folder = "./tests/fixtures/broken"\n  }\n}\n`,
    );
    const { text } = terraform(['test', `-filter=${file}`]);
    rmSync(join(copy, file));
    const shown = text.replace(/\n[│ ]*/g, ' ');
    for (const problem of [
      'cut.yaml is no YAML.',
      'no-policy.yaml is no policy: it has no keys.',
      'unknown-key.yaml: there is no key "deletes" in a policy.',
      '_defaults.yaml: there is no key "default" in defaults.',
      'missing-key.yaml: "repositories" is missing.',
      'wrong-version.yaml: apiVersion has to be gcr-warden/v1.',
      'wrong-mode.yaml: mode has to be plan or enforce.',
      'unknown-condition.yaml: there is no condition "olderthan" in a delete rule (old).',
      'below/twice.yml and twice.yaml name the same policy "twice".',
    ]) {
      expect(shown).toContain(problem);
    }
    // The one that is right is in the file beside a broken one, and nothing is said of it.
    expect(shown).not.toContain('"right"');
  }, 700_000);

  for (const example of readdirSync(join(folder, 'examples'))) {
    it(`finds the example ${example} valid, and its test passes`, ({ skip }) => {
      const below = join('examples', example);
      const why = whyNoProvider(below);
      skip(why !== null, why ?? '');
      expect(terraform(['validate'], below)).toMatchObject({ status: 0 });
      const tested = terraform(['test'], below);
      expect(tested.text).toMatch(/Success! \d+ passed, 0 failed\./);
      expect(tested.status).toBe(0);
    }, 700_000);
  }
});

describe('the policies of the examples', () => {
  it.each(readdirSync(join(folder, 'examples')))('are right in %s', async (example) => {
    const { policies, problems } = await readPolicyFolder(
      join(folder, 'examples', example, 'policies'),
    ).read();
    expect(problems).toEqual([]);
    expect(policies.length).toBeGreaterThan(example === 'audit-only' ? -1 : 0);
  });
});

describe('checkov', () => {
  it('finds nothing in the module and its examples that is not explained where it stands', ({ skip }) => {
    // No failure under CI=true either: it is a large program in Python, and the module can be tested without it.
    const isThere = spawnSync('checkov', ['--version'], { timeout: 60_000 }).status === 0;
    skip(!isThere, 'not run: checkov not installed');
    // Without the platform's policies, which it would fetch.
    const run = spawnSync(
      'checkov',
      ['--directory', folder, '--framework', 'terraform', '--skip-download', '--compact', '--output', 'json'],
      { encoding: 'utf8', timeout: 150_000, maxBuffer: 64 * 1024 * 1024 },
    );
    const report = JSON.parse(run.stdout) as {
      readonly results: {
        readonly failed_checks: readonly { readonly check_id: string; readonly resource: string }[];
        readonly skipped_checks: readonly { readonly check_result: { readonly suppress_comment: string } }[];
      };
      readonly summary: { readonly passed: number; readonly parsing_errors: number };
    };
    expect(report.results.failed_checks.map(({ check_id, resource }) => `${check_id} ${resource}`)).toEqual(
      [],
    );
    expect(report.summary.parsing_errors).toBe(0);
    expect(report.summary.passed).toBeGreaterThan(50);
    for (const { check_result } of report.results.skipped_checks) {
      expect(check_result.suppress_comment.length).toBeGreaterThan(20);
    }
  }, 700_000);
});
