import { posix } from 'node:path';

/** One thing that a file takes from elsewhere. */
export interface Import {
  /** As it is written: `./digest.ts`, `node:crypto`, `yaml`. */
  readonly specifier: string;
  /** Whether it vanishes when types are stripped. */
  readonly isTypeOnly: boolean;
  /** 1-based. */
  readonly line: number;
}

const STATIC = /^(?:import|export)\s+(type\s+)?(?:[\w$*,{}\s]+?\s+from\s+)?(['"])([^'"\n]+)\2/gm;
const DYNAMIC = /\bimport\s*\(\s*(?:(['"`])([^'"`$\n]+)\1\s*[,)])?/g;
const REQUIRE = /\b(?:require|createRequire)\s*\(/g;

/** Blanks comments, and keeps every character's place. A `//` within a text may be blanked too: imports have none. */
function withoutComments(source: string): string {
  const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
  return source.replace(/^\s*\/\*[\s\S]*?\*\//gm, blank).replace(/(^|\s)\/\/.*$/gm, blank);
}

/**
 * Reads what a TypeScript file imports and re-exports. Relies on the formatter: a statement begins its line.
 * What can't be read (`require`, an `import()` of a value) comes back as the specifier `(computed)`, which no
 * rule allows.
 */
export function importsOf(source: string): Import[] {
  const text = withoutComments(source);
  const lineAt = (index: number): number => text.slice(0, index).split('\n').length;
  const found: Import[] = [];
  for (const match of text.matchAll(STATIC)) {
    found.push({
      specifier: match[3] ?? '',
      isTypeOnly: match[1] !== undefined,
      line: lineAt(match.index),
    });
  }
  for (const match of text.matchAll(DYNAMIC)) {
    found.push({ specifier: match[2] ?? '(computed)', isTypeOnly: false, line: lineAt(match.index) });
  }
  for (const match of text.matchAll(REQUIRE)) {
    found.push({ specifier: '(computed)', isTypeOnly: false, line: lineAt(match.index) });
  }
  return found;
}

/** The package of a specifier: `@google-cloud/pubsub` of `@google-cloud/pubsub/build/x`; null for files and Node's own. */
export function packageOf(specifier: string): string | null {
  if (/^[./(]/.test(specifier) || specifier.startsWith('node:')) return null;
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The libraries that compute and do nothing else: all that the core may take from outside. */
const PURE_LIBRARIES: ReadonlySet<string> = new Set(['re2js', 'semver', 'cron-parser', 'yaml', 'zod']);

/** What several adapters lean on: HTTP itself, and what all of Google's APIs share. */
const SHARED_ADAPTERS = ['shared/adapters/google', 'shared/adapters/http'];

const ROOTS = ['functions', 'cli', 'local'];

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

/** The adapter that a file belongs to: `shared/adapters/registry`, or the file itself where it has no folder. */
function adapterOf(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}

/** Whether one import keeps to the layout. `target`: the path of the imported file, null for a package. */
function isAllowed(path: string, one: Import, target: string | null): boolean {
  const isCore = target !== null && isBelow(target, 'shared/core');
  const isPorts = target === 'shared/ports.ts';
  if (one.specifier === '(computed)') return !isBelow(path, 'shared');
  if (isBelow(path, 'shared/core')) {
    if (path === 'shared/core/hash.ts' && one.specifier === 'node:crypto') return true;
    return isCore || PURE_LIBRARIES.has(packageOf(one.specifier) ?? '');
  }
  if (path === 'shared/ports.ts') return isCore && one.isTypeOnly;
  if (isBelow(path, 'shared/app')) {
    return isCore || isPorts || (target !== null && isBelow(target, 'shared/app'));
  }
  if (isBelow(path, 'shared/adapters')) {
    if (target === null) return true;
    const adapter = adapterOf(target);
    return isCore || isPorts || adapter === adapterOf(path) || SHARED_ADAPTERS.includes(adapter);
  }
  if (isBelow(path, 'shared/report')) {
    if (target === null) return false;
    if (isBelow(target, 'shared/app')) return one.isTypeOnly;
    return isCore || isBelow(target, 'shared/report');
  }
  // A file in shared that the layout has no place for may import nothing at all.
  if (isBelow(path, 'shared')) return false;
  if (isBelow(path, 'functions') && target !== null) {
    // What is deployed holds nothing that is made for one machine, and knows its own version.
    return target === 'package.json' || isBelow(target, 'shared') || isBelow(target, 'functions');
  }
  // The other composition roots and everything around them; nothing that runs for a user leans on the tests.
  return target === null || isBelow(path, 'test') || !isBelow(target, 'test');
}

/**
 * Judges every import of a tree by the dependency rule: core imports core (and libraries that only compute),
 * app imports core and ports, adapters and renderers meet in `functions`, `cli` and `local` only.
 * @param files source by path from the repository's root, with `/` between its parts.
 * @returns one sentence a violation, sorted; empty where the tree keeps to the layout.
 */
export function layoutViolations(files: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  for (const [path, source] of files) {
    for (const one of importsOf(source)) {
      const isRelative = one.specifier.startsWith('.');
      const target = isRelative ? posix.join(posix.dirname(path), one.specifier) : null;
      const leaves = target?.startsWith('../') === true || one.specifier.startsWith('/');
      if (!leaves && isAllowed(path, one, target)) continue;
      violations.push(`${path}:${one.line} must not import ${one.specifier}`);
    }
  }
  return violations.sort();
}

/** The packages that files import, with the first file that does. */
export function packagesOf(files: ReadonlyMap<string, string>): Map<string, string> {
  const packages = new Map<string, string>();
  for (const [path, source] of files) {
    for (const one of importsOf(source)) {
      const name = packageOf(one.specifier);
      if (name !== null && !packages.has(name)) packages.set(name, path);
    }
  }
  return packages;
}

/** Whether a file is part of what runs for a user. */
export function isShipped(path: string): boolean {
  return ['shared', ...ROOTS].some((folder) => isBelow(path, folder));
}
