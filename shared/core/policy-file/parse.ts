import { isMap, isScalar, isSeq } from 'yaml';
import type { Digest } from '../digest.ts';
import type { Fact } from '../fact.ts';
import { sha256 } from '../hash.ts';
import type {
  Policy,
  PolicyProblem,
  PolicySet,
  PolicySource,
  Quarantine,
  RepositorySelection,
  Rule,
} from '../policy.ts';
import { NO_DEFAULTS, type PolicyDefaults } from './defaults.ts';
import { cutDocuments, DocumentReader, type DocumentText, type Entry } from './document.ts';
import { joinPolicySets } from './join.ts';
import { API_VERSION, LIMITS_KEYWORDS, POLICY_KEYWORDS } from './keyword.ts';
import { DOCUMENTS_MAX, FILE_BYTES_MAX } from './limits.ts';
import { Positions } from './positions.ts';
import { type PolicyProblemCode, problemsOf } from './problem.ts';
import { isName, readName, readQuarantine, readRule } from './rule.ts';
import { readLimits, readNote, readOnPush, readSchedule, readsThisVersion, readUndo } from './setting.ts';
import { nearest, quoted } from './spelling.ts';

/** A policy file as its reader found it. */
export interface PolicyFile {
  /** Relative to the folder of policies; stands in every problem and decision. */
  readonly file: string;
  /** The whole file, decoded from UTF-8; a byte order mark may be in it. */
  readonly text: string;
  /** The commit that it was taken from. */
  readonly gitRevision: Fact<string>;
}

/** The set of a file that could not be parsed at all: one problem at its beginning. */
export function unparsedPolicyFile(file: string, code: PolicyProblemCode, message: string): PolicySet {
  return {
    policies: [],
    problems: [{ code, file, line: 1, column: 1, message, policy: null, guards: null }],
  };
}

/** The set of a file over the limit. Its size is enough: its content was not looked at. */
export function tooLargePolicyFile(file: string): PolicySet {
  return unparsedPolicyFile(
    file,
    'POLICY_TOO_LARGE',
    `The file is larger than ${FILE_BYTES_MAX / 1024} KiB and was not read. Cut it into several files.`,
  );
}

/**
 * Reads the policies of one file. It never throws for what is in the file: everything that is wrong is in
 * `problems`, all at once, and stops the document it is in and no other.
 * @param defaults what holds in its folder
 */
export function parsePolicyFile(
  { file, text, gitRevision }: PolicyFile,
  defaults: PolicyDefaults = NO_DEFAULTS,
): PolicySet {
  if (text.length > FILE_BYTES_MAX || Buffer.byteLength(text) > FILE_BYTES_MAX)
    return tooLargePolicyFile(file);
  const contentHash = sha256(text);
  // Cut away after hashing: the hash is of the bytes, and a mark before the first line is no part of it.
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const documents = cutDocuments(body);
  if (documents.length > DOCUMENTS_MAX) {
    return unparsedPolicyFile(
      file,
      'POLICY_TOO_MANY',
      `The file has ${documents.length} documents, and at most ${DOCUMENTS_MAX} are read. Cut it into several files.`,
    );
  }
  const positions = new Positions(body);
  const sets: PolicySet[] = [];
  for (const document of documents) {
    const set = parseDocument(document, positions, { file, contentHash, gitRevision }, defaults);
    if (set !== null) sets.push(set);
  }
  if (sets.length === 0) {
    return unparsedPolicyFile(
      file,
      'POLICY_EMPTY',
      'There is no policy in the file. Write one, or remove the file.',
    );
  }
  const [only] = sets;
  if (only !== undefined && sets.length === 1 && only.problems.length === 0) return only;
  return joinPolicySets(sets);
}

interface FileSource {
  readonly file: string;
  readonly contentHash: Digest;
  readonly gitRevision: Fact<string>;
}

/** One document's policy or problems; null where there is nothing in it. */
function parseDocument(
  text: DocumentText,
  positions: Positions,
  from: FileSource,
  defaults: PolicyDefaults,
): PolicySet | null {
  const reader = new DocumentReader(text);
  if (reader.isEmpty && reader.problems.length === 0) return null;
  const { line } = positions.of(reader.startOffset);
  const policy = reader.isYaml ? readPolicy(reader, positions, { ...from, line }, defaults) : null;
  if (policy !== null && reader.problems.length === 0) return { policies: [policy], problems: [] };
  const { policy: name, guards } = salvage(reader);
  return { policies: [], problems: problemsOf(reader.problems, positions, from.file, name, guards) };
}

const REQUIRED = ['apiVersion', 'policy', 'repositories'] as const;

