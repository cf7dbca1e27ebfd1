import { mkdtempSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import type { SimulationReport } from '../../shared/app/simulate-policies.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { type Stage, setStage } from '../app/stage.ts';
import { type Ended, warden } from '../support/command.ts';

const UNTAGGED = `apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
schedule: { cron: "0 3 * * *" }
limits: { share: 100% }
delete:
  - untagged: { untaggedFor: 7d }
`;

interface Scene {
  readonly stage: Stage;
  readonly directory: string;
  run(args: readonly string[]): Promise<Ended>;
}

/**
 * A repository whose ledger was told of pushes on past days. The stage's clock stands still, commands have the
 * real time: the days are counted back from that.
 */
async function setScene(): Promise<Scene> {
  const directory = mkdtempSync(join(tmpdir(), 'warden-simulate-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'services.yaml'), UNTAGGED);
  const stage = await setStage();
  const ledger = join(directory, 'ledger.sqlite');
  const run = (args: readonly string[]): Promise<Ended> =>
    warden([...args, '--policies', directory, '--ledger', ledger], { DOCKER_CONFIG: directory });
  const [old, fresh] = [await stage.push('old', [], 0), await stage.push('new', ['main'], 0)];
  const told = await openSqliteLedger(ledger);
  const events = [
    { digest: old.digest, tag: 'main', days: 40 },
    { digest: fresh.digest, tag: 'main', days: 30 },
    { digest: old.digest, tag: 'rollback', days: 5 },
  ];
  for (const [at, { digest, tag, days }] of events.entries()) {
    await told.recordEvent({
      version: 1,
      messageId: `m-${at}`,
      publishedAtMs: Date.now() - days * DAY_MS,
      action: 'INSERT',
      repository: stage.name,
      digest,
      tag,
    });
  }
  await told.close();
  return { stage, directory, run };
}

describe('gcr-warden policy simulate', () => {
  it('replays what the policies select where nobody names a target', async () => {
    const { stage, directory, run } = await setScene();
    const policy = (glob: string): Promise<void> =>
      writeFile(join(directory, 'services.yaml'), UNTAGGED.replace('"**"', JSON.stringify(glob)));
    await policy(`${stage.registry.host}/acme/**`);
    const replayed = await run(['policy', 'simulate', '--since', '90d']);
    expect(replayed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(replayed.stdout).toContain('Would have gone, and was wanted later');
    await policy('*/acme/**');
    const anywhere = await run(['policy', 'simulate', '--since', '90d']);
    expect(anywhere).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('GCR_WARDEN_TARGET') });
  });

  it('replays the ledger: what would have gone, and that it was tagged later', async () => {
    const { stage, run } = await setScene();
    const target = `${stage.registry.host}/acme`;
    const replayed = await run(['policy', 'simulate', '--since', '90d', '--target', target]);
    expect(replayed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(replayed.stdout).toContain('Would have gone, and was wanted later');
    expect(replayed.stdout).toMatch(/tagged rollback 1\d d/);
    expect(replayed.stdout).toContain('Whether it was pulled later is not known: pulls are not recorded.');
    expect(Object.keys(await stage.standing())).toHaveLength(2);
  });

  it('gives the sizes of what is still listed, writes nothing, and prints JSON', async () => {
    const { stage, run } = await setScene();
    const command = ['policy', 'simulate', '--target', `${stage.registry.host}/acme`, '--json'];
    const first = JSON.parse((await run(command)).stdout) as SimulationReport;
    const [repository] = first.repositories;
    if (repository?.simulation.kind !== 'known') throw new Error('it was not replayed');
    const { deletions, recordedFromMs } = repository.simulation.value;
    expect(deletions).toMatchObject([{ unknownSizes: 0, usedLater: [{ kind: 'tagged', by: 'rollback' }] }]);
    expect(deletions[0]?.freedBytes).toBeGreaterThan(0);
    const second = JSON.parse((await run(command)).stdout) as SimulationReport;
    const again = second.repositories[0]?.simulation;
    expect(again?.kind === 'known' ? again.value.recordedFromMs : null).toBe(recordedFromMs);
    expect(again?.kind === 'known' ? again.value.deletions : null).toEqual(deletions);
  });

  it('replays a snapshot in the same way, and writes a page for its owner alone', async () => {
    const { stage, directory, run } = await setScene();
    const file = join(directory, 'snapshot.json');
    const ledger = ['--ledger', join(directory, 'ledger.sqlite')];
    const target = `${stage.registry.host}/acme`;
    const taken = await warden(['snapshot', target, '--out', file, ...ledger], { DOCKER_CONFIG: directory });
    expect(taken).toMatchObject({ exitCode: 0 });
    const page = join(directory, 'replay.html');
    const replayed = await run(['policy', 'simulate', '--snapshot', file, '--html', page]);
    expect(replayed.stdout).toMatch(/tagged rollback 1\d d/);
    expect((await stat(page)).mode & 0o777).toBe(0o600);
    expect(await readFile(page, 'utf8')).toContain('<svg');
  });

  it('refuses what is no age, and a page that can not be written', async () => {
    const { stage, directory, run } = await setScene();
    const target = ['--target', `${stage.registry.host}/acme`];
    const age = await run(['policy', 'simulate', '--since', '999999d', ...target]);
    expect(age).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('OPTION_INVALID') });
    const page = join(directory, 'nowhere', 'replay.html');
    const unwritable = await run(['policy', 'simulate', '--html', page, ...target]);
    expect(unwritable).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('PAGE_UNWRITABLE') });
  });
});
