import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parsePolicyTestFile } from '../../../shared/core/policy-test/parse.ts';
import { policyTestSchema } from '../../../shared/core/policy-test/schema.ts';
import { isValid } from '../../support/json-schema.ts';

/** Five lines; the images begin in line 6 and their names in column 3. */
const HEAD = 'apiVersion: gcr-warden/v1\ntest: t\nrepository: gcr.io/acme/api\nnow: 2026-01-31T03:00Z\n';
const images = (...lines: string[]): string => `${HEAD}images:\n${lines.map((one) => `  ${one}\n`).join('')}`;
const KEPT = 'kept: { a: }\n';
/** A test with one image `a`, in line 6, that has these keys. */
const withImage = (keys: string): string => `${images(`a: { ${keys} }`)}${KEPT}`;
/** A right test with a last line, line 7. */
const withLine = (line: string): string => `${images('a: { uploaded: 1d }')}${line}\n`;
/** A test with a snapshot, line 3. */
const withSnapshot = (file: string): string =>
  `apiVersion: gcr-warden/v1\ntest: t\nsnapshot: ${file}\n${KEPT}`;

function problemsOf(text: string): string[] {
  const { problems } = parsePolicyTestFile({ file: 'a.test.yaml', text });
  return problems.map(({ code, line, column }) => `${code} ${line}:${column}`);
}

