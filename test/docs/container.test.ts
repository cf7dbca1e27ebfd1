import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { wholeProgram } from '../../cli/program.ts';
import { ROOT } from '../support/command.ts';

const page = await readFile(join(ROOT, 'docs/container.md'), 'utf8');
const dockerfile = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
const program = await wholeProgram();

/** Every `gcr-warden …` of a text, cut where the shell would cut it. */
function commandLines(text: string): string[][] {
  const lines = text.matchAll(/(?<=^|["'( ])gcr-warden ((?:plan|apply) [^"'&\n]+)/gm);
  return Array.from(lines, ([, words = '']) => words.trim().split(/\s+/));
}

/** What the command makes of the words, without doing it. */
function parseOnly(words: readonly string[]): Command {
  const command = program.commands.find((one) => one.name() === words[0]);
  if (command === undefined) throw new Error(`There is no command ${words[0]}.`);
  command.action(() => {});
  command.exitOverride().parse(words.slice(1), { from: 'user' });
  return command;
}

describe('the page on containers', () => {
  const lines = commandLines(page);

  it.each(lines)('has %s in a form that the program takes', (...words) => {
    expect(parseOnly(words).name()).toBe(words[0]);
  });

  it('plans and applies in each of its three ways', () => {
    expect(lines.map(([name]) => name)).toEqual(['plan', 'apply', 'plan', 'apply', 'plan', 'apply']);
  });

  it('has a CronJob that never runs twice at once and never as root', () => {
    const [, text = ''] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
    const job = parse(text);
    expect(job.spec.concurrencyPolicy).toBe('Forbid');
    const [container] = job.spec.jobTemplate.spec.template.spec.containers;
    expect(container.securityContext).toMatchObject({ runAsNonRoot: true, readOnlyRootFilesystem: true });
  });
});

describe('the Dockerfile', () => {
  it('copies what is there, or what the bundle makes', () => {
    const copied = Array.from(dockerfile.matchAll(/^COPY (?:--from=build )?(.+) \S+$/gm), ([, paths = '']) =>
      paths.split(' ').map((path) => path.replace(/^\/src\//, '')),
    ).flat();
    expect(copied.length).toBeGreaterThan(6);
    expect(copied.filter((path) => path !== 'dist/cli' && !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('ends as an account without rights of its own', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});

describe('the pipeline of the repository', () => {
  it('runs what everybody runs, looks for known holes, and tries the package on the oldest Node', async () => {
    const { jobs } = parse(await readFile(join(ROOT, '.github/workflows/ci.yml'), 'utf8'));
    const runs = (job: { steps: { run?: string }[] }): string[] => job.steps.flatMap(({ run }) => run ?? []);
    expect(runs(jobs.test)).toEqual(['.ci/run']);
    expect(runs(jobs.audit)).toEqual(['npm audit --omit=dev --package-lock-only']);
    expect(jobs.package.strategy.matrix.node).toContain('22.19');
  });
});
