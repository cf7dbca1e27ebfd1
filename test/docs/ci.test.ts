import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { ROOT, warden } from '../support/command.ts';

const page = await readFile(join(ROOT, 'docs/ci.md'), 'utf8');
const blocks = Array.from(page.matchAll(/^```yaml\n(.*?)^```$/gms), ([, text = '']) => text);
const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };

interface GitHubWorkflow {
  readonly on: { readonly pull_request: unknown };
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
}

interface GitLabJob {
  readonly script: readonly string[];
}

function parsed(text: string): unknown {
  const document = parseDocument(text);
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return document.toJS();
}

/** The shell lines of each example. */
function scripts(): Record<'github' | 'gitlab', string[]> {
  const [github = '', gitlab = ''] = blocks;
  const { jobs } = parsed(github) as GitHubWorkflow;
  const { policies } = parsed(gitlab) as { readonly policies: GitLabJob };
  const steps = Object.values(jobs).flatMap((job) => job.steps.flatMap(({ run }) => run?.split('\n') ?? []));
  return { github: steps, gitlab: [...policies.script] };
}

/** The words of every call of gcr-warden, without what the shell takes for itself. */
function calls(lines: readonly string[]): string[][] {
  return lines.flatMap((line) => {
    const found = /^npx --yes gcr-warden@(\S+) ([^>|]+)/.exec(line.trim());
    if (line.includes('gcr-warden') && found?.[1] !== version) throw new Error(`another version: ${line}`);
    return found?.[2] === undefined ? [] : [found[2].trim().split(/\s+/)];
  });
}

describe('the page on pull requests', () => {
  it('has one example for GitHub and one for GitLab', () => {
    expect(blocks.map((text) => text.split('\n')[0])).toEqual([
      '# .github/workflows/policies.yaml',
      '# .gitlab-ci.yml',
    ]);
  });

  it.each(['github', 'gitlab'] as const)('runs check, test and diff on %s', (where) => {
    const run = calls(scripts()[where]).map(([policy, name]) => `${policy} ${name}`);
    expect(run).toEqual(['policy check', 'policy test', 'policy diff']);
  });

  it.each(
    calls([...scripts().github, ...scripts().gitlab]).map((words) => [words.join(' '), words] as const),
  )('calls the program as it is: %s', async (_title, words) => {
    // The values that an option takes are told by a wrong one; so nothing but the files may be missing.
    const placed = words.map((word) => word.replace('../base/policies', 'policies'));
    const { exitCode, stderr } = await warden(placed);
    expect([exitCode, stderr.split('\n')[0]]).toEqual(
      words.includes('diff') ? [2, expect.stringContaining('SNAPSHOT_INVALID: inventory.json can')] : [0, ''],
    );
  });

  it('puts nothing that a stranger can name into a command', () => {
    for (const line of scripts().github) expect(line).not.toContain('${{');
  });

  it('asks for no right but to read the code and to comment', () => {
    const { permissions } = parsed(blocks[0] ?? '') as GitHubWorkflow;
    expect(permissions).toEqual({ contents: 'read', 'pull-requests': 'write' });
  });
});
