import { RE2JS } from 're2js';
import { parse as parseVersion, Range, type SemVer } from 'semver';
import { messageOf, WardenError } from './error.ts';
import { managedRepository, namesManaged } from './managed-repository.ts';
import { nativeRegex } from './native-regex.ts';
import type { RepositorySelection, TagPattern } from './policy.ts';
import type { Target } from './reference.ts';

/** What one pattern says of one tag. */
export interface TagMatch {
  readonly matched: boolean;
  /** Named groups of a regex that took part in the match; empty for every other kind. */
  readonly captures: Readonly<Record<string, string>>;
  /** The version that a `semver` pattern read from the tag, without its `v`; null for every other kind. */
  readonly version: string | null;
}

const NO_MATCH: TagMatch = { matched: false, captures: {}, version: null };
const BARE_MATCH: TagMatch = { matched: true, captures: {}, version: null };

/**
 * RE2 matches in time (size of the program × length of the tag). A tag has at most 128 characters, so this
 * bounds what one pattern can cost for one tag to about a millisecond.
 */
const PROGRAM_SIZE_MAX = 1000;

function compileRegex(text: string): RE2JS {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(text);
  } catch (cause) {
    const why = messageOf(cause).replace(/^error parsing regexp: /, '');
    throw new WardenError(
      'PATTERN_INVALID',
      `${JSON.stringify(text)} is no RE2 regular expression: ${why}. RE2 has no look-around and no back-references (https://github.com/google/re2/wiki/Syntax).`,
      { cause },
    );
  }
  if (compiled.programSize() > PROGRAM_SIZE_MAX) {
    throw new WardenError(
      'PATTERN_INVALID',
      `${JSON.stringify(text)} is too large a regular expression: use smaller repeat counts, or several patterns in a list.`,
    );
  }
  return compiled;
}

/** How every version begins. Most tags are none, and this tells in a fraction of the time that parsing takes. */
const VERSION_START = /^\s*v?[0-9]+\.[0-9]+\.[0-9]/;

/** The version that was read last: rules and groups ask for the same tag's again and again. */
let last: { readonly tag: string; readonly version: SemVer | null } = { tag: '', version: null };

/** The version that a tag is, a `v` before it tolerated; null where it is none. */
export function versionOf(tag: string): SemVer | null {
  if (tag !== last.tag) last = { tag, version: parseVersion(tag) };
  return last.version;
}

function compileRange(text: string): Range {
  try {
    return new Range(text);
  } catch (cause) {
    throw new WardenError(
      'PATTERN_INVALID',
      `${JSON.stringify(text)} is no range of versions. Write one as npm does, for example >=1.0.0 or ^2.1.`,
      { cause },
    );
  }
}

function compileTagGlob(text: string): RE2JS {
  const pieces = Array.from(text, (one) => (one === '*' ? '.*' : one === '?' ? '.' : RE2JS.quote(one)));
  return RE2JS.compile(`^(?:${pieces.join('')})$`);
}

/**
 * Compiles a pattern once; the function it returns takes one tag. All kinds are matched in linear time.
 * `semver` takes only whole versions, a `v` before them tolerated: `1.2` and `latest` are none and never match,
 * and a pre-release matches only where the range names one of the same version (npm's rule).
 * @throws WardenError PATTERN_INVALID
 */
export function compileTagPattern(pattern: TagPattern): (tag: string) => TagMatch {
  const { kind, text } = pattern;
  switch (kind) {
    case 'exact':
      return (tag) => (tag === text ? BARE_MATCH : NO_MATCH);
    case 'prefix':
      return (tag) => (tag.startsWith(text) ? BARE_MATCH : NO_MATCH);
    case 'glob': {
      const compiled = compileTagGlob(text);
      return (tag) => (compiled.test(tag) ? BARE_MATCH : NO_MATCH);
    }
    case 'regex': {
      const compiled = compileRegex(text);
      const names = Object.keys(compiled.namedGroups());
      if (names.length === 0) return (tag) => (compiled.test(tag) ? BARE_MATCH : NO_MATCH);
      return (tag) => {
        const matcher = compiled.matcher(tag);
        if (!matcher.find()) return NO_MATCH;
        const captures: Record<string, string> = {};
        for (const name of names) {
          const value = matcher.group(name);
          if (value !== null) captures[name] = value;
        }
        return { matched: true, captures, version: null };
      };
    }
    case 'semver': {
      const range = compileRange(text);
      return (tag) => {
        if (!VERSION_START.test(tag)) return NO_MATCH;
        const version = versionOf(tag);
        if (version === null || !range.test(version)) return NO_MATCH;
        return { matched: true, captures: {}, version: version.version };
      };
    }
  }
}

// A pattern is compiled once and forgotten with the policy it belongs to.
const compiledTests = new WeakMap<TagPattern, (tag: string) => boolean>();

/**
 * Whether a tag matches, for where nobody asks for captures or versions: the same answer as
 * `compileTagPattern` gives, several times as fast.
 * @throws WardenError PATTERN_INVALID
 */
