import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT, REFUSED_CODES } from '../../cli/exit-code.ts';
import { buildLayer, pushImage } from '../../local/registry/index.ts';
import { type LocalStack, startLocalStack } from '../../local/stack.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { ROOT, succeed, warden } from '../support/command.ts';

const page = await readFile(join(ROOT, 'docs/commands.md'), 'utf8');

/** Sections by their headings. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.split('\n', 1)[0] ?? '', text] as const),
);

interface Row {
  readonly name: string;
  readonly default: string;
}

/** The rows of a command's table. */
function documentedRows(section: string): Row[] {
  return Array.from(section.matchAll(/^\| `(.+?)` \| (.*?) ?\| .+ \|$/gm), ([, name = '', value = '']) => ({
    name,
    default: value.replaceAll('`', ''),
  }));
}

/** The first cells of the rows of a section. */
function firstCells(section: string | undefined): string[] {
  return Array.from((section ?? '').matchAll(/^\| `(.+?)` \|/gm), ([, name = '']) => name);
}

/** What `--help` says: the arguments of its first line, and each option with its default. */
function rowsOfHelp(help: string): Row[] {
  const usage = help.slice(0, help.indexOf('\n\n'));
  const names = (usage.match(/[<[]\w+[\]>]/g) ?? []).filter((name) => name !== '[options]');
  // Descriptions that take several lines are put on one.
  const lines = help.replace(/\n {4,}(?=\S)/g, ' ').split('\n');
  const described = new Map<string, string>();
  for (const line of lines) {
    const [, name, description] = /^ {2}(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
    if (name !== undefined && description !== undefined) described.set(name, description);
  }
  const rows = names.map((name) => ({ name, default: defaultIn(described.get(name.slice(1, -1)) ?? '') }));
  for (const [name, description] of described) {
    if (name.startsWith('--')) rows.push({ name, default: defaultIn(description) });
  }
  return rows;
}

function defaultIn(description: string): string {
  return /[( ]default: "?(.*?)"?[,)]/.exec(description)?.[1] ?? /\(env: (\w+)\)/.exec(description)?.[1] ?? '';
}

/** Every command of the program that has no commands below it, found by asking for help. */
async function commands(above: readonly string[] = []): Promise<string[][]> {
  const { stdout } = await warden([...above, '--help']);
  const list = stdout.split(/^Commands:\n/m)[1];
  if (list === undefined) return [[...above]];
  const names = Array.from(list.matchAll(/^ {2}([a-z-]+)/gm), ([, name = '']) => name);
  const below = names.filter((name) => name !== 'help').map((name) => commands([...above, name]));
  return (await Promise.all(below)).flat();
}

/** Told in words where the program says it with a sentence or an error. */
const IN_WORDS: ReadonlySet<string> = new Set(['required', "Google's own"]);

describe('the page on commands', () => {
  it('has every command, in the order of the program', async () => {
    const documented = [...sections.keys()].filter((heading) => heading.startsWith('gcr-warden '));
    const names = (await commands()).map((words) => `gcr-warden ${words.join(' ')}`);
    expect(documented).toEqual(names);
    // Some twenty processes, one after the other.
  }, 60_000);

  it.each([...sections].filter(([heading]) => heading.startsWith('gcr-warden ')))(
    'tells of every argument and option of %s, with its default',
    async (heading, section) => {
      const { stdout } = await warden([...heading.split(' ').slice(1), '--help']);
      const documented = documentedRows(section).map((row) =>
        IN_WORDS.has(row.default) ? { ...row, default: '' } : row,
      );
      expect(documented).toEqual(rowsOfHelp(stdout));
    },
  );

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
    const files = globSync('{shared,functions,cli,local}/**/*.ts', { cwd: ROOT });
    const texts = await Promise.all(files.map((file) => readFile(join(ROOT, file), 'utf8')));
    const read = new Set(
      texts.flatMap((text) =>
        Array.from(
          text.matchAll(/\b(?:env|environment)(?:\[|, |\()'([A-Z][A-Z0-9_]+)'/g),
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
      .replace(/^(?:plan|snapshot)\.json$/, (name) => join(directory, name));

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
