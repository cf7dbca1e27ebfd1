import type { Reply } from './honest.ts';
import type { Random } from './random.ts';

/** Makes the text of a faulty body, or null where the reply has no place for the fault. */
export type BodyFault = (reply: Reply, random: Random) => string | Buffer | null;

const WRONG_TYPES = [
  'null',
  'true',
  '0',
  '-1',
  '""',
  '"x"',
  '[]',
  '[1]',
  '{}',
  '{"a":[]}',
  '[null]',
] as const;
const NO_NUMBERS = [
  '1e400',
  '-1e400',
  '99999999999999999999999',
  '"99999999999999999999999"',
  '-7',
  '"-7"',
  '0.5',
  '"1e3"',
  '"0x10"',
  '"١٢"',
  `"${'9'.repeat(10_000)}"`,
] as const;

/** Puts another text in the place of one value: `pattern` finds it in its first group. */
function replaced(text: string, pattern: RegExp, random: Random, value: string): string | null {
  const places = [...text.matchAll(pattern)];
  const place = places[random.below(places.length)];
  const found = place?.[1];
  if (place === undefined || found === undefined) return null;
  const from = place.index + place[0].indexOf(found, place[0].indexOf(':') + 1);
  return text.slice(0, from) + value + text.slice(from + found.length);
}

/** Faults of bodies that arrive whole. None of them makes another valid listing: each can be seen, or changes nothing. */
export const BODY_FAULTS: Readonly<Record<string, BodyFault>> = {
  'cut text': ({ body }, random) => body.slice(0, random.below(body.length)),
  'structural character': ({ body }, random) => {
    const places = [...body.matchAll(/[{}[\],:"]/g)];
    const at = places[random.below(places.length)]?.index;
    const other = random.pick([' ', 'x', '{', '}', '[', ']', ',', ':', '"', '\\', '\u0000']);
    return at === undefined || body[at] === other ? null : body.slice(0, at) + other + body.slice(at + 1);
  },
  'two documents': ({ body }, random) => body + random.pick([body, '{}', '}', ',', '\u0000', 'null']),
  'no JSON': (_reply, random) =>
    random.pick(['', ' ', 'null', '[]', '"x"', '1', '<html></html>', '\ufeff', '{', '{"a"', '[['.repeat(9)]),
  'bytes that are no text': ({ body }, random) => {
    const at = random.below(body.length);
    return Buffer.concat([
      Buffer.from(body.slice(0, at)),
      Buffer.from([random.pick([0xff, 0xc0, 0x80, 0xed])]),
      Buffer.from(body.slice(at)),
    ]);
  },
  'byte order mark': ({ body }) => `\ufeff${body}`,
  'wrong type': ({ body, kind }, random) => {
    if (kind !== 'list') return null;
    const value = random.pick(WRONG_TYPES);
    const field = random.pick([
      'tag',
      'manifest',
      'next',
      'child',
      'name',
      'imageSizeBytes',
      'timeUploadedMs',
    ]);
    // What is said by an end, or by an empty list, can't be told from one.
    if (field === 'next' && (value === 'null' || value === '""')) return null;
    return replaced(body, new RegExp(`"${field}":("[^"]*"|\\[[^\\]]*\\]|\\{.*\\})`, 'g'), random, value);
  },
  'wrong entry': ({ body, kind }, random) =>
    kind === 'list'
      ? replaced(
          body,
          /"(?:tags|tag|repositories)":\[("[^"]*")/g,
          random,
          random.pick([
            'null',
            '1',
            '{}',
            '[]',
            '""',
            '"a b"',
            '"../.."',
            `"${'x'.repeat(100_000)}"`,
            '"\\ud800"',
          ]),
        )
      : null,
  'wrong digest in the map': ({ body, kind }, random) => {
    const digest = random.pick([
      'sha256:abc',
      'sha512:00',
      '',
      'sha256:',
      `SHA256:${'0'.repeat(64)}`,
      '__proto__',
    ]);
    return kind === 'list'
      ? body.includes('"sha256:')
        ? body.replace(/"sha256:[0-9a-f]{64}"/, `"${digest}"`)
        : null
      : null;
  },
  'number that is none': ({ body, kind }, random) =>
    kind === 'list'
      ? replaced(body, /"(?:imageSizeBytes|timeUploadedMs)":("[^"]*")/g, random, random.pick(NO_NUMBERS))
      : null,
  'key twice': ({ body, kind }, random) => {
    if (kind !== 'list') return null;
    const copies: readonly [RegExp, string][] = [
      [/"manifest":/, '"manifest":{},'],
      [/"tags":/, '"tags":[],'],
      [/"repositories":/, '"repositories":[],'],
      [/"next":/, '"next":"",'],
      [/"tag":/, '"tag":[],'],
      [/"sha256:[0-9a-f]{64}":/, ''],
    ];
    const [pattern, before] = copies[random.below(copies.length)] ?? [/^$/, ''];
    const at = body.search(pattern);
    if (at < 0) return null;
    const isDigest = before === '';
    const key = pattern.exec(body)?.[0] ?? '';
    const copy = isDigest ? `${key}{"tag":[],"timeUploadedMs":"1","imageSizeBytes":"1"},` : before;
    if (!random.oneIn(2)) return body.slice(0, at) + copy + body.slice(at);
    // After the first: where the last of two equal keys counts, what was told is lost.
    const close = body.lastIndexOf('}');
    if (/tags|manifest|repositories|next/.test(before)) {
      return `${body.slice(0, close)},${copy.slice(0, -1)}${body.slice(close)}`;
    }
    const entryEnd = body.indexOf('}', at);
    return isDigest
      ? `${body.slice(0, entryEnd + 1)},${copy.slice(0, -1)}${body.slice(entryEnd + 1)}`
      : `${body.slice(0, entryEnd)},${copy.slice(0, -1)}${body.slice(entryEnd)}`;
  },
  'next to nowhere': ({ body, kind }, random) => {
    if (kind !== 'list') return null;
    const target = random.pick([
      'http://[',
      'http://203.0.113.1/v2/',
      '//203.0.113.1/v2/x',
      'file:///etc/passwd',
      'javascript:0',
      '/v2/',
      '/v2/other/tags/list?last=0',
      '?last=0',
      '#',
      'http://u:p@127.0.0.1/',
    ]);
    const named = body.replace(/,?"next":"[^"]*"/, '');
    return `${named.slice(0, -1)},"next":${JSON.stringify(target)}}`;
  },
  'next that goes round': ({ body, kind }, random) =>
    kind === 'list'
      ? `${body.replace(/,?"next":"[^"]*"/, '').slice(0, -1)},"next":"?n=${random.below(3)}&last=0"}`
      : null,
  'deep nesting': ({ body }) =>
    body.startsWith('{') ? `{"deep":${'['.repeat(20_000)}${']'.repeat(20_000)},${body.slice(1)}` : null,
  'many keys': ({ body }) =>
    body.startsWith('{')
      ? `{${Array.from({ length: 5_000 }, (_, index) => `"k${index}":${index}`).join()},${body.slice(1)}`
      : null,
  'prototype keys': ({ body }) =>
    body.startsWith('{')
      ? `{"__proto__":{"tags":["evil"],"manifest":{}},"constructor":1,${body.slice(1)}`
      : null,
  'long member': ({ body }) =>
    body.startsWith('{') ? `{"pad":"${'p'.repeat(300_000)}",${body.slice(1)}` : null,
  'another manifest': ({ kind }) => (kind === 'manifest' ? '{"schemaVersion":2,"manifests":[]}' : null),
};
