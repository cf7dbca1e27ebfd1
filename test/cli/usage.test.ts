import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, pullRequests, type Stage } from './stage.ts';

/** The first byte of a TLS connection. Plain HTTP begins with a letter. */
const TLS_HANDSHAKE = 0x16;

describe('gcr-warden', () => {
  let stage: Stage;
  let policies: string;

  beforeAll(async () => {
    stage = await openStage([]);
    policies = await stage.policies('enforced', { 'pull-requests.yaml': pullRequests('enforce') });
  });
  afterAll(() => stage.close());

  it.each<[string, readonly string[], RegExp]>([
    ['a command that there is not', ['lst', 'gcr.io/acme'], /unknown command 'lst'\n\(Did you mean list\?\)/],
    ['a command below one', ['policy', 'chek'], /unknown command 'chek'\n\(Did you mean check\?\)/],
    ['an option', ['list', '--jsn', 'gcr.io/acme'], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    ['an option of a command below one', ['policy', 'check', '--formt'], /\(Did you mean --format\?\)/],
    ['no target', ['list'], /OPTION_INVALID: Name what to list/],
    ['no policies', ['plan', 'gcr.io/acme'], /required option '--policies <dir>'/],
    ['no command', [], /^Usage: gcr-warden /],
    ['a target without a host', ['list', 'acme'], /^error: REFERENCE_INVALID: "acme" /],
    ['a target with a tag', ['list', 'gcr.io/acme/api:1'], /^error: REFERENCE_INVALID: /],
    ['an image without a host', ['explain', 'api:1'], /^error: REFERENCE_INVALID: /],
    [
      'no concurrency',
      ['list', '--concurrency', '0', 'gcr.io/acme'],
      /^error: OPTION_INVALID: --concurrency /,
    ],
    ['a ledger that is none', ['history', '--ledger', 'firestore:acme'], /^error: LEDGER_UNKNOWN: /],
    ['no in-use source', ['plan', '--in-use', 'asst:organizations/1'], /^error: IN_USE_INVALID: /],
    ['no project', ['audit'], /^error: OPTION_INVALID: .*--project/],
    [
      'an endpoint that is not this machine',
      ['audit', '--project', 'acme', '--google-endpoint', 'http://198.51.100.1:8080'],
      /^error: GOOGLE_ENDPOINT_REFUSED: /,
    ],
  ])('ends with 2 and says why: %s', async (_title, args, said) => {
    const { exitCode, stdout, stderr } = await stage.warden(args);
    expect(stderr).toMatch(said);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('refuses a malformed target of plan before it reads anything', async () => {
    const { exitCode, stderr } = await stage.warden(['plan', '--policies', policies, 'Acme']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: REFERENCE_INVALID: /);
  });

  it('helps, and ends with 0', async () => {
    const { exitCode, stdout, stderr } = await stage.warden(['--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: gcr-warden /);
  });

  it.each([
    ['can not be made', ['stop'], /^error: LEDGER_UNAVAILABLE: /],
    ['is not there, to who only reads', ['history'], /^error: LEDGER_MISSING: /],
  ])('says that the folder of a ledger %s', async (_what, command, said) => {
    await writeFile(stage.path('file'), '');
    const { exitCode, stderr } = await stage.warden([...command, '--ledger', stage.path('file/l.sqlite')]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(said);
  });

  it('shows what came from outside without its control characters', async () => {
    const { stderr } = await stage.warden(['list', 'gcr.io/\u001b[31macme\u202e']);
    expect(stderr).toMatch(/REFERENCE_INVALID/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(stderr).not.toMatch(/[\u001b\u202e]/);
  });

  // 0.0.0.0 reaches this machine and is no loopback address, so it stands for any other host.
  it.each(['list', 'plan'])('never speaks plain HTTP to another host: %s', async (command) => {
    const firstBytes: number[] = [];
    const host = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (bytes) => {
        firstBytes.push(bytes[0] ?? -1);
        socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      });
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    try {
      const target = `0.0.0.0:${(host.address() as AddressInfo).port}/acme`;
      const more = command === 'plan' ? ['--policies', policies] : [];
      const { exitCode, stdout } = await stage.warden([command, ...more, target]);
      expect(exitCode).toBe(1);
      expect(stdout).toContain(`GET https://${target.split('/')[0]}/v2/ failed`);
      expect(new Set(firstBytes)).toEqual(new Set([TLS_HANDSHAKE]));
    } finally {
      host.close();
    }
  });
});