describe('a test file', () => {
  it.each([
    ['the shortest test', withLine('kept: { a: }')],
    ['a rule, rules, a policy with its rule', withLine('kept: { a: [one, p/two] }')],
    ['what is not known, and what no rule decides', withLine('kept: { a: ["one (unknown)", (needed)] }')],
    [
      'everything that an image may have',
      withImage(
        'uploaded: 9d, tags: [v1, v2], tagged: 1d, pulled: never, inUse: true, size: 5MB, children: x, referrers: [y], signature: true, mediaType: a/b, artifactType: c/d',
      ),
    ],
    ['an image without a tag', withImage('uploaded: unknown, untagged: 3d, unreadable: it answered 503')],
    ['a snapshot', withSnapshot('folder/a.json')],
    ['several documents', `${withLine(KEPT)}---\n${withSnapshot('a.json')}`],
  ])('may hold %s', (_title, text) => {
    expect(problemsOf(text)).toEqual([]);
    for (const document of parseAllDocuments(text)) {
      expect(isValid(policyTestSchema(), document.toJS())).toBe(true);
    }
  });

  it.each([
    ['nothing', '', ['POLICY_EMPTY 1:1'], 'There is no test'],
    ['no YAML', `${HEAD}images: [`, ['POLICY_YAML 5:10'], ''],
    ['129 KiB', `#${'x'.repeat(129 * 1024)}`, ['POLICY_TOO_LARGE 1:1'], 'snapshot'],
    ['101 documents', '---\n'.repeat(101), ['POLICY_TOO_MANY 1:1'], ''],
    ['a list', '- a\n', ['POLICY_TYPE 1:1'], 'mapping'],
    ['a key that is none', withLine(`kepd: { a: }\n${KEPT}`), ['POLICY_UNKNOWN_KEY 7:1'], '`kept`'],
    ['a key twice', withLine(`${KEPT}${KEPT}`), ['POLICY_DUPLICATE_KEY 8:1'], ''],
    ['another version', withLine(KEPT).replace('/v1', '/v2'), ['POLICY_API_VERSION 1:13'], ''],
    ['no name', withLine(KEPT).replace('test: t\n', ''), ['POLICY_MISSING_KEY 1:1'], 'no test'],
    ['no clock', withLine(KEPT).replace(/now.*\n/, ''), ['POLICY_MISSING_KEY 1:1'], 'no now'],
    ['a day for a clock', withLine(KEPT).replace('T03:00Z', ''), ['POLICY_DATE 4:6'], 'offset'],
    ['no repository', withLine(KEPT).replace(/repos.*\n/, ''), ['POLICY_MISSING_KEY 1:1'], 'no repository'],
    ['a repository without host', withLine(KEPT).replace('gcr.io/', ''), ['POLICY_REPOSITORY 3:13'], 'host'],
    ['nothing to expect', images('a: { uploaded: 1d }'), ['POLICY_MISSING_KEY 1:1'], 'says nothing'],
    ['neither images nor a snapshot', `${HEAD}${KEPT}`, ['POLICY_MISSING_KEY 1:1'], 'neither'],
    ['both', withLine(`snapshot: a.json\n${KEPT}`), ['POLICY_CONTRADICTION 7:11'], 'both'],
    ['usage beside a snapshot', `${withSnapshot('a.json')}usage: none\n`, ['POLICY_CONTRADICTION 5:1'], ''],
    ['a snapshot elsewhere', withSnapshot('../a.json'), ['POLICY_VALUE 3:11'], 'beside'],
    ['a snapshot at the root', withSnapshot('/etc/passwd'), ['POLICY_VALUE 3:11'], 'beside'],
    ['an image without an age', withImage('tags: v1'), ['POLICY_MISSING_KEY 6:3'], 'uploaded'],
    ['an age without a unit', withImage('uploaded: 14'), ['POLICY_TYPE 6:18'], '7d'],
    ['a slip in a key', withImage('uploadd: 14d, uploaded: 1d'), ['POLICY_UNKNOWN_KEY 6:8'], '`uploaded`'],
    ['a name with a space', `${images('"a b": { uploaded: 1d }')}${KEPT}`, ['POLICY_NAME 6:3'], 'letters'],
    [
      'an image twice',
      `${images('a: { uploaded: 1d }', 'a: { uploaded: 2d }')}${KEPT}`,
      ['POLICY_DUPLICATE_KEY 7:3'],
      '',
    ],
    ['a tag that is none', withImage('uploaded: 1d, tags: [".x"]'), ['POLICY_TAG_PATTERN 6:29'], 'no tag'],
    ['a tag twice', withImage('uploaded: 1d, tags: [x, x]'), ['POLICY_CONTRADICTION 6:32'], 'twice'],
    [
      'a signature by hand',
      withImage(`uploaded: 1d, tags: sha256-${'a'.repeat(64)}.sig`),
      ['POLICY_TAG_PATTERN 6:28'],
      'signature: true',
    ],
    [
      'a tag on two images',
      `${images('a: { uploaded: 1d, tags: x }', 'b: { uploaded: 1d, tags: x }')}${KEPT}`,
      ['POLICY_CONTRADICTION 5:1'],
      'on a and on b',
    ],
    ['a digest cut short', withImage('uploaded: 1d, digest: sha256:12'), ['POLICY_DIGEST 6:30'], '64'],
    ['a size without a unit', withImage('uploaded: 1d, size: "12"'), ['POLICY_SIZE 6:28'], '2GiB'],
    [
      'a tag before the upload',
      withImage('uploaded: 1d, tags: x, tagged: 2d'),
      ['POLICY_CONTRADICTION 6:39'],
      'not there',
    ],
    [
      'a pull before the upload',
      withImage('uploaded: 1d, pulled: 2d'),
      ['POLICY_CONTRADICTION 6:30'],
      'not there',
    ],
    [
      'a tagged image that is untagged',
      withImage('uploaded: 9d, tags: x, untagged: 2d'),
      ['POLICY_CONTRADICTION 6:41'],
      'has tags',
    ],
    [
      'an untagged image that was tagged',
      withImage('uploaded: 9d, tagged: 2d'),
      ['POLICY_CONTRADICTION 6:30'],
      'no tags',
    ],
    [
      'an image that is its own part',
      withImage('uploaded: 9d, children: a'),
      ['POLICY_CONTRADICTION 6:32'],
      'itself',
    ],
    [
      'a use that nobody tells',
      `${withImage('uploaded: 9d, inUse: true')}usage: none\n`,
      ['POLICY_CONTRADICTION 8:8'],
      'who says so',
    ],
    ['an image that is not there', withLine('kept: { b: }'), ['POLICY_VALUE 7:9'], 'Did you mean a?'],
    [
      'kept and deleted',
      withLine('kept: { a: }\ndeleted: { a: }'),
      ['POLICY_CONTRADICTION 8:12'],
      'and to be',
    ],
    ['a sentence for a rule', withLine('kept: { a: the first rule }'), ['POLICY_VALUE 7:12'], '(no rule)'],
    ['a deletion by no rule', withLine('deleted: { a: (no rule) }'), ['POLICY_VALUE 7:15'], 'only a rule'],
    [
      'a deletion by what is not known',
      withLine('deleted: { a: old (unknown) }'),
      ['POLICY_VALUE 7:15'],
      'deletes nothing',
    ],
  ])('with %s is refused with its place', (_title, text, problems, says) => {
    expect(problemsOf(text)).toEqual(problems);
    const { problems: found, tests } = parsePolicyTestFile({ file: 'a.test.yaml', text });
    expect(tests).toEqual([]);
    expect(found.map(({ message }) => message).join('\n')).toContain(says);
  });

  it('loses no right test to a wrong one beside it', () => {
    const { tests, problems } = parsePolicyTestFile({
      file: 'a.test.yaml',
      text: `${withLine('kept: { b: }')}---\n${withLine('kept: { a: one }')}`,
    });
    expect(problems.map(({ line }) => line)).toEqual([7]);
    expect(tests).toMatchObject([
      {
        name: 't',
        place: { line: 9 },
        expectations: [{ image: 'a', verdict: 'keep', place: { line: 15, column: 9 } }],
      },
    ]);
  });

  it('has a JSON Schema, which is the committed one and takes the example tests', async () => {
    const folder = new URL('../../../policies/', import.meta.url);
    const committed = await readFile(new URL('test-schema.json', folder), 'utf8');
    expect(committed).toBe(`${JSON.stringify(policyTestSchema(), null, 2)}\n`);
    const files = (await readdir(folder)).filter((name) => name.endsWith('.test.yaml'));
    expect(files).toHaveLength(4);
    for (const file of files) {
      const text = await readFile(new URL(file, folder), 'utf8');
      expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./test-schema.json');
      for (const document of parseAllDocuments(text)) {
        expect(isValid(policyTestSchema(), document.toJS())).toBe(true);
      }
    }
    expect(isValid(policyTestSchema(), { apiVersion: 'gcr-warden/v1', test: 't', images: {} })).toBe(false);
  });
});
