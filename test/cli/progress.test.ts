import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ended, run } from '../support/command.ts';
import { describeWithPeers } from '../support/peer.ts';
import { openStage, pullRequests, type Stage } from './stage.ts';

/** Runs a program on a pseudo-terminal of this many columns (0: one that does not say), and passes on its output. */
const ON_TERMINAL = `
import fcntl, os, pty, struct, sys, termios
columns = int(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try:
        data = os.read(terminal, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

const CLEARED = '\r\u001b[K';

describeWithPeers(['python3'], 'the line of progress on a terminal', () => {
  let stage: Stage;
  let folder: string;
  beforeAll(async () => {
    stage = await openStage(['1.0.0', 'pr-1']);
    folder = await stage.policies('planned', { 'pull-requests.yaml': pullRequests('plan') });
    // Long enough to be worth a line.
    stage.registry.latencyMs = 300;
  });
  afterAll(() => stage.close());

  function onTerminal(columns: number, args: readonly string[]): Promise<Ended> {
    const command = [process.execPath, 'bin/gcr-warden.js', ...args];
    return run('python3', ['-c', ON_TERMINAL, String(columns), ...command], {
      DOCKER_CONFIG: stage.path(''),
      GCR_WARDEN_LEDGER: stage.path('ledger.sqlite'),
      NO_COLOR: '1',
    });
  }

  it.each<[name: string, args: () => string[], result: RegExp]>([
    ['list', () => ['list'], /^\S+\/acme\/api {2}2 manifests/],
    ['snapshot', () => ['snapshot', '--out', stage.path('s.json')], /: 1 repositories with 2 manifests/],
    ['plan', () => ['plan', '--policies', folder], /^\S+\/acme\/api {2}2 artifacts/],
  ])('of %s counts repositories, and is gone when the result is there', async (_name, args, result) => {
    const { exitCode, stdout } = await onTerminal(100, [...args(), stage.target]);
    expect(exitCode).toBe(0);
    const shown = stdout.split(CLEARED);
    expect(shown.length).toBeGreaterThan(2);
    expect(shown).toContainEqual(expect.stringMatching(/^\[\.{24}\] {2}0 of 1 repositories {2}/));
    for (const line of shown.slice(0, -1)) expect(line).not.toContain('\n');
    expect(shown.at(-1)).toMatch(result);
  });

  it('of restore counts manifests, and is gone when the result is there', async () => {
    const policies = await stage.policies('enforced', { 'pull-requests.yaml': pullRequests('enforce') });
    const plan = stage.path('plan.json');
    for (const args of [
      ['plan', '--policies', policies, '--out', plan, stage.target],
      ['apply', plan, '--yes'],
    ]) {
      expect(await stage.warden(args)).toMatchObject({ exitCode: 0 });
    }
    const history = await stage.warden(['history', '--json']);
    const runs = JSON.parse(history.stdout) as { id: string; mode: string }[];
    const run = runs.find(({ mode }) => mode === 'apply')?.id ?? '';
    const { exitCode, stdout } = await onTerminal(100, ['restore', run]);
    expect(exitCode).toBe(0);
    const shown = stdout.split(CLEARED);
    expect(shown).toContainEqual(expect.stringMatching(/^\[\.{24}\] {2}0 of 1 manifest {2}/));
    expect(shown.at(-1)).toMatch(/restored/);
  });

  it('keeps to the width of the terminal, and to 80 columns where that is not told', async () => {
    for (const [columns, most] of [
      [40, 39],
      [0, 79],
    ] as const) {
      const { stdout } = await onTerminal(columns, ['list', stage.target]);
      const lengths = stdout
        .split(CLEARED)
        .slice(0, -1)
        .map((line) => line.length);
      expect(Math.max(...lengths)).toBeGreaterThan(most / 2);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(most);
    }
  });
});
