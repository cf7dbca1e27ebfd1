import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPolicyFolder } from '../../../shared/adapters/policies/folder.ts';
import type { PolicySet } from '../../../shared/core/policy.ts';

function policy(name: string): string {
  return `apiVersion: gcr-warden/v1\npolicy: ${name}\nrepositories: "*/acme/${name}/**"\ndelete: [{ old: { olderThan: 7d } }]\n`;
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'policies-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function put(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), content);
}

const read = (): Promise<PolicySet> => readPolicyFolder(folder).read();
const names = (set: PolicySet): string[] => set.policies.map(({ name }) => name);
const problems = (set: PolicySet): string[] => set.problems.map(({ code, file }) => `${code} ${file}`);

describe('a folder of policies', () => {
  it('is read by file name, with the folders below it, and without policy tests and hidden files', async () => {
    await put('b.yml', policy('b'));
    await put('a.yaml', policy('a'));
    await put('team/c.yaml', policy('c'));
    await put('a.test.yaml', 'expect: nothing');
    await put('README.md', '# Policies');
    await put('.hidden.yaml', policy('hidden'));
    await put('.git-like/d.yaml', policy('d'));
    const set = await read();
    expect(set.policies.map(({ name, source }) => [name, source.file])).toEqual([
      ['a', 'a.yaml'],
      ['b', 'b.yml'],
      ['c', 'team/c.yaml'],
    ]);
    expect(set.problems).toEqual([]);
  });

  it('is empty where there is nothing in it', async () => {
    expect(await read()).toEqual({ policies: [], problems: [] });
  });

  it('reads the right files beside the wrong ones', async () => {
    await put('a.yaml', policy('a'));
    await put('b.yaml', 'policy: [');
    await put('latin1.yaml', Uint8Array.of(...Buffer.from('# caf'), 0xe9));
    await put('large.yaml', `#${'x'.repeat(128 * 1024)}`);
    const set = await read();
    expect(names(set)).toEqual(['a']);
    expect(problems(set)).toEqual([
      'POLICY_YAML b.yaml',
      'POLICY_TOO_LARGE large.yaml',
      'POLICY_NOT_UTF8 latin1.yaml',
    ]);
  });

  it('follows a link inside the folder and none that leads out of it', async () => {
    await put('.data/a.yaml', policy('a'));
    await symlink('.data/a.yaml', join(folder, 'a.yaml'));
    const outside = await mkdtemp(join(tmpdir(), 'outside-'));
    try {
      await writeFile(join(outside, 'b.yaml'), policy('b'));
      await symlink(join(outside, 'b.yaml'), join(folder, 'b.yaml'));
      const set = await read();
      expect(names(set)).toEqual(['a']);
      expect(problems(set)).toEqual(['POLICY_FILE b.yaml']);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  it('does not wait for a pipe', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
    expect(problems(await read())).toEqual(['POLICY_FILE pipe.yaml']);
  });

  it.each([
    ['that is not there', 'nowhere'],
    ['that is a file', 'a.yaml'],
  ])('throws for a folder %s', async (_title, below) => {
    await put('a.yaml', policy('a'));
    await expect(readPolicyFolder(join(folder, below)).read()).rejects.toMatchObject({
      code: 'POLICY_SOURCE_UNREADABLE',
    });
  });

  it('throws where a link leads nowhere, since what it held is not known', async () => {
    await symlink('gone.yaml', join(folder, 'a.yaml'));
    await expect(read()).rejects.toMatchObject({ code: 'POLICY_SOURCE_UNREADABLE' });
  });
});

describe('the commit of a folder of policies', () => {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      encoding: 'utf8',
      // Whatever this machine's owner configured stays out of it.
      env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    }).trim();
  const revision = async (): Promise<string> => {
    const found = (await readPolicyFolder(join(folder, 'policies')).read()).policies[0]?.source.gitRevision;
    return found?.kind === 'known' ? found.value : `unknown: ${found?.reason}`;
  };
  const commit = (): string => {
    git('add', '-A');
    git('commit', '-q', '-m', 'test');
    return git('rev-parse', 'HEAD');
  };

  beforeEach(async () => {
    await put('policies/a.yaml', policy('a'));
  });

  it('is unknown outside of a repository, and says so', async () => {
    expect(await revision()).toMatch(/^unknown: no git commit/);
  });

  it('is unknown before the first commit', async () => {
    git('init', '-q');
    expect(await revision()).toMatch(/^unknown: no git commit/);
  });

  it('is the commit where nothing differs', async () => {
    git('init', '-q');
    expect(await revision().then(() => commit())).toBe(await revision());
  });

  it.each([
    ['a policy was changed', () => put('policies/a.yaml', `${policy('a')}# changed\n`)],
    ['a policy was added', () => put('policies/b.yaml', policy('b'))],
    ['a policy was removed', () => rm(join(folder, 'policies/z.yaml'))],
    ['a policy is ignored by git', () => put('policies/ignored.yaml', policy('ignored'))],
  ])('is marked dirty where %s', async (_title, change) => {
    git('init', '-q');
    await put('policies/z.yaml', policy('z'));
    await put('.gitignore', 'ignored.yaml\n');
    const head = commit();
    await change();
    expect(await revision()).toBe(`${head}-dirty`);
  });

  it('stays clean where only other files differ', async () => {
    git('init', '-q');
    const head = commit();
    await put('README.md', 'new');
    await put('policies/notes.txt', 'new');
    expect(await revision()).toBe(head);
  });
});
