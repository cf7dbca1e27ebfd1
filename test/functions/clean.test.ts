import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type CleanSetting, cleanHandler } from '../../functions/handlers/clean.ts';
import { serveFunction } from '../../local/function-server.ts';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { formatWork } from '../../shared/core/work.ts';
import { usageReader } from '../app/stage.ts';
import { DEAD_LETTERS, openStage, post, pushBody, type Stage } from './stage.ts';

/** A registry that remembers what it was asked and never answers. */
async function silentRegistry() {
  const seen: IncomingMessage[] = [];
  const server = createServer((request) => void seen.push(request));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Serves `clean` for one target with a password for every host that is given; the run's end is `endOf`'s to see. */
async function serveClean(options: {
  readonly stage: Stage;
  readonly target: string;
  readonly hosts: readonly string[];
  readonly budgetMs: number;
  readonly clock: () => number;
  readonly onRun: (endByMs: number) => void;
}): Promise<string> {
  const { stage, clock } = options;
  const policies = await mkdtemp(join(tmpdir(), 'warden-policies-'));
  const login = { kind: 'basic', username: 'me', password: 'a-password' } as const;
  const registry = openRegistry({
    credentials: fixedCredentials(Object.fromEntries(options.hosts.map((host) => [host, login]))),
    clock,
    logger: stage.logger,
    concurrency: 4,
    manifestCache: null,
  });
  const open = async (): Promise<CleanSetting> => ({
    registry: registry.reader,
    deleter: registry.deleter(),
    ledger: stage.ledger,
    usage: usageReader(),
    policies: readPolicyFolder(policies),
    publisher: stage.topics,
    deadLetterTopic: DEAD_LETTERS,
    targets: [parseTarget(options.target)],
    clock,
    newId: () => 'run-1',
    concurrency: 4,
    forRun: (endByMs) => {
      options.onRun(endByMs);
      const access = registry.forRun(endByMs);
      return { registry: access.reader, deleter: access.deleter() };
    },
  });
  const served = await serveFunction('clean', cleanHandler(stage.logger, open, options.budgetMs), 0);
  onTestFinished(async () => {
    await Promise.all([served.close(), registry.close()]);
    await rm(policies, { recursive: true, force: true });
  });
  return served.url;
}

function work(repository: string): unknown {
  const now = Date.now();
  const data = formatWork({ version: 1, repository, trigger: 'schedule', policies: [], scheduledAtMs: now });
  return pushBody(data);
}

describe('clean', () => {
  it('ends a run’s requests a minute after its last step may begin, however slow the registry is', async () => {
    const registry = await silentRegistry();
    const ends: number[] = [];
    let aheadMs = 0;
    const budgetMs = 1_000;
    const url = await serveClean({
      stage: await openStage(),
      target: `${registry.host}/acme`,
      hosts: [registry.host],
      budgetMs,
      clock: () => Date.now() + aheadMs,
      onRun: (endByMs) => {
        ends.push(endByMs);
        // All but the last 200 ms of the run have gone when its first request is sent.
        aheadMs = endByMs - 200 - Date.now();
      },
    });
    const startedMs = Date.now();
    // The listing is incomplete, so that nothing is deleted, and the delivery is done with.
    expect(await post(url, work(`${registry.host}/acme/api`))).toBe(204);
    expect(ends).toHaveLength(1);
    expect(ends[0]).toBeGreaterThanOrEqual(startedMs + budgetMs + 60_000);
    expect(ends[0]).toBeLessThanOrEqual(Date.now() + budgetMs + 60_000);
    expect(registry.seen).toHaveLength(1);
  });

  it.each([
    ['another host', (_target: string, other: string) => `${other}/acme/api`],
    ['another project of the same host', (target: string) => `${target}/other/api`],
  ])('sends nothing where a message names %s', async (_name, repositoryOf) => {
    const stage = await openStage();
    const [target, other] = [await silentRegistry(), await silentRegistry()];
    const url = await serveClean({
      stage,
      target: `${target.host}/acme`,
      hosts: [target.host, other.host],
      budgetMs: 60_000,
      clock: Date.now,
      onRun: () => {},
    });
    expect(await post(url, work(repositoryOf(target.host, other.host)))).toBe(204);
    await vi.waitFor(() =>
      expect(stage.deadLetters).toMatchObject([{ attributes: { code: 'WORK_OUTSIDE_TARGETS' } }]),
    );
    expect([...target.seen, ...other.seen]).toEqual([]);
  });
});
