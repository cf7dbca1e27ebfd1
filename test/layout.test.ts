import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isShipped, layoutViolations, packagesOf } from './support/layout.ts';

const root = new URL('..', import.meta.url);

function readTree(): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of ['functions', 'cli', 'shared', 'local', 'policies', 'test', 'tools']) {
    for (const entry of readdirSync(new URL(`${folder}/`, root), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const absolute = join(entry.parentPath, entry.name);
      const path = relative(fileURLToPath(root), absolute).replaceAll('\\', '/');
      files.set(path, readFileSync(absolute, 'utf8'));
    }
  }
  return files;
}

interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

const tree = readTree();
const packageJson = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as PackageJson;

describe('the tree', () => {
  it('keeps to the dependency rule', () => {
    expect(tree.size).toBeGreaterThan(20);
    expect(layoutViolations(tree)).toEqual([]);
  });
});

describe('what can delete', () => {
  it('is one file, which knows tags and digests: a package or a repository of Google is never asked to go', () => {
    const asking = [...tree].filter(([path, source]) => isShipped(path) && /method: *'DELETE'/.test(source));
    expect(asking.map(([path]) => path)).toEqual(['shared/adapters/registry/deletion.ts']);
    expect(asking[0]?.[1].match(/path: .*/g)).toEqual([
      'path: manifestPath(repository, { tag }),',
      'path: manifestPath(repository, digest),',
    ]);
  });
});

describe('package.json', () => {
  const shipped = packagesOf(new Map([...tree].filter(([path]) => isShipped(path))));
  const all = packagesOf(tree);

  it('names as a dependency exactly what the shipped files import', () => {
    expect([...shipped.keys()].sort()).toEqual(Object.keys(packageJson.dependencies).sort());
  });

  it('names everything that tests and tools import', () => {
    const named = new Set([
      ...Object.keys(packageJson.dependencies),
      ...Object.keys(packageJson.devDependencies),
    ]);
    expect([...all].filter(([name]) => !named.has(name))).toEqual([]);
  });

  it('names no development dependency that nothing uses', () => {
    /** Programs that the npm scripts run, and types that the compiler takes by itself. */
    const programs: Readonly<Record<string, string>> = { typescript: 'tsc', '@biomejs/biome': 'biome' };
    const scripts = Object.values(packageJson.scripts).join('\n');
    const unused = Object.keys(packageJson.devDependencies).filter((name) => {
      if (all.has(name)) return false;
      if (name === '@types/node') return false;
      if (name.startsWith('@types/')) return !all.has(name.slice('@types/'.length));
      const program = programs[name];
      return program === undefined || !new RegExp(`\\b${program}\\b`).test(scripts);
    });
    expect(unused).toEqual([]);
  });
});

