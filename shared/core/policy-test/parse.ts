import { messageOf } from '../error.ts';
import { cutDocuments, DocumentReader, type DocumentText, type Entry } from '../policy-file/document.ts';
import { API_VERSION } from '../policy-file/keyword.ts';
import { DOCUMENTS_MAX, FILE_BYTES_MAX, PROBLEMS_MAX } from '../policy-file/limits.ts';
import { Positions } from '../policy-file/positions.ts';
import type { PolicyProblemCode } from '../policy-file/problem.ts';
import { readUnit } from '../policy-file/rule.ts';
import { nearest, quoted } from '../policy-file/spelling.ts';
import { parseRepository } from '../reference.ts';
import { type Parsed, parseUntil, refused } from '../units.ts';
import { readExpectations } from './expectation.ts';
import { readImages } from './image.ts';
import { EXPECTED_LIMITS, TEST_KEYWORDS } from './keyword.ts';
import type {
  ExpectedLimit,
  PolicyTest,
  PolicyTestProblem,
  PolicyTestSet,
  TestInventory,
  TestPlace,
  WrittenImage,
  WrittenUsage,
} from './policy-test.ts';

/** A test file as its reader found it. */
export interface PolicyTestFile {
  /** Relative to the folder of policies; stands in every problem. */
  readonly file: string;
  readonly text: string;
}

/**
 * Reads the tests of one file, one a document. Never throws for what is in the file: everything that is wrong
 * is in `problems`, with the codes of the policy language, and stops its own test and no other.
 */
export function parsePolicyTestFile({ file, text }: PolicyTestFile): PolicyTestSet {
  if (text.length > FILE_BYTES_MAX || Buffer.byteLength(text) > FILE_BYTES_MAX) {
    const message = `The file is larger than ${FILE_BYTES_MAX / 1024} KiB and was not read. Cut it into several files, or use a snapshot.`;
    return unparsedPolicyTestFile(file, 'POLICY_TOO_LARGE', message);
  }
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const documents = cutDocuments(body);
  if (documents.length > DOCUMENTS_MAX) {
    const message = `The file has ${documents.length} documents, and at most ${DOCUMENTS_MAX} are read. Cut it into several files.`;
    return unparsedPolicyTestFile(file, 'POLICY_TOO_MANY', message);
  }
  const positions = new Positions(body);
  const tests: PolicyTest[] = [];
  const problems: PolicyTestProblem[] = [];
  let isEmpty = true;
  for (const document of documents) {
    const found = parseDocument(document, positions, file);
    if (found === null) continue;
    isEmpty = false;
    tests.push(...found.tests);
    problems.push(...found.problems);
  }
  if (isEmpty) return unparsedPolicyTestFile(file, 'POLICY_EMPTY', 'There is no test in the file.');
  return { tests, problems };
}

/** The set of a file that could not be parsed at all: one problem at its beginning. */
function unparsedPolicyTestFile(file: string, code: PolicyProblemCode, message: string): PolicyTestSet {
  return { tests: [], problems: [{ code, file, line: 1, column: 1, message }] };
}

/** One document's test or problems; null where there is nothing in it. */
function parseDocument(text: DocumentText, positions: Positions, file: string): PolicyTestSet | null {
  const reader = new DocumentReader(text);
  if (reader.isEmpty && reader.problems.length === 0) return null;
  const placeOf = (offset: number): TestPlace => ({ file, ...positions.of(offset) });
  const test = reader.isYaml ? readTest(reader, placeOf) : null;
  if (test !== null && reader.problems.length === 0) return { tests: [test], problems: [] };
  const problems = [...reader.problems]
    .sort((a, b) => a.offset - b.offset)
    .slice(0, PROBLEMS_MAX)
    .map(({ code, offset, message }) => ({ code, ...placeOf(offset), message }));
  return { tests: [], problems };
}

type PlaceOf = (offset: number) => TestPlace;

function readTest(reader: DocumentReader, placeOf: PlaceOf): PolicyTest | null {
  const { root } = reader;
  const entries = root === null ? null : reader.mapping(root, root, 'a test', TEST_KEYWORDS);
  if (root === null || entries === null) return null;
  const missing = (key: keyof typeof TEST_KEYWORDS, why: string): void =>
    reader.report(
      'POLICY_MISSING_KEY',
      root,
      `${why} Write for example ${key}: ${JSON.stringify(TEST_KEYWORDS[key].example)}.`,
    );
  for (const key of ['apiVersion', 'test'] as const) {
    if (!entries.has(key)) missing(key, `The test has no ${key}.`);
  }
  readVersion(reader, entries.get('apiVersion'));
  const name = textOf(reader, entries.get('test'), 'what the test shows');
  const repository = readRepository(reader, entries.get('repository'));
  const now = entries.get('now');
  const nowMs =
    now === undefined
      ? null
      : readUnit(reader, now, 'POLICY_DATE', 'a time such as 2026-01-31T03:00Z', parseTime);
  const images = readImages(reader, entries.get('images'));
  const snapshot = readSnapshotName(reader, entries.get('snapshot'));
  const usage = readUsage(reader, entries.get('usage'), images ?? []);
  const othersEntry = entries.get('others');
  const others = othersEntry === undefined ? 'kept' : reader.choice(othersEntry, ['kept', 'any'] as const);
  const limit = readLimit(reader, entries.get('limit'), placeOf);
  const expectations = [
    ...readExpectations(reader, entries.get('kept'), 'keep', placeOf),
    ...readExpectations(reader, entries.get('deleted'), 'delete', placeOf),
  ];
  if (!entries.has('kept') && !entries.has('deleted'))
    missing('kept', 'The test says nothing: it has neither kept nor deleted.');
  const hasImages = entries.has('images');
  if (hasImages === entries.has('snapshot')) {
    reader.report(
      hasImages ? 'POLICY_CONTRADICTION' : 'POLICY_MISSING_KEY',
      entries.get('snapshot') ?? root,
      `A test has either images or a snapshot; this one has ${hasImages ? 'both' : 'neither'}.`,
    );
  }
  if (hasImages) {
    for (const key of ['repository', 'now'] as const)
      if (!entries.has(key)) missing(key, `The test has no ${key}.`);
    checkNames(reader, images ?? [], entries);
  } else {
    const entry = entries.get('usage');
    if (entry !== undefined)
      reader.reportKey('POLICY_CONTRADICTION', entry, 'A snapshot holds what ran: leave usage out.');
  }
  if (reader.problems.length > 0 || name === null) return null;
  const inventory: TestInventory | null =
    snapshot !== null
      ? { kind: 'snapshot', file: snapshot, repository, nowMs }
      : repository === null || nowMs === null || images === null
        ? null
        : { kind: 'written', repository, nowMs, images, usage };
  if (inventory === null) return null;
  return {
    name,
    place: placeOf(reader.startOffset),
    inventory,
    expectations,
    othersKept: others === 'kept',
    limit,
  };
}