export function compileTagTest(pattern: TagPattern): (tag: string) => boolean {
  const found = compiledTests.get(pattern);
  if (found !== undefined) return found;
  const test = makeTagTest(pattern);
  compiledTests.set(pattern, test);
  return test;
}

function makeTagTest(pattern: TagPattern): (tag: string) => boolean {
  const { kind, text } = pattern;
  switch (kind) {
    case 'exact':
      return (tag) => tag === text;
    case 'prefix':
      return (tag) => tag.startsWith(text);
    case 'glob': {
      const bare = ONE_STAR.exec(text);
      if (bare !== null) return betweenTest(bare[1] ?? '', bare[2] ?? '');
      const compiled = compileTagGlob(text);
      return (tag) => compiled.test(tag);
    }
    case 'regex': {
      const compiled = compileRegex(text);
      const native = nativeRegex(text);
      return native === null ? (tag) => compiled.test(tag) : (tag) => native.test(tag);
    }
    case 'semver': {
      const match = compileTagPattern(pattern);
      return (tag) => match(tag).matched;
    }
  }
}

/** A glob with one `*`, as most are. Nothing but what a tag can hold, of which every character is one. */
const ONE_STAR = /^([\w.-]*)\*([\w.-]*)$/;

function betweenTest(before: string, after: string): (tag: string) => boolean {
  const least = before.length + after.length;
  // As RE2's dot, a star takes no end of a line.
  return (tag) => tag.length >= least && tag.startsWith(before) && tag.endsWith(after) && !tag.includes('\n');
}

/**
 * The names of a regex's groups; empty for every other kind.
 * @throws WardenError PATTERN_INVALID
 */
export function captureNames(pattern: TagPattern): readonly string[] {
  return pattern.kind === 'regex' ? Object.keys(compileRegex(pattern.text).namedGroups()) : [];
}

/** `**` stands for any number of whole components; next to a slash it takes that slash along. */
function repositoryGlobSource(glob: string): string {
  let source = '';
  let at = 0;
  while (at < glob.length) {
    if (glob.startsWith('**/', at) && (at === 0 || glob[at - 1] === '/')) {
      source += '(?:.*/)?';
      at += 3;
    } else if (glob.startsWith('**', at)) {
      // After a slash at the end there has to be something: `x/**` is what lies below x.
      source += at > 0 && glob[at - 1] === '/' && at + 2 === glob.length ? '.+' : '.*';
      at += 2;
    } else {
      const one = glob[at] ?? '';
      source += one === '*' ? '[^/]*' : one === '?' ? '[^/]' : RE2JS.quote(one);
      at += 1;
    }
  }
  return `^(?:${source})$`;
}

interface CompiledSelection {
  readonly include: readonly RE2JS[];
  readonly exclude: readonly RE2JS[];
}

// A selection is compiled once and forgotten with the policy it belongs to.
const compiledSelections = new WeakMap<RepositorySelection, CompiledSelection>();

function compileSelection(selection: RepositorySelection): CompiledSelection {
  const found = compiledSelections.get(selection);
  if (found !== undefined) return found;
  const compile = (glob: string): RE2JS => RE2JS.compile(repositoryGlobSource(glob));
  const compiled = { include: selection.include.map(compile), exclude: selection.exclude.map(compile) };
  compiledSelections.set(selection, compiled);
  return compiled;
}

/**
 * Whether a selection's patterns match a repository, written `HOST/NAME`: any include matches the whole of it
 * and no exclude does. `*` and `?` stay within a component (the host with its port is one), `**` crosses.
 * `x/**` is everything below `x` and not `x` itself, as in gitignore.
 */
export function reachesRepository(selection: RepositorySelection, repository: string): boolean {
  const { include, exclude } = compileSelection(selection);
  return include.some((glob) => glob.test(repository)) && !exclude.some((glob) => glob.test(repository));
}

/**
 * Whether a selection means a repository: its patterns match it, and where a Google service fills the
 * repository for itself, an include that names it without a wildcard does.
 */
export function selectsRepository(selection: RepositorySelection, repository: string): boolean {
  if (!reachesRepository(selection, repository)) return false;
  const managed = managedRepository(repository);
  if (managed === null) return true;
  const { include } = compileSelection(selection);
  return selection.include.some((glob, at) => namesManaged(glob, managed) && include[at]?.test(repository));
}

/** Whether one glob over `HOST/NAME` matches a repository, whoever fills it. */
export function matchesRepository(glob: string, repository: string): boolean {
  return RE2JS.compile(repositoryGlobSource(glob)).test(repository);
}

/**
 * Whether a glob over `HOST/NAME` can match nothing but what lies at or below a target, other hosts aside.
 * False where that is not plain to see: only components written out are compared.
 */
export function liesBelow(glob: string, target: Target): boolean {
  const [host = '', ...name] = glob.split('/');
  if (host.includes('**')) return false;
  if (!RE2JS.compile(repositoryGlobSource(host)).test(target.host)) return false;
  return target.prefix.split('/').every((component, at) => name[at] === component);
}