describe('the dependency rule', () => {
  it.each([
    { title: 'core imports core', path: 'shared/core/plan.ts', source: "import { a } from './digest.ts';" },
    {
      title: 'core imports core from a folder of its own',
      path: 'shared/core/policy-file/read.ts',
      source: "import { a } from '../digest.ts';",
    },
    {
      title: 'core takes a pure library',
      path: 'shared/core/pattern.ts',
      source: "import { RE2JS } from 're2js';",
    },
    {
      title: 'the one hash file takes node:crypto',
      path: 'shared/core/hash.ts',
      source: "import { createHash } from 'node:crypto';",
    },
    {
      title: 'ports take types of the core',
      path: 'shared/ports.ts',
      source: "import type { Plan } from './core/plan.ts';",
    },
    {
      title: 'app imports ports',
      path: 'shared/app/plan.ts',
      source: "import type { Ledger } from '../ports.ts';",
    },
    {
      title: 'an adapter imports a package',
      path: 'shared/adapters/registry/client.ts',
      source: "import { request } from 'undici';",
    },
    {
      title: 'an adapter takes the credentials of Google',
      path: 'shared/adapters/registry/client.ts',
      source: "import { token } from '../google/token.ts';",
    },
    {
      title: 'a renderer takes types of the app',
      path: 'shared/report/html.ts',
      source: "import type { Explanation } from '../app/explain.ts';",
    },
    {
      title: 'a composition root imports an adapter lazily',
      path: 'functions/clean.ts',
      source: "const a = await import('../shared/adapters/registry/client.ts');",
    },
    {
      title: 'a function knows its version',
      path: 'functions/open-ports.ts',
      source: "import packageJson from '../package.json' with { type: 'json' };",
    },
    {
      title: 'a word in a comment is no import',
      path: 'shared/core/plan.ts',
      source: "// import { a } from '../app/plan.ts';\n/*\nimport { b } from 'undici';\n*/\n",
    },
  ])('lets pass: $title', ({ path, source }) => {
    expect(layoutViolations(new Map([[path, source]]))).toEqual([]);
  });

  it.each([
    { title: 'core imports app', path: 'shared/core/plan.ts', source: "import { a } from '../app/plan.ts';" },
    {
      title: 'core imports ports',
      path: 'shared/core/plan.ts',
      source: "import type { A } from '../ports.ts';",
    },
    {
      title: 'core reads files',
      path: 'shared/core/plan.ts',
      source: "import { readFileSync } from 'node:fs';",
    },
    {
      title: 'core hashes elsewhere',
      path: 'shared/core/plan.ts',
      source: "import { hash } from 'node:crypto';",
    },
    {
      title: 'core takes an impure library',
      path: 'shared/core/plan.ts',
      source: "import { fetch } from 'undici';",
    },
    {
      title: 'core re-exports an adapter',
      path: 'shared/core/plan.ts',
      source: "export * from '../adapters/ledger/sqlite.ts';",
    },
    {
      title: 'over several lines',
      path: 'shared/core/plan.ts',
      source: "import {\n  type A,\n  b,\n} from '../adapters/ledger/sqlite.ts';",
    },
    { title: 'for its effect alone', path: 'shared/core/plan.ts', source: "import '../app/plan.ts';" },
    {
      title: 'as a type within code',
      path: 'shared/core/plan.ts',
      source: "type A = import('../app/plan.ts').A;",
    },
    {
      title: 'lazily',
      path: 'shared/app/plan.ts',
      source: "  const a = await import('../adapters/x/a.ts');",
    },
    { title: 'by a computed name', path: 'shared/app/plan.ts', source: 'const a = await import(name);' },
    {
      title: 'by a template',
      path: 'shared/app/plan.ts',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source, not a template of this file
      source: 'const a = await import(`../${name}.ts`);',
    },
    {
      title: 'by require',
      path: 'shared/adapters/x/a.ts',
      source: "const a = createRequire(import.meta.url)('../y/a.ts');",
    },
    {
      title: 'ports take a value',
      path: 'shared/ports.ts',
      source: "import { isDigest } from './core/digest.ts';",
    },
    { title: 'app takes a package', path: 'shared/app/plan.ts', source: "import { z } from 'zod';" },
    {
      title: 'an adapter imports another',
      path: 'shared/adapters/registry/client.ts',
      source: "import { a } from '../ledger/sqlite.ts';",
    },
    {
      title: 'an adapter imports app',
      path: 'shared/adapters/x/a.ts',
      source: "import { a } from '../../app/plan.ts';",
    },
    {
      title: 'an adapter imports a renderer',
      path: 'shared/adapters/x/a.ts',
      source: "import { a } from '../../report/text.ts';",
    },
    {
      title: 'a renderer takes a value of the app',
      path: 'shared/report/html.ts',
      source: "import { explain } from '../app/explain.ts';",
    },
    { title: 'a renderer writes files', path: 'shared/report/html.ts', source: "import fs from 'node:fs';" },
    {
      title: 'shared imports a composition root',
      path: 'shared/adapters/x/a.ts',
      source: "import { a } from '../../../functions/clean.ts';",
    },
    {
      title: 'shared imports a test',
      path: 'shared/app/plan.ts',
      source: "import { a } from '../../test/support/a.ts';",
    },
    {
      title: 'a root imports a test',
      path: 'cli/main.ts',
      source: "import { a } from '../test/support/a.ts';",
    },
    {
      title: 'a new folder of shared',
      path: 'shared/utils/a.ts',
      source: "import { a } from '../core/digest.ts';",
    },
    {
      title: 'out of the repository',
      path: 'cli/main.ts',
      source: "import { a } from '../../elsewhere/a.ts';",
    },
  ])('catches: $title', ({ path, source }) => {
    expect(layoutViolations(new Map([[path, source]]))).toHaveLength(1);
  });

  it('names file, line and import', () => {
    const planted = new Map([
      ['shared/core/plan.ts', "\nimport { a } from './digest.ts';\nimport b from 'undici';\n"],
    ]);
    expect(layoutViolations(planted)).toEqual(['shared/core/plan.ts:3 must not import undici']);
  });
});
