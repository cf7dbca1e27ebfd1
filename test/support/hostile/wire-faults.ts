import { deflateSync, gzipSync } from 'node:zlib';
import type { Reply } from './honest.ts';
import type { Random } from './random.ts';
import { headOf, plainWire, type Step, write } from './wire.ts';

/** Puts a reply on the wire in a faulty way, or returns null where the reply has no place for the fault. */
export type WireFault = (reply: Reply, random: Random, origin: string) => readonly Step[] | null;

const END: Step = { kind: 'end' };
const RESET: Step = { kind: 'reset' };
const HOLD: Step = { kind: 'hold' };

function withBody(
  reply: Reply,
  headers: readonly (readonly [string, string])[],
  body: Buffer | string,
): Buffer {
  return Buffer.concat([
    Buffer.from(headOf(reply.status, [...reply.headers, ...headers])),
    Buffer.from(body),
  ]);
}

function packed(reply: Reply, encoding: string, body: Buffer): Buffer {
  const length = ['Content-Length', String(body.length)] as const;
  return withBody(reply, [['Content-Encoding', encoding], length], body);
}

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** Faults of connections, framing, headers and statuses. */
export const WIRE_FAULTS: Readonly<Record<string, WireFault>> = {
  'cut connection': (reply, random) => {
    const wire = plainWire(reply);
    return [write(wire.subarray(0, random.below(wire.length))), random.oneIn(2) ? END : RESET];
  },
  'cut without a length': (reply, random) => {
    const body = Buffer.from(reply.body);
    const cut = body.subarray(0, random.below(body.length));
    return [write(withBody(reply, [['Connection', 'close']], cut)), END];
  },
  'cut between chunks': (reply, random) => {
    const middle = random.below(reply.body.length + 1);
    const chunks =
      chunk(reply.body.slice(0, middle || 1)) + (middle > 1 ? chunk(reply.body.slice(middle) || ' ') : '');
    return [
      write(withBody(reply, [['Transfer-Encoding', 'chunked']], chunks)),
      random.oneIn(2) ? END : RESET,
    ];
  },
  'chunk that lies about its length': (reply, random) => {
    const size = random.pick(['ffffffffffffffff', '-1', 'zz', '7fffffff', '', '1']);
    const body = `${size}\r\n${reply.body}\r\n0\r\n\r\n`;
    return [write(withBody(reply, [['Transfer-Encoding', 'chunked']], body)), END];
  },
  'length too long': (reply, random) => {
    const length = Buffer.byteLength(reply.body) + 1 + random.below(1_000);
    return [
      write(withBody(reply, [['Content-Length', String(length)]], reply.body)),
      random.oneIn(2) ? END : HOLD,
    ];
  },
  'length too short': (reply, random) => {
    const length = random.below(Buffer.byteLength(reply.body));
    return [write(withBody(reply, [['Content-Length', String(length)]], reply.body))];
  },
  'a second reply after the first': (reply) => {
    const second: Reply = {
      ...reply,
      status: 200,
      body: '{"manifest":{},"tags":[],"repositories":[],"name":"x"}',
    };
    return [write(Buffer.concat([plainWire(reply), plainWire(second)]))];
  },
  'two lengths': (reply, random) => {
    const lengths = [Buffer.byteLength(reply.body), random.below(100)].map(
      (length) => ['Content-Length', String(length)] as const,
    );
    return [write(withBody(reply, lengths, reply.body)), END];
  },
  'length and chunks': (reply) => {
    const headers = [['Content-Length', '3'] as const, ['Transfer-Encoding', 'chunked'] as const];
    return [write(withBody(reply, headers, `${chunk(reply.body)}0\r\n\r\n`)), END];
  },
  'length that is no number': (reply, random) => {
    const length = random.pick(['-1', '1e3', '99999999999999999999999', '0x10', '', '1,2', ' ']);
    return [write(withBody(reply, [['Content-Length', length]], reply.body)), END];
  },
  'status line that is none': (reply, random) => {
    // Under another status an error would be content, and nobody could tell.
    if (reply.status !== 200) return null;
    const line = random.pick([
      'HTTP/0.9 200 OK',
      'HTTP/9.9 200 OK',
      'HTTP/1.1 99 Low',
      'HTTP/1.1 1000 High',
      'HTTP/1.1 abc',
      'ICY 200 OK',
      '',
      '\u0000',
      'HTTP/1.1 200 OK\r\n\u0000: \u0000',
      `HTTP/1.1 200 ${'x'.repeat(100_000)}`,
    ]);
    const length = ['Content-Length', String(Buffer.byteLength(reply.body))] as const;
    return [write(headOf(line, [...reply.headers, length]) + reply.body), END];
  },
  'interim replies without end': (reply, random) => [
    { kind: 'flood', bytes: Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(64)) },
    ...(random.oneIn(2) ? [write(plainWire(reply))] : []),
  ],
  'headers without end': () => [
    write('HTTP/1.1 200 OK\r\n'),
    { kind: 'flood', bytes: Buffer.from(`X-Pad: ${'x'.repeat(1_000)}\r\n`) },
  ],
  'header that is too large': (reply, random) => {
    const pad = ['X-Pad', 'x'.repeat(random.pick([20_000, 40_000, 400_000]))] as const;
    return [write(plainWire({ ...reply, headers: [...reply.headers, pad] }))];
  },
  'Link that is none': (reply, random) => {
    if (reply.kind !== 'list') return null;
    const link = random.pick([
      'next',
      '<>; rel="next"',
      '<http://203.0.113.1/v2/>; rel="next"',
      '</v2/other?last=1>; rel=next',
      '<a>; rel="next", <b>; rel="next"',
      '<x; rel="next"',
      `<${'a'.repeat(9_000)}>; rel="next"`,
    ]);
    const headers = reply.headers.filter(([name]) => name !== 'Link');
    return [write(plainWire({ ...reply, headers: [...headers, ['Link', link]] }))];
  },
  'slow drip': (reply) => [{ kind: 'drip', bytes: plainWire(reply), pauseMs: 20 }],
  silence: () => [HOLD],
  'closed at once': (_reply, random) => [random.oneIn(2) ? END : RESET],
  'bad status': (reply, random) => {
    const status = random.pick([
      201, 202, 204, 205, 206, 226, 300, 304, 400, 403, 404, 405, 409, 410, 418, 451, 500, 501, 504, 599,
    ]);
    const body = status === 204 || status === 304 ? '' : reply.body;
    return [write(plainWire({ ...reply, status }, body))];
  },
  'busy, come back at once': (reply, random) => {
    const retryAfter = ['Retry-After', '0'] as const;
    return [
      write(
        plainWire({ ...reply, status: random.pick([429, 503]), headers: [...reply.headers, retryAfter] }),
      ),
    ];
  },
  'credential refused': (reply, random) => {
    const challenge = random.pick([
      'Basic',
      'Bearer realm="http://203.0.113.1/token"',
      'Bearer realm=",,,',
      'Bearer',
      '"',
      `Basic ${'x="y",'.repeat(1_000)}`,
      'Digest realm="a"',
    ]);
    const headers = [...reply.headers, ['WWW-Authenticate', challenge] as const];
    return [write(plainWire({ ...reply, status: 401, headers }))];
  },
  redirect: (reply, random, origin) => {
    const location = random.pick([
      `${origin}/loop`,
      '/loop',
      '',
      'http://[',
      'http://203.0.113.1/',
      'http://127.0.0.1:1/',
      'ftp://127.0.0.1/',
      'file:///etc/passwd',
      `${origin.replace('http:', 'https:')}/loop`,
    ]);
    const status = random.pick([301, 302, 303, 307, 308]);
    return [write(plainWire({ ...reply, status, headers: [...reply.headers, ['Location', location]] }))];
  },
  'digest header that is none': (reply, random) => {
    if (reply.kind !== 'manifest') return null;
    const digest = random.pick([
      '',
      'x',
      'sha256:abc',
      `sha512:${'0'.repeat(128)}`,
      `sha256:${'G'.repeat(64)}`,
    ]);
    const headers = reply.headers.filter(([name]) => name !== 'Docker-Content-Digest');
    return [write(plainWire({ ...reply, headers: [...headers, ['Docker-Content-Digest', digest]] }))];
  },
  'no digest header': (reply) => {
    if (reply.kind !== 'manifest') return null;
    return [write(plainWire({ ...reply, headers: reply.headers.slice(0, 1) }))];
  },
  gzip: (reply) => [write(packed(reply, 'gzip', gzipSync(reply.body)))],
  'gzip that is cut': (reply, random) => {
    const bytes = gzipSync(reply.body);
    return [write(packed(reply, 'gzip', bytes.subarray(0, random.below(bytes.length))))];
  },
  'gzip that is none': (reply) => [write(packed(reply, 'gzip', Buffer.from(reply.body)))],
  'gzip with another after it': (reply) => [
    write(packed(reply, 'gzip', Buffer.concat([gzipSync(reply.body), gzipSync(reply.body)]))),
  ],
  'another encoding': (reply, random) => {
    const encoding = random.pick(['br', 'deflate', 'zstd', 'gzip, gzip', 'x', 'identity, gzip']);
    return [write(packed(reply, encoding, deflateSync(reply.body)))];
  },
};

