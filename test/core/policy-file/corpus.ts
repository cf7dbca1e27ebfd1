/** A right policy that every keyword stands in, on a line of its own where it can. */
const WHOLE = `apiVersion: gcr-warden/v1
policy: services
repositories:
  - "europe-docker.pkg.dev/acme/services/**"
  - "!**/base-*"
schedule:
  cron: "0 3 * * *"
  timeZone: Europe/Berlin
undo: 90d
onPush:
  settle: 10m
  atMost: 2h
mode: plan
limits:
  digests: 500
  share: 25%
  mayEmpty: false
owner: platform@example.com
reason: Rebuilt on demand.
keep:
  - releases:
      tags:
        semver: ">=1.0.0"
        match: any
      newest: 10
      by: semver
      per: minor
  - running:
      inUse: true
  - pulled:
      pulledWithin: 30d
      taggedWithin: 30d
      newerThan: 90d
  - freeze:
      all: true
      until: 2026-12-31
  - charts:
      mediaTypes: application/vnd.cncf.helm.config.v1+json
      largerThan: 2GiB
      digests: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
delete:
  - untagged:
      state: untagged
      untaggedFor: 7d
      notPulledFor: 90d
  - pull-requests:
      olderThan: 14d
      tags:
        regex: "^pr-(?<pr>[0-9]+)"
`;

const HEAD = 'apiVersion: gcr-warden/v1\npolicy: p\nrepositories: ["*/acme/**"]\n';
const rule = (conditions: string): string => `${HEAD}delete:\n  - r: ${conditions}\n`;
const setting = (line: string): string => `${HEAD}${line}\ndelete: [{ r: { olderThan: 1d } }]\n`;

/** Lines `key: value` of the whole policy, with what is before the key. */
const LINES = Array.from(
  WHOLE.matchAll(/^( *(?:- )?)([A-Za-z]+):( .+)$/gm),
  ([line = '', indent = '', key = '']) => ({
    line,
    indent,
    key,
  }),
);

