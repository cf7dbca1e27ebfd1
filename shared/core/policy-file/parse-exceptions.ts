import { isMap } from 'yaml';
import type { AuditException } from '../audit/exception.ts';
import { CHECKS } from '../audit/index.ts';
import { sha256 } from '../hash.ts';
import type { PolicyProblem, PolicySource } from '../policy.ts';
import { parseUntil } from '../units.ts';
import type { DocumentReader, Entry } from './document.ts';
import { isExceptionsFile } from './exceptions-file.ts';
import { API_VERSION, type Keyword } from './keyword.ts';
import { readOneDocument } from './one-document.ts';
import type { PolicyFile } from './parse.ts';
import type { Positions } from './positions.ts';
import { problemsOf } from './problem.ts';
import { readUnit } from './rule.ts';
import { readNote, readsThisVersion } from './setting.ts';
import { nearest, quoted } from './spelling.ts';

/** What files of exceptions gave: those that are right, and everything that is wrong with the others. */
export interface ParsedExceptions {
  readonly exceptions: readonly AuditException[];
  readonly problems: readonly PolicyProblem[];
}

const text = { type: 'string', minLength: 1 };
const FILE_KEYWORDS = {
  apiVersion: { description: 'The version of the policy language.', example: API_VERSION, schema: text },
  exceptions: { description: 'The exceptions.', example: [], schema: { type: 'array' } },
} as const satisfies Record<string, Keyword>;

const EXCEPTION_KEYWORDS = {
  check: { description: 'The id of the check.', example: 'public-access', schema: text },
  project: { description: 'The id of the project.', example: 'acme', schema: text },
  resource: { description: 'The full name of the resource, or a pattern.', example: '**', schema: text },
  owner: { description: 'Who answers for it.', example: 'platform@example.com', schema: text },
  reason: { description: 'Why it is accepted.', example: 'The images are public on purpose.', schema: text },
  expires: { description: 'The last day on which it holds.', example: '2027-01-31', schema: text },
} as const satisfies Record<string, Keyword>;

/** Reads all files of exceptions of a folder. A broken exception is a problem, and what it was for stays a failure. */
export function parseExceptions(files: readonly PolicyFile[]): ParsedExceptions {
  const all = files.filter(({ file }) => isExceptionsFile(file)).map(parseFile);
  return {
    exceptions: all.flatMap(({ exceptions }) => exceptions),
    problems: all.flatMap(({ problems }) => problems),
  };
}

function parseFile(content: PolicyFile): ParsedExceptions {
  const document = readOneDocument(content, 'A file of exceptions');
  if (document.kind === 'broken') return { exceptions: [], problems: document.problems };
  const { reader, positions } = document;
  const { file, text, gitRevision } = content;
  const source = { file, contentHash: sha256(text), gitRevision };
  const exceptions = reader.isYaml ? readFile(reader, source, positions) : [];
  return { exceptions, problems: problemsOf(reader.problems, positions, file, null, null) };
}

function readFile(
  reader: DocumentReader,
  source: Omit<PolicySource, 'line'>,
  positions: Positions,
): readonly AuditException[] {
  const { root } = reader;
  if (root === null || !isMap(root)) {
    reader.report(
      'POLICY_TYPE',
      root ?? 0,
      `Exceptions are a mapping that begins with apiVersion: ${API_VERSION}.`,
    );
    return [];
  }
  if (!readsThisVersion(reader, root)) return [];
  const entries = reader.mapping(root, root, 'a file of exceptions', FILE_KEYWORDS);
  if (entries === null) return [];
  for (const key of Object.keys(FILE_KEYWORDS)) {
    if (!entries.has(key)) reader.report('POLICY_MISSING_KEY', root, `The file has no ${key}.`);
  }
  const list = entries.get('exceptions');
  const items = list === undefined ? null : reader.list(list, null);
  return (items ?? []).flatMap((item) => {
    const found = reader.problems.length;
    const read = reader.mapping(item, item, 'an exception', EXCEPTION_KEYWORDS);
    if (read === null) return [];
    for (const key of Object.keys(EXCEPTION_KEYWORDS)) {
      if (!read.has(key))
        reader.report('POLICY_MISSING_KEY', item, `The exception has no ${key}, and needs one.`);
    }
    const word = (key: string): string => readNote(reader, read.get(key)) ?? '';
    const expires = read.get('expires');
    const exception: AuditException = {
      check: readCheck(reader, read.get('check')),
      project: word('project'),
      resource: word('resource'),
      owner: word('owner'),
      reason: word('reason'),
      expiresMs:
        expires === undefined
          ? 0
          : (readUnit(reader, expires, 'POLICY_DATE', 'a date such as 2027-01-31', parseUntil) ?? 0),
      source: { ...source, line: positions.of(reader.offsetOf(item)).line },
    };
    return reader.problems.length === found ? [exception] : [];
  });
}

function readCheck(reader: DocumentReader, entry: Entry | undefined): string {
  const id = readNote(reader, entry);
  if (entry === undefined || id === null) return '';
  const ids = CHECKS.map((check) => check.id);
  if (!ids.includes(id)) {
    const near = nearest(id, ids);
    reader.report(
      'POLICY_VALUE',
      entry,
      `check is the id of a check, as docs/audit-checks.md lists them, not ${quoted(id)}.${near === null ? '' : ` Did you mean ${near}?`}`,
    );
  }
  return id;
}
