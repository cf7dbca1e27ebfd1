import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completionOf } from '../../cli/completion.ts';
import { wholeProgram } from '../../cli/program.ts';
import { openLedger } from '../../shared/adapters/ledger/open-ledger.ts';
import { run, succeed, warden } from '../support/command.ts';
import { describeWithPeers } from '../support/peer.ts';

const program = await wholeProgram();
const wordsAfter = (...words: string[]): readonly string[] | string => {
  const completion = completionOf(program, words);
  return completion.kind === 'words' ? completion.candidates.map(({ word }) => word) : completion.kind;
};

describe('what may stand next', () => {
  it.each<[string[], readonly string[] | string]>([
    [['pl'], ['plan']],
    [['policy', 'd'], ['diff']],
    [['policy', 'check', '--form'], ['--format']],
    [
      ['policy', 'check', '--format', ''],
      ['text', 'github', 'json', 'sarif'],
    ],
    [['policy', 'check', '--format', 's'], ['sarif']],
    [['audit', '--format=j'], ['--format=json']],
    [['policy', 'check', ''], 'folders'],
    [['policy', 'import', 'one', ''], 'files'],
    [['apply', '--reason', 'because', ''], 'files'],
    [['explain', ''], 'images'],
    [['explain', '--json', ''], 'images'],
    [['hold', 'list', ''], 'repositories'],
    [['explain', 'image', ''], []],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['no-such-command', 'x'], []],
  ])('after %j is %j', (words, expected) => {
    expect(wordsAfter(...words)).toEqual(expected);
  });

  it('never names what is hidden, and has every command and every option', () => {
    const names = wordsAfter('');
    expect(names).not.toContain('__complete');
    expect(names).toEqual(
      expect.arrayContaining(program.commands.map((one) => one.name()).filter((one) => !one.startsWith('_'))),
    );
    expect(wordsAfter('plan', '--')).toEqual(
      expect.arrayContaining(['--policies', '--quiet', '--no-color', '--help']),
    );
  });

  it('is an argument behind two dashes, whatever it looks like', () => {
    expect(wordsAfter('explain', '--', '-')).toBe('images');
  });
});

describe('completion in a shell', () => {
  let directory: string;
  let env: Record<string, string>;
  const image = 'localhost:5050/acme/api';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'warden-completion-'));
    const ledgerPath = join(directory, 'ledger.sqlite');
    const ledger = await openLedger(ledgerPath);
    for (const tag of ['main', 'pr-1']) {
      await ledger.recordEvent({
        version: 1,
        messageId: tag,
        action: 'INSERT',
        repository: image,
        digest: `sha256:${'a'.repeat(64)}`,
        tag,
        publishedAtMs: 1,
      });
    }
    await ledger.close();
    const command = join(directory, 'gcr-warden');
    await writeFile(
      command,
      `#!/bin/sh\nexec '${process.execPath}' '${process.cwd()}/bin/gcr-warden.js' "$@"\n`,
    );
    await chmod(command, 0o755);
    await mkdir(join(directory, 'policies'));
    env = {
      GCR_WARDEN_LEDGER: ledgerPath,
      PATH: `${directory}${delimiter}${process.env['PATH'] ?? ''}`,
    };
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('offers the repositories and tags of the ledger', async () => {
    const of = async (text: string): Promise<string[]> =>
      (await warden(['__complete', '--', 'explain', text], env)).stdout
        .split('\n')
        .filter((line) => line !== '');
    expect(await of('local')).toEqual([`${image}\t`]);
    expect(await of(`${image}:`)).toEqual([`${image}:main\t`, `${image}:pr-1\t`]);
  });

  it('says nothing where there is no ledger, or one that is not ours', async () => {
    for (const ledger of [join(directory, 'none.sqlite'), join(directory, 'gcr-warden')]) {
      const ended = await warden(['__complete', '--', 'explain', ''], { GCR_WARDEN_LEDGER: ledger });
      expect(ended).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    }
  });

  it('works in bash, which cuts words at colons and equals signs', async () => {
    const script = `cd '${directory}'; source <(gcr-warden completion bash)
for COMP_LINE in 'gcr-warden policy ch' 'gcr-warden explain ${image}:m' 'gcr-warden audit --format=j' 'gcr-warden policy check pol'; do
  COMP_POINT=\${#COMP_LINE}; _gcr_warden; echo "\${COMPREPLY[*]}"; done`;
    const { stdout, stderr } = await run('bash', ['-c', script], env);
    expect({ lines: stdout.trim().split('\n'), stderr }).toEqual({
      lines: ['check', 'main', 'json', 'policies'],
      stderr: '',
    });
  });

  describeWithPeers(['fish'], 'in fish', () => {
    it('works', async () => {
      const script = `gcr-warden completion fish | source; cd '${directory}'
complete -C 'gcr-warden policy ch'; complete -C 'gcr-warden explain ${image}:m'; complete -C 'gcr-warden policy check pol'`;
      const text = await succeed('fish', ['--no-config', '-c', script], env);
      expect(
        text
          .trim()
          .split('\n')
          .map((line) => line.split('\t')[0]),
      ).toEqual(['check', `${image}:main`, 'policies/']);
    });
  });

  describeWithPeers(['zsh'], 'in zsh', () => {
    it('works', async () => {
      // A completion function only works inside zsh's own line editor; zpty is a terminal that zsh itself holds.
      const script = `zmodload zsh/zpty; zpty warden zsh -f -i
zpty -w warden "PS1=; autoload -Uz compinit; compinit -u -d '${directory}/zcompdump'; source <(gcr-warden completion zsh); cd '${directory}'; echo rea''dy"
zpty -r warden out '*ready*'
zpty -w -n warden $'gcr-warden policy simu\\t --assume-un\\t; echo do""ne\\n'
zpty -r warden out '*done*'; print -r -- "$out"`;
      const { stdout } = await run('zsh', ['-f', '-c', script], env);
      // Both words were completed: with what was typed the program would know neither command nor option.
      expect(stdout).toContain('Name what the policies are tried on');
    });
  });
});