/** Letters of other alphabets that look like Latin ones. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  a: 'а',
  c: 'с',
  e: 'е',
  i: 'і',
  o: 'о',
  p: 'р',
  s: 'ѕ',
};

function replaceLine(line: string, by: string): string {
  return WHOLE.replace(`${line}\n`, () => `${by}\n`);
}

function* files(): Generator<readonly [title: string, content: string | Uint8Array]> {
  for (const { line, key } of LINES) {
    const [before = ''] = WHOLE.split(`${line}\n`);
    yield [`cut within ${key}`, before + line.slice(0, line.indexOf(':') - 1)];
  }
  for (const cut of [1, 5, 13, 40, 66]) yield [`cut after ${cut} characters`, WHOLE.slice(0, cut)];
  for (const { line, indent, key } of LINES) {
    yield [`${key} misspelt`, replaceLine(line, line.replace(key, `${key}x`))];
    yield [
      `${key} twice`,
      replaceLine(line, `${line}\n${' '.repeat(indent.length)}${line.slice(indent.length)}`),
    ];
    for (const [what, value] of [
      ['a mapping', '{ a: { b: c } }'],
      ['a list in a list', '[[a]]'],
      ['a number', '-1.5'],
      ['nothing', ''],
    ] as const) {
      yield [`${key} with ${what}`, replaceLine(line, `${indent}${key}: ${value}`)];
    }
    const [letter = ''] = Array.from(key).filter((one) => Object.hasOwn(LOOK_ALIKES, one));
    if (letter !== '') {
      yield [
        `${key} with a letter that looks the same`,
        replaceLine(line, line.replace(letter, LOOK_ALIKES[letter] ?? '')),
      ];
    }
    if (indent.startsWith(' ')) yield [`${key} behind a tab`, replaceLine(line, `\t${line.trimStart()}`)];
  }
  for (const word of ['on', 'off', 'yes', 'no', 'y', 'True', 'null', '~', 'Plan', 'ENFORCE', 'dry-run']) {
    yield [`mode: ${word}`, setting(`mode: ${word}`)];
  }
  for (const word of ['on', 'yes', 'y', '1', 'false', '"true"'])
    yield [`all: ${word}`, rule(`{ all: ${word} }`)];
  for (const zone of [
    'Berlin',
    'Europe/Berlln',
    'Mars/Olympus',
    '+02:00',
    'CEST',
    'europe berlin',
    '../../etc/passwd',
  ]) {
    yield [`time zone ${zone}`, setting(`schedule: { cron: "0 3 * * *", timeZone: "${zone}" }`)];
  }
  for (const cron of [
    '0 3 30 2 *',
    '0 0 31 4,6,9,11 *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '0 3 * *',
    '0 0 3 * * *',
    '@daily',
    '* * L * *',
    '*/0 * * * *',
    '5-1 * * * *',
    'H 3 * * *',
    `${'1,'.repeat(200)}1 * * * *`,
    '',
  ]) {
    yield [`cron ${cron.slice(0, 20)}`, setting(`schedule: { cron: "${cron}" }`)];
  }
  for (const regex of [
    '(a+)+$(?=x)',
    '(a{1000}){1000}',
    `${'('.repeat(1000)}`,
    `${'(a|'.repeat(300)}b${')'.repeat(300)}`,
    '(?<!v)1',
    '\\\\1',
    '[z-a]',
    'a**',
    '(?P<n>a)(?P<n>b)',
    '^(?:a{0,50}){50}$',
    '.*',
    '',
    '\\\\p{Greekk}',
    '(?i',
  ]) {
    yield [`regex ${regex.slice(0, 20)}`, rule(`{ tags: { regex: "${regex}" } }`)];
  }
  for (const age of [
    '0d',
    '-1d',
    '1.5d',
    '1y',
    '1M',
    '7',
    '7 d',
    '1e3d',
    '99999999d',
    '9'.repeat(400),
    `${'9'.repeat(400)}d`,
    '٣d',
    'P7D',
  ]) {
    yield [`age ${age.slice(0, 12)}`, rule(`{ olderThan: ${age} }`)];
  }
  for (const share of ['0%', '101%', '25', '0.25', '-5%', '1e2%', '٢٥%']) {
    yield [`share ${share}`, setting(`limits: { share: ${share} }`)];
  }
  for (const date of [
    '2026-02-30',
    '2026-13-01',
    '31.12.2026',
    'tomorrow',
    '2026-12-31T25:00Z',
    '2026-12-31T10:00',
  ]) {
    yield [`until ${date}`, `${HEAD}keep:\n  - r: { all: true, until: ${date} }\n`];
  }
  for (const glob of [
    'ACME/x',
    'acme/x',
    '**//x',
    '/x',
    'x/',
    'a b/c',
    '*/x:latest',
    '*/x@sha256:0',
    'https://gcr.io/x',
    '{a,b}/c',
    '*',
  ]) {
    yield [
      `repository ${glob}`,
      `apiVersion: gcr-warden/v1\npolicy: p\nrepositories: ["${glob}"]\ndelete: [{ r: { olderThan: 1d } }]\n`,
    ];
  }
  const bomb = Array.from(
    { length: 20 },
    (_, at) => `a${at}: &a${at} [${`*a${at - 1}, `.repeat(at === 0 ? 0 : 9)}x]`,
  );
  yield ['a bomb of aliases', `${HEAD}${bomb.join('\n')}\nkeep: *a19\n`];
  yield ['an alias to itself', `${HEAD}keep: &k [*k]\n`];
  yield ['an alias without anchor', `${HEAD}keep: *nobody\n`];
  yield ['lists in lists', `${HEAD}keep: ${'['.repeat(60_000)}`];
  yield ['mappings in mappings', `${HEAD}keep: ${'{a: '.repeat(20_000)}`];
  yield ['dashes in dashes', `${HEAD}keep:\n  ${'- '.repeat(50_000)}`];
  yield ['question marks', '? '.repeat(60_000)];
  yield [
    'an indentation that grows',
    Array.from({ length: 400 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
  ];
  yield ['more keys than fit', `${HEAD}${Array.from({ length: 10_000 }, (_, at) => `k${at}: 1\n`).join('')}`];
  yield ['more rules than fit', `${HEAD}delete:\n${'  - r: { olderThan: 1d }\n'.repeat(4000)}`];
  yield ['more documents than fit', '---\n'.repeat(30_000)];
  yield ['a key without end', `${HEAD}${'k'.repeat(100_000)}: 1\n`];
  yield ['a name without end', HEAD.replace('policy: p', `policy: ${'p'.repeat(100_000)}`)];
  yield ['spaces without end', ' '.repeat(131_000)];
  yield ['colons without end', ': '.repeat(60_000)];
  yield ['quotes without end', '"'.repeat(131_000)];
  yield ['tags without end', '!a '.repeat(40_000)];
  yield ['anchors without end', '&a '.repeat(40_000)];
  yield ['comments without end', '#\n'.repeat(60_000)];
  for (const [what, one] of [
    ['quotes', '"'],
    ['pairs of quotes', '""'],
    ['brackets', '['],
    ['braces', '{'],
    ['colons', ':'],
    ['question marks', '?'],
    ['anchors', '&a'],
    ['tags', '!a'],
    ['aliases', '*a'],
    ['scalars of blocks', '|'],
    ['quoted keys', '"a": "'],
  ] as const) {
    yield [`${what} line by line`, `${one}\n`.repeat(Math.floor(130_000 / (one.length + 1)))];
    yield [
      `${what} in lines of 9,000 characters`,
      `${one.repeat(Math.floor(9000 / one.length))}\n`.repeat(14),
    ];
  }
  yield ['ten megabytes', 'a: b\n'.repeat(2_000_000)];
  yield ['ten megabytes in a line', 'a'.repeat(10_000_000)];
  yield ['ten megabytes of brackets', '['.repeat(10_000_000)];
  yield ['nothing', ''];
  yield ['a NUL byte', `${HEAD}owner: "a\0b"\n`];
  yield ['only NUL bytes', '\0'.repeat(1000)];
  yield ['bytes that are not UTF-8', Uint8Array.from({ length: 300 }, (_, at) => 255 - (at % 128))];
  yield ['UTF-16', Buffer.from(`\ufeff${WHOLE}`, 'utf16le')];
  yield ['a byte order mark within', `${HEAD}\ufeffkeep: []\n`];
  yield ['text that runs backwards', `${HEAD}reason: "a\u202eb"\n`];
  yield ['a space without width', `${HEAD}mode: pl\u200ban\n`];
  yield ['a carriage return alone', HEAD.replaceAll('\n', '\r')];
  yield ['a tag of JavaScript', setting('owner: !!js/function "() => 1"')];
  yield ['a directive', `%YAML 1.1\n---\n${HEAD}`];
  yield ['a directive that nobody knows', `%EVIL x\n---\n${HEAD}`];
  yield ['a merge key', setting('limits: { <<: { digests: 5 } }')];
  yield ['a prototype', setting('__proto__: { mode: enforce }')];
  yield ['a constructor', setting('constructor: { prototype: 1 }')];
  yield ['JSON that is cut', '{"apiVersion": "gcr-warden/v1", "policy": '];
  yield ['a page of HTML', '<!doctype html><html><body>404</body></html>'];
  yield ['a conflict of git', `<<<<<<< HEAD\n${HEAD}=======\n${HEAD}>>>>>>> main\n`];
  yield ['another kind of document', 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n'];
  yield ['a later version', HEAD.replace('v1', 'v2')];
}

/** Files that are wrong, by what is wrong with them. */
export const CORPUS: ReadonlyMap<string, string | Uint8Array> = new Map(files());