const ENDLESS_FORMS = ['empty', 'same', 'fresh'] as const;

/** A page of a list that never ends, or null where a path asks for none. Each names one more. */
export function endlessPage(url: URL): Reply | null {
  const number = Number(url.searchParams.get('endless') ?? 0);
  if (number === 0) return null;
  const form = url.searchParams.get('form');
  const entry = form === 'fresh' ? [`e${number}`] : form === 'same' ? ['same'] : [];
  const key = url.pathname === '/v2/_catalog' ? 'repositories' : 'tags';
  return {
    status: 200,
    headers: [['Link', `<?endless=${number + 1}&form=${form}>; rel="next"`]],
    body: JSON.stringify({ [key]: entry }),
    kind: null,
  };
}

const BOMB_BYTES = 80 * 1024 * 1024;
let bomb: Buffer | null = null;

/** Faults that cost time or memory; few of them are made. */
export const HEAVY_FAULTS: Readonly<Record<string, WireFault>> = {
  'gzip bomb': (reply) => {
    // One JSON text of 80 MiB in 80 KiB, for a reader that looks at the text while it is unpacked.
    bomb ??= gzipSync(`{"tags":["a"],"manifest":{${' '.repeat(BOMB_BYTES)}}}`);
    return [write(packed(reply, 'gzip', bomb))];
  },
  'pages without end': (reply, random) => {
    if (reply.kind !== 'list') return null;
    const headers = reply.headers.filter(([name]) => name !== 'Link');
    const link = `<?endless=1&form=${random.pick(ENDLESS_FORMS)}>; rel="next"`;
    return [write(plainWire({ ...reply, headers: [...headers, ['Link', link]] }))];
  },
  'body without end': (reply, random) => {
    const text = random.pick([' ', '"a",', '[', '{"a":', 'x']).repeat(16_384);
    const start = withBody(reply, [['Connection', 'close']], '{"tags":[');
    return [write(start), { kind: 'flood', bytes: Buffer.from(text) }];
  },
};
