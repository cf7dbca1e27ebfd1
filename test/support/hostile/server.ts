import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BODY_FAULTS } from './body-faults.ts';
import { honestReply, type Reply } from './honest.ts';
import { type Random, randomOf } from './random.ts';
import { plainWire, type Step, write } from './wire.ts';
import { endlessPage, HEAVY_FAULTS, WIRE_FAULTS } from './wire-faults.ts';
import { worldOf } from './world.ts';

/** A registry that says what is true in the world of each case, and breaks it on the way. */
export interface HostileServer {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  close(): Promise<void>;
}

/** How often a case meets a fault that costs time or memory. */
export const HEAVY_ONE_IN = 500;

/** Whether the case has such a fault; these are run one at a time. */
export function isHeavy(caseNumber: number): boolean {
  return randomOf(`heavy ${caseNumber}`).oneIn(HEAVY_ONE_IN);
}

type Row = readonly [string, (reply: Reply, random: Random, origin: string) => readonly Step[] | null];

const HEAVY: readonly Row[] = Object.entries(HEAVY_FAULTS);
const LIGHT: readonly Row[] = [
  ...Object.entries(WIRE_FAULTS),
  ...Object.entries(BODY_FAULTS).map(
    ([name, fault]): Row => [
      name,
      (reply, random) => {
        const body = reply.body === '' ? null : fault(reply, random);
        return body === null ? null : [write(plainWire(reply, body))];
      },
    ],
  ),
];
/** Each costs a deadline. */
const SLOW: ReadonlySet<string> = new Set([
  'slow drip',
  'silence',
  'interim replies without end',
  'headers without end',
]);
const SLOW_ONE_IN = 8;

/** The names of all faults, for whoever counts what was met. */
export const FAULT_NAMES: readonly string[] = [...LIGHT, ...HEAVY].map(([name]) => name);

/**
 * Starts it on a free port of loopback. Which case a request belongs to is its user name, `caseNUMBER`; every
 * reply is a function of the case, the request and how often it came. `met` counts faults by name.
 */
export async function startHostileServer(met: Map<string, number> = new Map()): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Clients break connections here as often as the server does.
    socket.on('error', () => socket.destroy());
    serve(socket, met).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('There is no port.');
  return {
    host: `127.0.0.1:${address.port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function serve(socket: Socket, met: Map<string, number>): Promise<void> {
  let received = '';
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    received += bytes.toString('latin1');
    for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
      const head = received.slice(0, end);
      received = received.slice(end + 4);
      for (const step of answer(head, met)) await play(socket, step);
    }
  }
}

/** How often each request of each case came: what is broken once may be whole the next time. */
const hits = new Map<string, number>();

function answer(head: string, met: Map<string, number>): readonly Step[] {
  const [method = '', path = ''] = head.split(' ', 2);
  const origin = `http://${/^host: (\S+)/im.exec(head)?.[1] ?? ''}`;
  const basic = /^authorization: basic (\S+)/im.exec(head)?.[1] ?? '';
  const caseText = /^case([0-9]+):/.exec(Buffer.from(basic, 'base64').toString('latin1'))?.[1];
  if (caseText === undefined) {
    const challenge = ['WWW-Authenticate', 'Basic realm="fuzz"'] as const;
    return [write(plainWire({ status: 401, headers: [challenge], body: '', kind: null }))];
  }
  const caseNumber = Number(caseText);
  if (path.startsWith('/loop')) {
    return [write(plainWire({ status: 302, headers: [['Location', `${path}x`]], body: '', kind: null }))];
  }
  const whole = endlessPage(new URL(path, origin)) ?? honestReply(worldOf(caseNumber), path, origin);
  const reply = method === 'HEAD' ? { ...whole, body: '' } : whole;
  const key = `${caseNumber} ${method} ${path}`;
  const hit = hits.get(key) ?? 0;
  hits.set(key, hit + 1);
  if (hits.size > 50_000) hits.clear();
  return faultOf(caseNumber, key, hit, reply, origin, met) ?? [write(plainWire(reply))];
}

/** The fault that a reply of a case meets; null for none. */
function faultOf(
  caseNumber: number,
  key: string,
  hit: number,
  reply: Reply,
  origin: string,
  met: Map<string, number>,
): readonly Step[] | null {
  const character = randomOf(`case ${caseNumber}`);
  const everyOne = 1 + character.below(4);
  const isPassing = character.oneIn(3);
  if (isPassing && hit > 0) return null;
  const random = randomOf(key);
  if (!random.oneIn(everyOne)) return null;
  const rows = isHeavy(caseNumber) ? HEAVY : LIGHT;
  for (let tries = 0; tries < 20; tries += 1) {
    const row = rows[random.below(rows.length)];
    if (row === undefined || (SLOW.has(row[0]) && !random.oneIn(SLOW_ONE_IN))) continue;
    const steps = row[1](reply, random, origin);
    if (steps === null) continue;
    met.set(row[0], (met.get(row[0]) ?? 0) + 1);
    return steps;
  }
  return null;
}

async function play(socket: Socket, step: Step): Promise<void> {
  if (socket.destroyed) return;
  switch (step.kind) {
    case 'write':
      await send(socket, step.bytes);
      return;
    case 'flood':
      while (!socket.destroyed) await send(socket, step.bytes);
      return;
    case 'drip':
      for (const byte of step.bytes) {
        if (socket.destroyed) return;
        await send(socket, Buffer.from([byte]));
        await delay(step.pauseMs);
      }
      return;
    case 'hold':
      await new Promise<void>((resolve) => socket.once('close', () => resolve()));
      return;
    case 'end':
      socket.end();
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
  }
}

/** Writes, and waits where the client reads slowly. */
async function send(socket: Socket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
