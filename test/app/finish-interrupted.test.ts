import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { restore } from '../../shared/app/restore.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { WardenError } from '../../shared/core/error.ts';
import type { Intent, Outcome, Run } from '../../shared/core/journal.ts';
import type { TagKeeper } from '../../shared/ports.ts';
import { digestOf, SOURCE } from '../core/estate.ts';
import { applyRequest, NOW_MS, planRequest, type Stage, setStage } from './stage.ts';

const allowedBy = [{ policy: 'services', rule: 'r', mode: 'enforce', source: SOURCE }] as const;
const STARTED_MS = NOW_MS - 60_000;

/** Puts tags back as Artifact Registry does, over the stage's registry. */
function keeper(stage: Stage, failure: WardenError | null = null): TagKeeper {
  return {
    keeps: () => true,
    async createTag(repository, tag, digest) {
      if (failure !== null) throw failure;
      return stage.registry.createTag(repository.name, tag, digest) === 'exists' ? 'exists' : 'created';
    },
  };
}

/** The run of a process that was killed, or that ended. */
async function leaveRun(stage: Stage, more: Partial<Run> = {}): Promise<void> {
  await stage.ledger.saveRun({
    version: 1,
    id: 'killed',
    repository: stage.name,
    planId: digestOf('plan'),
    startedAtMs: STARTED_MS,
    finishedAtMs: null,
    trigger: 'schedule',
    mode: 'apply',
    kept: 1,
    toDelete: 1,
    outcomes: {},
    refusal: null,
    ...more,
  });
}

async function leaveUntagging(
  stage: Stage,
  digest: Digest,
  outcome: Outcome | null,
  more: Partial<Intent> = {},
): Promise<void> {
  const of = { version: 1, runId: 'killed', repository: stage.name, index: more.index ?? 0 } as const;
  const step = { kind: 'untag', tag: 'pr-1', digest, root: digest, chain: 0, allowedBy } as const;
  const intent = {
    ...of,
    planId: digestOf('plan'),
    atMs: STARTED_MS,
    step,
    reason: 'deleted: because',
    ...more,
  };
  await stage.ledger.writeIntents([intent]);
  if (outcome !== null) await stage.ledger.writeSettlements([{ ...of, atMs: NOW_MS, outcome }]);
}

/** Takes `pr-1` from an image, and with it from what somebody moved it to in that moment. */
async function loseTag(stage: Stage): Promise<{ old: Digest; young: Digest }> {
  const old = await stage.push('old', ['pr-1'], 1);
  const young = await stage.push('young', ['pr-1'], 0);
  await stage.ports.deleter.deleteTag(stage.repository, 'pr-1');
  return { old: old.digest, young: young.digest };
}

/** The next night: nothing is to be deleted, unless something old was pushed. */
async function nextRun(stage: Stage, tags: TagKeeper | null = keeper(stage)): Promise<void> {
  const ports = { ...stage.ports, ...(tags === null ? {} : { tags }) };
  const plan = await planTarget(ports, { host: stage.registry.host, prefix: 'acme' }, planRequest());
  await applyPlan(ports, plan, applyRequest());
}

async function runOf(stage: Stage): Promise<Run | undefined> {
  const runs = await stage.ledger.runs({ repository: stage.name, limit: 99 });
  return runs.find(({ id }) => id === 'killed');
}

