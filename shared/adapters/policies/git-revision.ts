import { execFile } from 'node:child_process';
import { type Fact, known, unknown } from '../../core/fact.ts';

const GIT_TIMEOUT_MS = 10_000;
const GIT_OUTPUT_BYTES_MAX = 4 * 1024 * 1024;

/** The policy files below a folder, whatever their depth. */
const POLICY_FILES = [':(glob)**/*.yaml', ':(glob)**/*.yml'];

type GitReply =
  | { readonly kind: 'ran'; readonly output: string }
  | { readonly kind: 'failed'; readonly why: string };

function git(folder: string, args: readonly string[]): Promise<GitReply> {
  // GIT_DIR and its like, set where a hook started us, would answer for another repository.
  const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  return new Promise((resolve) => {
    execFile(
      'git',
      // Reading a folder must run no program that its repository's configuration names.
      ['-C', folder, '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', ...args],
      {
        timeout: GIT_TIMEOUT_MS,
        maxBuffer: GIT_OUTPUT_BYTES_MAX,
        env: {
          ...Object.fromEntries(environment),
          GIT_OPTIONAL_LOCKS: '0',
          GIT_TERMINAL_PROMPT: '0',
          LC_ALL: 'C',
        },
      },
      (error, stdout, stderr) => {
        if (error === null) resolve({ kind: 'ran', output: stdout });
        else if (error.code === 'ENOENT') resolve({ kind: 'failed', why: 'git is not installed' });
        else if (error.killed === true) resolve({ kind: 'failed', why: 'git did not answer in time' });
        else resolve({ kind: 'failed', why: stderr.trim().split('\n')[0] ?? 'git failed' });
      },
    );
  });
}

/**
 * The commit that a folder's policy files are at, with `-dirty` after it where one of them differs from that
 * commit or is not in it. Unknown, with the reason, where the folder is in no repository.
 * @param files the files that were read, relative to the folder, with `/` between components
 */
export async function gitRevisionOf(folder: string, files: readonly string[]): Promise<Fact<string>> {
  const head = await git(folder, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']);
  if (head.kind === 'failed') {
    return unknown(
      `no git commit for the folder of policies: ${head.why === '' ? 'it is in no commit' : head.why}`,
    );
  }
  const commit = head.output.trim();
  if (!/^[0-9a-f]{40,64}$/.test(commit)) return unknown('no git commit for the folder of policies');
  const changed = await git(folder, ['diff', '--name-only', '--no-ext-diff', 'HEAD', '--', ...POLICY_FILES]);
  const tracked = await git(folder, ['ls-files', '-z', '--', ...POLICY_FILES]);
  if (changed.kind === 'failed')
    return unknown(`git could not compare the folder of policies: ${changed.why}`);
  if (tracked.kind === 'failed') return unknown(`git could not list the folder of policies: ${tracked.why}`);
  // An ignored file shows up in no comparison; that it is not in the commit has to be asked for.
  const inCommit = new Set(tracked.output.split('\0'));
  const isClean = changed.output === '' && files.every((file) => inCommit.has(file));
  return known(isClean ? commit : `${commit}-dirty`);
}