function readLimit(reader: DocumentReader, entry: Entry | undefined, placeOf: PlaceOf): ExpectedLimit | null {
  if (entry === undefined) return null;
  const limit = reader.choice(entry, EXPECTED_LIMITS);
  return limit === null ? null : { limit, place: placeOf(entry.keyOffset) };
}

function textOf(reader: DocumentReader, entry: Entry | undefined, wanted: string): string | null {
  return entry === undefined ? null : reader.text(entry.value, entry, entry.key, wanted);
}

function readVersion(reader: DocumentReader, entry: Entry | undefined): void {
  const text = textOf(reader, entry, API_VERSION);
  if (entry === undefined || text === null || text === API_VERSION) return;
  reader.report('POLICY_API_VERSION', entry, `apiVersion is ${API_VERSION}, not ${quoted(text)}.`);
}

function readRepository(reader: DocumentReader, entry: Entry | undefined): string | null {
  const text = textOf(reader, entry, 'HOST/NAME');
  if (entry === undefined || text === null) return null;
  try {
    parseRepository(text);
    return text;
  } catch (problem) {
    reader.report('POLICY_REPOSITORY', entry, messageOf(problem));
    return null;
  }
}

/** A day alone is no time: where it begins is not the same everywhere. */
function parseTime(text: string): Parsed<number> {
  return text.includes('T')
    ? parseUntil(text)
    : refused('it is a time with its offset such as 2026-01-31T03:00Z or 2026-01-31T03:00+01:00');
}

/** A path below the test's own folder: a test that comes with a pull request reads nothing else. */
function readSnapshotName(reader: DocumentReader, entry: Entry | undefined): string | null {
  const text = textOf(reader, entry, 'the name of a file');
  if (entry === undefined || text === null) return null;
  if (/^[^/\\]+(?:\/[^/\\]+)*$/.test(text) && !text.split('/').includes('..')) return text;
  reader.report(
    'POLICY_VALUE',
    entry,
    `snapshot is a file beside the test or below it, for example api.snapshot.json, not ${quoted(text)}.`,
  );
  return null;
}

function readUsage(
  reader: DocumentReader,
  entry: Entry | undefined,
  images: readonly WrittenImage[],
): WrittenUsage {
  const user = images.find(({ usedBy }) => usedBy !== null);
  if (entry === undefined) return user === undefined ? 'none' : 'complete';
  const usage = reader.choice(entry, ['complete', 'best-effort', 'unknown', 'none'] as const);
  if (usage === 'none' && user !== undefined) {
    reader.report('POLICY_CONTRADICTION', entry, `usage is none, and ${user.name} is in use: who says so?`);
  }
  return usage === 'best-effort' ? 'best effort' : (usage ?? 'none');
}

/** Holds the names and tags of a test's images against each other and against what the test expects. */
function checkNames(
  reader: DocumentReader,
  images: readonly WrittenImage[],
  entries: ReadonlyMap<string, Entry>,
): void {
  const at = entries.get('images');
  if (at === undefined || reader.problems.length > 0) return;
  const holders = new Map<string, string>();
  const digests = new Map<string, string>();
  for (const { name, tags, digest } of images) {
    for (const tag of tags) {
      const holder = holders.get(tag);
      if (holder === undefined) holders.set(tag, name);
      else
        reader.reportKey(
          'POLICY_CONTRADICTION',
          at,
          `The tag ${tag} is on ${holder} and on ${name}, and a tag points at one image.`,
        );
    }
    if (digest === null) continue;
    const holder = digests.get(digest);
    if (holder === undefined) digests.set(digest, name);
    else reader.reportKey('POLICY_CONTRADICTION', at, `${holder} and ${name} have the same digest.`);
  }
  const names = images.map(({ name }) => name);
  const expected = new Set<string>();
  for (const key of ['kept', 'deleted'] as const) {
    const entry = entries.get(key);
    for (const one of entry === undefined ? [] : (reader.entries(entry.value, entry, key) ?? [])) {
      if (expected.has(one.key)) {
        reader.reportKey(
          'POLICY_CONTRADICTION',
          one,
          `${quoted(one.key)} is expected to be kept and to be deleted.`,
        );
      }
      expected.add(one.key);
      if (names.includes(one.key)) continue;
      const near = nearest(one.key, names);
      reader.reportKey(
        'POLICY_VALUE',
        one,
        `There is no image ${quoted(one.key)} in the test. ${near === null ? `There are ${names.join(', ')}.` : `Did you mean ${near}?`}`,
      );
    }
  }
}
