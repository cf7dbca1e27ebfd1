import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { cleanHandler } from '../../functions/handlers/clean.ts';
import { serveFunction } from '../../local/function-server.ts';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import { noUsageSource } from '../../shared/adapters/usage/pods-file.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { formatWork } from '../../shared/core/work.ts';
import { DEAD_LETTERS, openStage, post, pushBody } from './stage.ts';

it('a run’s requests end a minute after its last step may begin, however slow the registry is', async () => {
  const stage = await openStage();
  let asked = 0;
  const silent = createServer(() => {
    asked += 1;
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const policies = await mkdtemp(join(tmpdir(), 'warden-policies-'));
  const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  let aheadMs = 0;
  const clock = (): number => Date.now() + aheadMs;
  const registry = openRegistry({
    credentials: fixedCredentials({}),
    clock,
    logger: stage.logger,
    concurrency: 4,
    manifestCache: null,
  });
  const ends: number[] = [];
  const budgetMs = 1_000;
  const handler = cleanHandler(
    stage.logger,
    async () => ({
      registry: registry.reader,
      deleter: registry.deleter(),
      ledger: stage.ledger,
      usage: noUsageSource,
      policies: readPolicyFolder(policies),
      publisher: stage.topics,
      deadLetterTopic: DEAD_LETTERS,
      targets: [parseTarget(`${host}/acme`)],
      clock,
      newId: () => 'run-1',
      concurrency: 4,
      forRun: (endByMs) => {
        ends.push(endByMs);
        // All but the last 200 ms of the run have gone when its first request is sent.
        aheadMs = endByMs - 200 - Date.now();
        const access = registry.forRun(endByMs);
        return { registry: access.reader, deleter: access.deleter() };
      },
    }),
    budgetMs,
  );
  const served = await serveFunction('clean', handler, 0);
  onTestFinished(async () => {
    silent.closeAllConnections();
    silent.close();
    await Promise.all([served.close(), registry.close()]);
    await rm(policies, { recursive: true, force: true });
  });
  const startedMs = Date.now();
  const work = { version: 1, trigger: 'schedule', policies: [], scheduledAtMs: startedMs } as const;
  const status = await post(served.url, pushBody(formatWork({ ...work, repository: `${host}/acme/api` })));
  expect(ends).toHaveLength(1);
  expect(ends[0]).toBeGreaterThanOrEqual(startedMs + budgetMs + 60_000);
  expect(ends[0]).toBeLessThanOrEqual(Date.now() + budgetMs + 60_000);
  expect(asked).toBe(1);
  // The listing is incomplete, so that nothing is deleted, and the delivery is done with.
  expect(status).toBe(204);
});