function readPolicy(
  reader: DocumentReader,
  positions: Positions,
  source: PolicySource,
  defaults: PolicyDefaults,
): Policy | null {
  const { root } = reader;
  if (root === null || !isMap(root)) {
    reader.report(
      'POLICY_TYPE',
      root ?? 0,
      `A policy is a mapping that begins with apiVersion: ${API_VERSION}.`,
    );
    return null;
  }
  // Another version has other keys; every further problem would be noise.
  if (!readsThisVersion(reader, root)) return null;
  const entries = reader.mapping(root, root, 'a policy', POLICY_KEYWORDS);
  if (entries === null) return null;
  for (const key of REQUIRED) {
    if (entries.has(key)) continue;
    const { example } = POLICY_KEYWORDS[key];
    reader.report(
      'POLICY_MISSING_KEY',
      root,
      `The policy has no ${key}. Write for example ${key}: ${JSON.stringify(example)}.`,
    );
  }
  const name = readPolicyName(reader, entries.get('policy'));
  const repositories = readRepositories(reader, entries.get('repositories'));
  const scheduleEntry = entries.get('schedule');
  const schedule = scheduleEntry === undefined ? defaults.schedule : readSchedule(reader, scheduleEntry);
  const onPushEntry = entries.get('onPush');
  const onPush = onPushEntry === undefined ? defaults.onPush : readOnPush(reader, onPushEntry);
  const modeEntry = entries.get('mode');
  const mode = modeEntry === undefined ? 'plan' : reader.choice(modeEntry, ['plan', 'enforce'] as const);
  const trustEntry = entries.get('trustInUse');
  const trust =
    trustEntry === undefined ? 'complete' : reader.choice(trustEntry, ['complete', 'best-effort'] as const);
  const limits = readLimits(reader, entries.get('limits'), LIMITS_KEYWORDS, defaults.limits);
  const undoEntry = entries.get('undo');
  const undoMs = undoEntry === undefined ? defaults.undoMs : readUndo(reader, undoEntry, true);
  const owner = readNote(reader, entries.get('owner')) ?? defaults.owner;
  const reason = readNote(reader, entries.get('reason')) ?? defaults.reason;
  const ruleNames = new Set<string>();
  const quarantine = readQuarantine(reader, entries, null);
  const keep = readRules(reader, entries.get('keep'), 'keep', positions, ruleNames);
  const deleting = readRules(reader, entries.get('delete'), 'delete', positions, ruleNames, quarantine);
  if (!entries.has('keep') && !entries.has('delete')) {
    reader.report('POLICY_NO_RULES', root, 'The policy has no rule: write keep, delete or both.');
  }
  if (name === null || repositories === null || mode === null || trust === null) return null;
  if (limits === null || undoMs === null) return null;
  return {
    version: 1,
    name,
    source,
    repositories,
    schedule,
    onPush,
    mode,
    limits,
    ...(undoMs === undefined ? {} : { undoMs }),
    owner,
    reason,
    keep: trust === 'best-effort' ? keep.map(trustingBestEffort) : keep,
    delete: trust === 'best-effort' ? deleting.map(trustingBestEffort) : deleting,
  };
}

function trustingBestEffort(rule: Rule): Rule {
  return {
    ...rule,
    conditions: rule.conditions.map((condition) =>
      condition.kind === 'inUse' ? { ...condition, trustsBestEffort: true } : condition,
    ),
    ...(rule.quarantine === undefined
      ? {}
      : { quarantine: { ...rule.quarantine, trustsBestEffort: true } as const }),
  };
}

function readPolicyName(reader: DocumentReader, entry: Entry | undefined): string | null {
  if (entry === undefined) return null;
  const text = reader.text(entry.value, entry, 'policy', 'the name of the policy');
  return text !== null && readName(reader, entry, text, 'policy') ? text : null;
}

const REPOSITORY_GLOB = /^(?:\[::1\](?::[0-9*?]+)?\/)?[a-z0-9._:*?/-]+$/;

/**
 * Why a pattern can't be meant, or null. A pattern that never matches is no small thing: as an exclude it is a
 * protection that isn't there.
 */
function repositoryProblem(glob: string): string | null {
  if (/[A-Z]/.test(glob)) return 'repositories are written in lower case';
  if (glob.includes('@')) return 'a policy is for whole repositories; name digests in a rule';
  if (!REPOSITORY_GLOB.test(glob)) {
    return 'it is made of a-z, 0-9, . _ - : / and the wildcards *, ** and ?; write alternatives as several entries';
  }
  const components = glob.split('/');
  if (components.includes('')) return 'it has an empty component: no // and no / at its ends';
  if (components.some((one) => one.includes('**') && one !== '**')) {
    return '** stands alone between slashes; use * within a component';
  }
  const [host = '', ...path] = components;
  const names = path.join('/');
  if (names.includes(':')) return 'a policy is for whole repositories; name tags in a rule';
  if (host === '**') return null;
  if (path.length === 0) return 'it is HOST/NAME, for example europe-docker.pkg.dev/acme/services/**';
  if (!/[*.:]/.test(host) && host !== 'localhost') {
    return `it begins with the registry's host, and ${quoted(host)} is none; write */${glob} for any host`;
  }
  return null;
}

