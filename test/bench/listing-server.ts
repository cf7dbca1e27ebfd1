/**
 * A registry for the bench of listings, in a process of its own: `node test/bench/listing-server.ts`. It prints
 * its port, and ends when its input ends.
 *
 * - `bench/rN`: 200 digests on one page, after 20 ms, with a token for that repository alone.
 * - `whole/big`: 200 MB on one page, as classic registries send everything.
 * - `paged/big`: the same in pages of 10,000 manifests.
 * - `/requests`: how often what was asked, and by how many milliseconds all answers together were later than meant.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openWaits } from '../../local/registry/waits.ts';
import { MEDIA_TYPES } from '../../shared/core/manifest.ts';

const LATENCY_MS = 20;
const SMALL_COUNT = 200;
const BIG_BYTES = 200_000_000;
const PAGE_COUNT = 10_000;

/** Eight words that look random, the same for the same number. */
function digestOf(number: number): string {
  let hex = '';
  for (let word = 0; word < 8; word += 1) {
    let mixed = Math.imul(number * 8 + word + 1, 0x9e3779b1);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    hex += ((mixed ^ (mixed >>> 16)) >>> 0).toString(16).padStart(8, '0');
  }
  return `sha256:${hex}`;
}

/** Every second manifest has a tag. */
function tagOf(number: number): string | null {
  return number % 2 === 0 ? `build-${number}` : null;
}

function entryOf(number: number): string {
  const tag = tagOf(number);
  return `"${digestOf(number)}":{"imageSizeBytes":"${3_374_446 + number}","layerId":"","mediaType":"${MEDIA_TYPES.dockerManifest}","tag":[${tag === null ? '' : `"${tag}"`}],"timeCreatedMs":"1676090802558","timeUploadedMs":"${1_676_582_665_070 + number}"}`;
}

/** The body of a page, in pieces of some 100 KB. */
function* bodyOf(from: number, to: number): Generator<string> {
  yield '{"child":[],"manifest":{';
  for (let at = from; at < to; at += 400) {
    const entries: string[] = [];
    for (let number = at; number < Math.min(at + 400, to); number += 1) entries.push(entryOf(number));
    yield `${at === from ? '' : ','}${entries.join(',')}`;
  }
  yield '},"name":"x","tags":[';
  for (let at = from; at < to; at += 4_000) {
    const tags: string[] = [];
    for (let number = at; number < Math.min(at + 4_000, to); number += 1) {
      const tag = tagOf(number);
      if (tag !== null) tags.push(`"${tag}"`);
    }
    yield `${at === from ? '' : ','}${tags.join(',')}`;
  }
  yield ']}';
}

const small = Buffer.from([...bodyOf(0, SMALL_COUNT)].join(''));
/** Entries have almost the same length, and half of them a tag of some 16 bytes in "tags". */
const BIG_COUNT = Math.floor(BIG_BYTES / (entryOf(300_000).length + 1 + 8));

async function send(reply: ServerResponse, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    if (reply.destroyed) return;
    if (!reply.write(piece)) await new Promise<void>((resolve) => reply.once('drain', () => resolve()));
  }
  reply.end();
}

const requests: Record<string, number> = {};

const waitUntil = openWaits();

const server = createServer((request, reply) => {
  const url = new URL(request.url ?? '/', 'http://x');
  const { host } = request.headers;
  if (url.pathname === '/requests') {
    reply.end(JSON.stringify(requests));
    return;
  }
  const isToken = url.pathname === '/v2/token';
  const kind = isToken ? 'token' : url.pathname === '/v2/' ? 'ping' : 'page';
  requests[kind] = (requests[kind] ?? 0) + 1;
  const askedAtMs = performance.now();
  void waitUntil(askedAtMs + LATENCY_MS).then(() => {
    requests['lateMs'] = (requests['lateMs'] ?? 0) + performance.now() - askedAtMs - LATENCY_MS;
    if (isToken) {
      reply.setHeader('content-type', 'application/json');
      reply.end(
        JSON.stringify({
          token: `for ${url.searchParams.get('scope')}`.replaceAll(' ', '-'),
          expires_in: 3600,
        }),
      );
      return;
    }
    if (request.headers.authorization === undefined) {
      reply.writeHead(401, {
        'www-authenticate': `Bearer realm="http://${host}/v2/token",service="${host}"`,
      });
      reply.end();
      return;
    }
    if (url.pathname.startsWith('/v2/bench/')) {
      reply.setHeader('content-length', small.length);
      reply.end(small);
      return;
    }
    if (url.pathname.startsWith('/v2/whole/')) {
      void send(reply, bodyOf(0, BIG_COUNT));
      return;
    }
    const from = Number(url.searchParams.get('from') ?? '0');
    const to = Math.min(from + PAGE_COUNT, BIG_COUNT);
    if (to < BIG_COUNT) reply.setHeader('link', `<${url.pathname}?n=${PAGE_COUNT}&from=${to}>; rel="next"`);
    void send(reply, bodyOf(from, to));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.resume();
process.stdin.on('end', () => process.exit());
