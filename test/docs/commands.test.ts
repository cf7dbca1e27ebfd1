import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT, REFUSED_CODES } from '../../cli/exit-code.ts';
import { buildLayer, pushImage } from '../../local/registry/index.ts';
import { type LocalStack, startLocalStack } from '../../local/stack.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { withCommands } from '../../tools/commands-page.ts';
import { ROOT, succeed, warden } from '../support/command.ts';

const page = await readFile(join(ROOT, 'docs/commands.md'), 'utf8');

/** Sections by their headings. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.split('\n', 1)[0] ?? '', text] as const),
);

/** The first cells of the rows of a section. */
function firstCells(section: string | undefined): string[] {
  return Array.from((section ?? '').matchAll(/^\| `(.+?)` \|/gm), ([, name = '']) => name);
}

describe('the page on commands', () => {
  it('is what the program says of its commands, arguments and options', async () => {
    expect(page, 'run "node tools/commands-page.ts"').toBe(await withCommands(page));
  });

  it('tells of every option of npm start', async () => {
    const help = await succeed(process.execPath, ['local/main.ts', '--help']);
    const options = Array.from(help.matchAll(/^ {2}(--\w+(?: [A-Z]+)?) {2,}/gm), ([, option]) => option);
    expect(firstCells(sections.get('npm start'))).toEqual(options);
  });

  it('tells of every exit code, and of every code that means 2', () => {
    const section = sections.get('Exit codes') ?? '';
    expect(firstCells(section)).toEqual(Object.values(EXIT).map(String));
    expect([...section.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code]) => code)).toEqual([...REFUSED_CODES]);
  });

  it('tells of every environment variable that is read, and of no other', async () => {
    const files = globSync(['{shared,functions,cli,local}/**/*.ts', 'bin/*.js'], { cwd: ROOT });
    const texts = await Promise.all(files.map((file) => readFile(join(ROOT, file), 'utf8')));
    const read = new Set(
      texts.flatMap((text) =>
        Array.from(
          text.matchAll(/\b(?:env|environment)(?:\['|, '|\('|\.)([A-Z][A-Z0-9_]+)\b/g),
          ([, name = '']) => name,
        ),
      ),
    );
    // These two are read by Google's own libraries.
    for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'PUBSUB_EMULATOR_HOST']) read.add(name);
    const documented = new Set(firstCells(sections.get('Environment variables')));
    expect([...documented].sort()).toEqual([...read].sort());
  });
});

describe('the examples of the page on commands', () => {
  let stack: LocalStack;
  let directory: string;
  const logger = { log: () => {} };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'warden-commands-'));
    stack = await startLocalStack({
      directory: join(directory, 'stack'),
      policies: 'policies',
      ports: { registry: 0, report: 0 },
      logger,
      onRecorded: () => {},
      onAudit: () => {},
      clean: { isStopped: () => false, onPlan: () => {}, onResult: () => {} },
    });
    const images = [
      { tag: 'pr-101', daysAgo: 35 },
      { tag: '1.0.0', daysAgo: 3 },
      { tag: '1.1.0', daysAgo: 2 },
      { tag: 'main', daysAgo: 1 },
    ];
    for (const { tag, daysAgo } of images) {
      stack.setRegistryClock(Date.now() - daysAgo * DAY_MS);
      const layers = [{ bytes: buildLayer([{ path: 'app', content: tag }]) }];
      await pushImage({ registry: stack.registry.host, name: 'acme/services/api', tags: [tag], layers });
    }
    stack.setRegistryClock(null);
    await stack.topics.idle();
  });
  afterAll(async () => {
    await stack.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** The places that the page names, on this stack. */
  const placed = (word: string): string =>
    word
      .replace(/^localhost:5050(?=\/)/, stack.registry.host)
      .replace(/^\.warden\/local\/ledger\.sqlite$/, stack.ledgerPath)
      .replace(/^http:\/\/127\.0\.0\.1:8085$/, stack.googleUrl)
      .replace(/^(?:(?:plan|snapshot)\.json|ledger\.jsonl|copy\.sqlite)$/, (name) => join(directory, name))
      .replace(/^\.warden\/(report|report\.html|init)$/, (_, name: string) => join(directory, name));

  const examples = Array.from(page.matchAll(/^npx gcr-warden (.+)$/gm), ([, words = '']) => words);

  it('are there for every command', () => {
    const headings = [...sections].filter(([heading]) => heading.startsWith('gcr-warden '));
    for (const [heading, section] of headings) expect(section).toContain(`\`\`\`sh\nnpx ${heading}`);
  });

  // In the page's order: what one writes, the next one reads.
  it.each(examples)('gcr-warden %s', async (words) => {
    const [{ intent: last } = { intent: { runId: '' } }] = await stack.ledger.journal({ limit: 1 });
    const named = words.split(' ').map((word) => (word === 'RUN' ? last.runId : placed(word)));
    const run = await warden(named, { DOCKER_CONFIG: directory });
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).not.toBe('');
  });

  it('deleted what the page deletes, and explained it', async () => {
    const [entry] = await stack.ledger.journal({ limit: 1 });
    expect(entry).toMatchObject({ intent: { repository: `${stack.registry.host}/acme/services/api` } });
    expect(stack.registry.requests['DELETE manifests']).toBe(2);
  });
});
