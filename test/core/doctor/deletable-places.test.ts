import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { deletablePlaces } from '../../../shared/core/doctor/deletable-places.ts';
import { unknown } from '../../../shared/core/fact.ts';
import { parsePolicyFile } from '../../../shared/core/policy-file/parse.ts';
import { parseTarget } from '../../../shared/core/reference.ts';

const terraform = fileURLToPath(new URL('../../../terraform', import.meta.url));

function placesOf(targets: readonly string[], patterns: readonly string[], exclude: readonly string[] = []) {
  return deletablePlaces(
    targets.map((target) => parseTarget(target)),
    [{ include: patterns, exclude }],
  ).map(({ project, location, repository }) => `${project}/${location}/${repository ?? '*'}`);
}

describe('where a run has to be let delete', () => {
  it.each([
    ['a pattern of everything', 'us-docker.pkg.dev/p/services', '**', ['p/us/services']],
    ['a host and all below it', 'us-docker.pkg.dev/p/services', 'us-docker.pkg.dev/**', ['p/us/services']],
    ['another host', 'us-docker.pkg.dev/p/services', 'gcr.io/**', []],
    ['any host', 'us-docker.pkg.dev/p/services', '*/p/services/**', ['p/us/services']],
    ['another project', 'us-docker.pkg.dev/p/services', '*/q/**', []],
    ['another repository', 'us-docker.pkg.dev/p/services', '*/p/tools/**', []],
    ['a repository that only begins alike', 'us-docker.pkg.dev/p/services', '*/p/service/**', []],
    ['the beginning of a name', 'us-docker.pkg.dev/p/services', '*/p/serv**', ['p/us/services']],
    ['one level', 'us-docker.pkg.dev/p/services', 'us-docker.pkg.dev/p/*/api', ['p/us/services']],
    ['too few components', 'us-docker.pkg.dev/p/services', 'us-docker.pkg.dev/*', []],
    ['a single sign', 'us-docker.pkg.dev/p/services', '*/p/s?rvices/*', ['p/us/services']],
    ['a dot that stands for itself', 'us-docker.pkg.dev/p/services', 'us-dockerxpkg.dev/p/**', []],
    ['anything between', 'us-docker.pkg.dev/p/services', '**/api', ['p/us/services']],
    [
      'a target below',
      'us-docker.pkg.dev/p/services/api',
      'us-docker.pkg.dev/p/services/**',
      ['p/us/services'],
    ],
    ['a sibling of a target below', 'us-docker.pkg.dev/p/services/api', '*/p/services/web/**', []],
    ['a host of Container Registry', 'eu.gcr.io/p', 'eu.gcr.io/p/app', ['p/europe/eu.gcr.io']],
    ['a project of a domain', 'gcr.io/example.com/p', 'gcr.io/example.com/p/**', ['example.com:p/us/gcr.io']],
    ['a project whole', 'us-docker.pkg.dev/p', 'us-docker.pkg.dev/p/**', ['p/us/*']],
    [
      'a repository of a whole project',
      'us-docker.pkg.dev/p',
      'us-docker.pkg.dev/p/tools/**',
      ['p/us/tools'],
    ],
    ['one of several hosts, which may not have it', 'us-docker.pkg.dev/p', '*/p/tools/**', ['p/us/*']],
    ['a registry that is none of Google’s', 'registry.example.com/p', '**', []],
  ])('%s', (_title, target, pattern, places) => {
    expect(placesOf([target], [pattern])).toEqual(places);
  });

  it('names each once, and does not look at what is excluded', () => {
    const targets = ['us-docker.pkg.dev/p/services/api', 'us-docker.pkg.dev/p/services/web'];
    expect(placesOf(targets, ['**', '*/p/**'], ['**/web/**'])).toEqual(['p/us/services']);
  });

  it('are those that the Terraform module grants, in its own test', () => {
    const test = readFileSync(join(terraform, 'tests/module.tftest.hcl'), 'utf8');
    const [, run = ''] =
      /^run "lets_clean_delete_only_where_a_policy_enforces" \{$([\s\S]*?)^\}$/m.exec(test) ?? [];
    const listed = (before: string): string[] => {
      const [, list = ''] =
        new RegExp(`${before} = \\[([^\\]]*)\\]`).exec(run.replaceAll('== [', '= [')) ?? [];
      return [...list.matchAll(/"([^"]+)"/g)].map(([, one = '']) => one);
    };
    const folder = join(terraform, 'tests/fixtures/enforcing');
    const selections = globSync('*', { cwd: folder }).flatMap((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const { policies, problems } = parsePolicyFile({ file, text, gitRevision: unknown('a test') });
      expect(problems).toEqual([]);
      return policies.filter(({ mode }) => mode === 'enforce').map(({ repositories }) => repositories);
    });
    expect(selections.length).toBe(2);
    const places = deletablePlaces(
      listed('targets').map((target) => parseTarget(target)),
      selections,
    );
    const repositories = places.filter(({ repository }) => repository !== null);
    expect(
      repositories.map(({ project, location, repository }) => `${project}/${location}/${repository}`).sort(),
    ).toEqual(listed('google_artifact_registry_repository_iam_member.deleter\\)'));
    const whole = places.filter(({ repository }) => repository === null).map(({ project }) => project);
    expect(whole).toEqual(listed('google_project_iam_member.deleter\\)'));
    expect(whole.length).toBe(1);
  });
});