function readRepositories(reader: DocumentReader, entry: Entry | undefined): RepositorySelection | null {
  if (entry === undefined) return null;
  const nodes = reader.list(entry);
  if (nodes === null) return null;
  const include: string[] = [];
  const exclude: string[] = [];
  let isWhole = true;
  for (const node of nodes) {
    const text = reader.text(node, entry, 'repositories', 'a list of patterns in quotes');
    const isExclude = text?.startsWith('!') === true;
    const glob = text === null ? null : isExclude ? text.slice(1) : text;
    const problem = glob === null ? null : repositoryProblem(glob);
    if (problem !== null) {
      reader.report('POLICY_REPOSITORY', node, `${quoted(text ?? '')} matches no repository: ${problem}.`);
    }
    if (glob === null || problem !== null) isWhole = false;
    else (isExclude ? exclude : include).push(glob);
  }
  if (!isWhole) return null;
  if (include.length === 0) {
    reader.report(
      'POLICY_NO_INCLUDE',
      entry,
      'Here are only excludes, so the policy selects nothing. Add what it is for, for example europe-docker.pkg.dev/acme/services/**.',
    );
    return null;
  }
  return { include, exclude };
}

function readRules(
  reader: DocumentReader,
  entry: Entry | undefined,
  effect: Rule['effect'],
  positions: Positions,
  names: Set<string>,
  quarantine: Quarantine | null = null,
): readonly Rule[] {
  if (entry === undefined) return [];
  const nodes = reader.list(entry, null);
  if (nodes === null) return [];
  const rules: Rule[] = [];
  for (const node of nodes) {
    const named = reader.entries(node, entry, 'a rule');
    if (named === null) continue;
    const [first] = named;
    if (first === undefined || named.length > 1) {
      reader.report(
        'POLICY_TYPE',
        node,
        `A rule is one name with its conditions, \`- name: { olderThan: 14d }\`; here ${first === undefined ? 'is no name' : `are ${named.length} keys. Indent the conditions below the name, or begin each rule with a dash`}.`,
      );
      continue;
    }
    if (!readName(reader, { ...first, value: null }, first.key, 'rule')) continue;
    if (names.has(first.key)) {
      reader.reportKey(
        'POLICY_DUPLICATE_RULE',
        first,
        `The policy already has a rule ${quoted(first.key)}: give each its own name.`,
      );
      continue;
    }
    names.add(first.key);
    const rule = readRule(reader, first, effect, positions.of(first.keyOffset).line, quarantine);
    if (rule !== null) rules.push(rule);
  }
  return rules;
}

/**
 * What a broken document still tells: its name, and the repositories for which it may have had a keep rule.
 * A keep is taken for lost unless every key could be read and none of them is `keep`; repositories are guarded
 * as far as they can be read, and an exclude only narrows them where all of the list is right.
 */
function salvage(reader: DocumentReader): Pick<PolicyProblem, 'policy' | 'guards'> {
  const { root } = reader;
  if (root === null || !isMap(root)) return { policy: null, guards: null };
  let policy: string | null = null;
  let mayKeep = !reader.isYaml;
  let isWhole = reader.isYaml;
  const include: string[] = [];
  const exclude: string[] = [];
  const seen = new Set<string>();
  for (const { key, value } of root.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (name === 'keep' || !Object.hasOwn(POLICY_KEYWORDS, name)) mayKeep = true;
    if (seen.has(name)) isWhole = false;
    seen.add(name);
    if (name === 'policy' && isScalar(value) && isName(value.value)) policy = value.value;
    if (name !== 'repositories' && nearest(name, ['repositories']) === null) continue;
    for (const node of isSeq(value) ? value.items : [value]) {
      const text =
        isScalar(node) && typeof node.value === 'string' && node.tag === undefined ? node.value : '';
      const glob = text.startsWith('!') ? text.slice(1) : text;
      if (text === '' || repositoryProblem(glob) !== null) isWhole = false;
      else (text.startsWith('!') ? exclude : include).push(glob);
    }
  }
  const guards = mayKeep && include.length > 0 ? { include, exclude: isWhole ? exclude : [] } : null;
  return { policy, guards };
}