describe('a run that was killed', () => {
  it.each([
    ['before its removal of a tag was written down', null],
    ['after it', { kind: 'deleted' } as const],
  ])(
    '%s leaves a tag that was lost in that moment to the next run, which puts it back',
    async (_when, outcome) => {
      const stage = await setStage();
      const { old, young } = await loseTag(stage);
      await leaveRun(stage);
      await leaveUntagging(stage, old, outcome);
      await nextRun(stage);
      expect((await stage.standing())[young]).toEqual(['pr-1']);
      expect(await runOf(stage)).toMatchObject({
        finishedAtMs: NOW_MS,
        outcomes: { repaired: 1 },
        refusal: 'interrupted',
      });
      expect(await stage.ledger.openIntents(stage.name)).toEqual([]);
    },
  );

  it('is finished before the first delete where something is to be deleted', async () => {
    const stage = await setStage();
    const { old, young } = await loseTag(stage);
    await leaveRun(stage);
    await leaveUntagging(stage, old, null);
    await stage.push('stale', ['pr-9'], 30);
    await nextRun(stage);
    expect(await stage.standing()).toEqual({ [old]: [], [young]: ['pr-1'] });
    expect((await runOf(stage))?.refusal).toBe('interrupted');
  });

  it('is closed with the outcomes that its journal tells, where no tag was lost', async () => {
    const stage = await setStage();
    const standing = await stage.push('standing', ['v1'], 1);
    await leaveRun(stage);
    await leaveUntagging(stage, digestOf('gone'), null);
    await nextRun(stage);
    expect(await runOf(stage)).toMatchObject({ outcomes: { deleted: 1 }, refusal: 'interrupted' });
    expect(await stage.standing()).toEqual({ [standing.digest]: ['v1'] });
  });

  it('leaves an image without its tags behind, which is told once with the command that brings them back', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    const plan = await planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest());
    let isDead = false;
    const dying = <T extends object>(of: T, dies: string): T =>
      new Proxy(of, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== 'function') return method;
          return async (...call: unknown[]) => {
            isDead ||= name === dies;
            return isDead ? new Promise(() => {}) : method.apply(target, call);
          };
        },
      });
    const ports = {
      ...stage.ports,
      ledger: dying(stage.ports.ledger, 'writeSettlements'),
      deleter: dying(stage.ports.deleter, 'deleteDigest'),
    };
    // It dies between the tag and the digest.
    void applyPlan(ports, plan, applyRequest());
    await expect.poll(() => isDead, { timeout: 60_000 }).toBe(true);
    expect(await stage.standing()).toMatchObject({ [old.digest]: [] });
    stage.setDaysAgo(-1);
    await nextRun(stage);
    await nextRun(stage);
    const [killed] = (await stage.ledger.runs({ repository: stage.name, limit: 99 })).filter(
      ({ refusal }) => refusal === 'interrupted',
    );
    const told = stage.log.filter(({ message }) => message.startsWith('an image has lost its tags'));
    expect(told).toEqual([
      {
        severity: 'WARNING',
        message: expect.any(String),
        fields: {
          repository: stage.name,
          root: old.digest,
          tags: ['pr-1'],
          digests: [],
          mend: `gcr-warden restore ${killed?.id}`,
        },
      },
    ]);
    const restored = await restore(
      { ...stage.ports, writer: stage.writer },
      {
        repository: stage.repository,
        source: { kind: 'run', runId: killed?.id ?? '' },
        by: 'ann',
        holdMs: null,
        isDryRun: false,
      },
    );
    expect(restored).toBeDefined();
    expect(await stage.standing()).toMatchObject({ [old.digest]: ['pr-1'] });
  });

  it('is closed once: what happens to the tag later is left alone', async () => {
    const stage = await setStage();
    const { old } = await loseTag(stage);
    await leaveRun(stage);
    await leaveUntagging(stage, old, null);
    await nextRun(stage);
    await stage.ports.deleter.deleteTag(stage.repository, 'pr-1');
    await nextRun(stage);
    await nextRun(stage);
    expect(Object.values(await stage.standing()).flat()).toEqual([]);
    expect((await runOf(stage))?.outcomes).toEqual({ repaired: 1 });
  });

  it('while it put a tag back leaves that to the next run too', async () => {
    const stage = await setStage();
    const { old, young } = await loseTag(stage);
    await leaveRun(stage);
    await leaveUntagging(stage, old, { kind: 'deleted' });
    await leaveUntagging(stage, old, null, { index: 1, putBack: young });
    await nextRun(stage);
    expect((await stage.standing())[young]).toEqual(['pr-1']);
    const journal = await stage.ledger.journal({ repository: stage.name, limit: 9 });
    const kinds = journal
      .toSorted((a, b) => a.intent.index - b.intent.index)
      .map(({ settlement }) => settlement?.outcome.kind);
    expect(kinds).toEqual(['deleted', 'failed', 'repaired']);
    expect((await runOf(stage))?.outcomes).toEqual({ repaired: 1 });
  });

  it('after it put a tag back is told that from the tag, and nothing is made twice', async () => {
    const stage = await setStage();
    const { old, young } = await loseTag(stage);
    stage.registry.createTag(stage.repository.name, 'pr-1', young);
    await leaveRun(stage);
    await leaveUntagging(stage, old, { kind: 'deleted' });
    await leaveUntagging(stage, old, null, { index: 1, putBack: young });
    await nextRun(stage, null);
    expect((await runOf(stage))?.outcomes).toEqual({ repaired: 1 });
    expect(stage.log.filter(({ severity }) => severity === 'ERROR')).toEqual([]);
  });

  it.each([
    ['a lost tag could not be put back for now', true],
    ['the registry does not answer', false],
  ])('stays open where %s, and the next run finishes it', async (_why, isKeeper) => {
    const stage = await setStage();
    const { old, young } = await loseTag(stage);
    await leaveRun(stage);
    await leaveUntagging(stage, old, null);
    const failure = new WardenError('TAG_NOT_RESTORED', '503', { retryable: true });
    if (isKeeper) await nextRun(stage, keeper(stage, failure));
    else {
      const resolveTag = async (): Promise<never> => {
        throw failure;
      };
      await nextRun({
        ...stage,
        ports: { ...stage.ports, registry: { ...stage.ports.registry, resolveTag } },
      });
    }
    expect((await runOf(stage))?.finishedAtMs).toBeNull();
    await nextRun(stage);
    expect((await stage.standing())[young]).toEqual(['pr-1']);
    expect(await runOf(stage)).toMatchObject({ outcomes: { repaired: 1 }, refusal: 'interrupted' });
  });

  it('is left to whoever holds the repository', async () => {
    const stage = await setStage();
    const { old } = await loseTag(stage);
    await leaveRun(stage);
    await leaveUntagging(stage, old, null);
    await stage.ledger.acquireLease(stage.name, 'killed', NOW_MS, NOW_MS + 1);
    await nextRun(stage);
    expect((await runOf(stage))?.finishedAtMs).toBeNull();
  });
});

describe('a push that is told after the end of the run that lost its tag', () => {
  const outcomes = { deleted: 1, 'skipped: limit': 2 };

  it('is mended by the next run, which says so of that run', async () => {
    const stage = await setStage();
    const { old, young } = await loseTag(stage);
    await leaveRun(stage, { finishedAtMs: NOW_MS, outcomes });
    await leaveUntagging(stage, old, { kind: 'deleted' });
    await nextRun(stage);
    expect((await stage.standing())[young]).toEqual(['pr-1']);
    expect(await runOf(stage)).toMatchObject({
      outcomes: { repaired: 1, 'skipped: limit': 2 },
      refusal: null,
    });
  });

  it('is looked for no longer than two days', async () => {
    const stage = await setStage();
    const { old } = await loseTag(stage);
    await leaveRun(stage, { finishedAtMs: NOW_MS, outcomes });
    await leaveUntagging(stage, old, { kind: 'deleted' });
    stage.setDaysAgo(-3);
    await nextRun(stage);
    expect(Object.values(await stage.standing()).flat()).toEqual([]);
  });
});
