import type { Policy, PolicyProblem, PolicySet } from '../policy.ts';
import { isDefaultsFile, NO_DEFAULTS, type PolicyDefaults } from './defaults.ts';
import { isExceptionsFile } from './exceptions-file.ts';
import { joinPolicySets } from './join.ts';
import { type PolicyFile, parsePolicyFile } from './parse.ts';
import { parseDefaultsFile } from './parse-defaults.ts';

/** All files of one folder of policies and of those below it, in any order. */
export interface PolicyFolder {
  readonly files: readonly PolicyFile[];
  /** Problems of files that gave no text: too large, not UTF-8, no plain file. */
  readonly unread: readonly PolicyProblem[];
}

/** What holds in one folder; or the file of defaults that is broken, by its name. */
type FolderDefaults =
  | { readonly kind: 'known'; readonly defaults: PolicyDefaults }
  | { readonly kind: 'broken'; readonly file: string };

/**
 * Reads the policies of a folder, each with what its `_defaults.yaml` and those of the folders above say. A broken
 * file stops its own policies and no others; a broken file of defaults stops those that it holds for, as nobody
 * knows how much they may delete.
 */
export function parsePolicyFolder({ files, unread }: PolicyFolder): PolicySet {
  const problems: PolicyProblem[] = [...unread];
  const own = new Map<string, PolicyFile | { readonly brokenFile: string }>();
  for (const { file } of unread) if (isDefaultsFile(file)) own.set(folderOf(file), { brokenFile: file });
  for (const file of files) {
    if (!isDefaultsFile(file.file)) continue;
    const folder = folderOf(file.file);
    const other = own.get(folder);
    if (other === undefined) own.set(folder, file);
    else {
      const [one, two] = ['file' in other ? other.file : other.brokenFile, file.file].sort();
      own.set(folder, { brokenFile: two ?? file.file });
      problems.push(...stopped(`${two}`, `The folder already has ${one}: keep one file of defaults.`));
    }
  }
  const known = new Map<string, FolderDefaults>();
  const defaultsOf = (folder: string): FolderDefaults => {
    const found = known.get(folder);
    if (found !== undefined) return found;
    const outer: FolderDefaults =
      folder === '' ? { kind: 'known', defaults: NO_DEFAULTS } : defaultsOf(folderOf(folder));
    const answer = withOwn(own.get(folder), outer, problems);
    known.set(folder, answer);
    return answer;
  };
  // Also of folders without a policy: what is wrong there is told.
  for (const folder of [...own.keys()].sort()) defaultsOf(folder);
  const sets = files
    .filter(({ file }) => !isDefaultsFile(file) && !isExceptionsFile(file))
    .map((file) => {
      const defaults = defaultsOf(folderOf(file.file));
      if (defaults.kind === 'known') return parsePolicyFile(file, defaults.defaults);
      const set = parsePolicyFile(file);
      const { file: broken } = defaults;
      return { policies: [], problems: [...set.problems, ...set.policies.map((one) => stop(one, broken))] };
    });
  return joinPolicySets([...sets, { policies: [], problems }]);
}

function withOwn(
  own: PolicyFile | { readonly brokenFile: string } | undefined,
  outer: FolderDefaults,
  problems: PolicyProblem[],
): FolderDefaults {
  if (own === undefined) return outer;
  if ('brokenFile' in own) return { kind: 'broken', file: own.brokenFile };
  // A file below a broken one is read all the same, for its own problems.
  const read = parseDefaultsFile(own, outer.kind === 'known' ? outer.defaults : NO_DEFAULTS);
  if (read.kind === 'broken') {
    problems.push(...read.problems);
    return { kind: 'broken', file: own.file };
  }
  return outer.kind === 'broken' ? outer : { kind: 'known', defaults: read.defaults };
}

/** The folder that a file or folder is in; '' for the outermost. */
function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function stopped(file: string, message: string): PolicyProblem[] {
  return [{ code: 'POLICY_DEFAULTS', file, line: 1, column: 1, message, policy: null, guards: null }];
}

/** The problem that a right policy becomes below a broken file of defaults. */
function stop(policy: Policy, broken: string): PolicyProblem {
  return {
    code: 'POLICY_DEFAULTS',
    file: policy.source.file,
    line: policy.source.line,
    column: 1,
    message: `The policy ${policy.name} does not run: its defaults in ${broken} are broken, so its limits are not known. Mend them.`,
    policy: policy.name,
    guards: policy.keep.length === 0 ? null : policy.repositories,
  };
}
