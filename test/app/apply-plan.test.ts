import { describe, expect, it } from 'vitest';
import { pushImage, pushIndex, tagManifest } from '../../local/registry/index.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import type { ApplyPorts, ApplyRequest, RepositoryResult } from '../../shared/app/apply-request.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import type { Use } from '../../shared/core/usage.ts';
import { applyRequest, NOW_MS, POLICY, planRequest, type Stage, setStage, usageReader } from './stage.ts';

function planned(stage: Stage, text?: string): Promise<Plan> {
  return planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest(text));
}

async function applied(
  stage: Stage,
  plan: Plan,
  more: { ports?: Partial<ApplyPorts>; request?: Partial<ApplyRequest> } = {},
): Promise<RepositoryResult> {
  const results = await applyPlan({ ...stage.ports, ...more.ports }, plan, applyRequest(more.request));
  const [result] = results;
  if (result === undefined || results.length > 1) throw new Error(`${results.length} repositories`);
  return result;
}

/** Outcomes by the step's name: a tag, or the first twelve characters of a digest. */
function outcomes(result: RepositoryResult): Record<string, string> {
  return Object.fromEntries(
    result.results.map(({ step, outcome }) => [
      step.kind === 'untag' ? step.tag : step.digest.slice(7, 19),
      outcomeLabel(outcome),
    ]),
  );
}

const short = ({ digest }: { digest: string }): string => digest.slice(7, 19);

describe('applying a plan', () => {
  it('deletes what the plan says, nothing else, and leaves a finished run', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1', 'pr-2'], 30);
    const kept = await stage.push('kept', ['stable', 'pr-3'], 30);
    const result = await applied(stage, await planned(stage));
    expect(outcomes(result)).toEqual({ 'pr-1': 'deleted', 'pr-2': 'deleted', [short(old)]: 'deleted' });
    expect(await stage.standing()).toEqual({ [kept.digest]: ['pr-3', 'stable'] });
    const runs = await stage.ledger.runs({ repository: stage.name, limit: 9 });
    expect(runs.find(({ id }) => id === result.runId)).toMatchObject({
      mode: 'apply',
      kept: 1,
      toDelete: 1,
      finishedAtMs: NOW_MS,
      outcomes: { deleted: 3 },
      refusal: null,
    });
  });

  it('writes every step down before its request, and its outcome after', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    const open: number[] = [];
    const { deleter, ledger } = stage.ports;
    const watch = async () => {
      open.push((await ledger.openIntents(stage.name)).length);
    };
    await applied(stage, plan, {
      ports: {
        deleter: {
          ...deleter,
          deleteTag: async (...call) => watch().then(() => deleter.deleteTag(...call)),
          deleteDigest: async (...call) => watch().then(() => deleter.deleteDigest(...call)),
        },
      },
    });
    expect(open).toEqual([2, 2]);
    expect(await ledger.openIntents(stage.name)).toEqual([]);
    const journal = await ledger.journal({ repository: stage.name, limit: 10 });
    expect(journal.map(({ settlement }) => settlement?.outcome.kind)).toEqual(['deleted', 'deleted']);
    expect(journal[0]?.intent).toMatchObject({
      planId: plan.id,
      reason: expect.stringContaining('rule pull-requests of policy services (services.yaml:'),
    });
  });

  it('saves the manifest of whatever it deletes, so that it can be put back', async () => {
    const stage = await setStage();
    // Docker's format is not read for the listing's relations: the run has to read it for this.
    const old = await stage.push('old', ['pr-1'], 30, { format: 'docker' });
    await applied(stage, await planned(stage));
    const [saved] = await stage.ledger.manifests(stage.name, [old.digest]);
    expect(saved?.content).toContain('"schemaVersion":2');
  });

  it('keeps it as long as the policy says, counted from its deletion, and not at all where that is off', async () => {
    for (const [undo, days] of [
      ['', 30],
      ['undo: 90d', 90],
      ['undo: off', 0],
    ] as const) {
      const stage = await setStage();
      const old = await stage.push('old', ['pr-1'], 60, { format: 'docker' });
      // Read long before: that must not make it end earlier.
      const read = await stage.ports.registry.readManifest(stage.repository, old.digest);
      if (read === null) throw new Error('nothing was pushed');
      if (undo !== 'undo: off') await stage.ledger.saveManifests([read], NOW_MS + DAY_MS);
      const plan = await planned(stage, `${POLICY}\n${undo}\n`);
      await applied(stage, plan);
      const kept = async (afterDays: number): Promise<number> => {
        stage.setDaysAgo(-afterDays);
        return (await stage.ledger.manifests(stage.name, [old.digest])).length;
      };
      const [entry] = (await stage.ledger.journal({ repository: stage.name, limit: 9 })).filter(
        ({ intent }) => intent.step.kind === 'delete',
      );
      expect(entry?.intent.keptUntilMs).toBe(days === 0 ? undefined : NOW_MS + days * DAY_MS);
      expect([await kept(days - 1), await kept(days)]).toEqual(days === 0 ? [0, 0] : [1, 0]);
    }
  });

  it('leaves alone what it could not save, and says so', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30, { format: 'docker' });
    const plan = await planned(stage);
    const registry = {
      ...stage.ports.registry,
      readManifest: async () => {
        throw new Error('503');
      },
    };
    const result = await applied(stage, plan, { ports: { registry } });
    expect(result.results.map(({ outcome }) => outcome)).toEqual([
      { kind: 'failed', retryable: true, reason: 'its manifest could not be saved for undo: 503' },
      { kind: 'skipped', why: 'claimed', detail: 'tag pr-1 had to stay' },
    ]);
    expect(await stage.standing()).toHaveProperty([old.digest], ['pr-1']);
  });

  it('does nothing where nothing is to be done', async () => {
    const stage = await setStage();
    await stage.push('new', ['pr-1'], 1);
    expect(await applyPlan(stage.ports, await planned(stage), applyRequest())).toEqual([]);
  });

  it('tells outcomes as they come', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const told: string[] = [];
    await applied(stage, await planned(stage), {
      request: {
        onOutcome: (repository, step, outcome) => told.push(`${repository} ${step.kind} ${outcome.kind}`),
      },
    });
    expect(told).toEqual([`${stage.name} untag deleted`, `${stage.name} delete deleted`]);
  });
});

describe('what changed between plan and apply', () => {
  it('a tag that moved stays where it is now, and the digest it left goes', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    const young = await stage.push('young', ['pr-1'], 0);
    expect(outcomes(await applied(stage, plan))).toEqual({
      'pr-1': 'skipped: moved',
      [short(old)]: 'deleted',
    });
    expect(await stage.standing()).toEqual({ [young.digest]: ['pr-1'] });
  });

  it('a tag that moves after the plan was checked and before its own step is looked at again', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1', 'pr-2'], 30);
    const plan = await planned(stage);
    const { deleter } = stage.ports;
    const result = await applied(stage, plan, {
      ports: {
        deleter: {
          ...deleter,
          deleteTag: async (repository, tag) => {
            // Somebody pushes the second tag while the first is removed.
            if (tag === 'pr-1') await stage.push('young', ['pr-2'], 0);
            return deleter.deleteTag(repository, tag);
          },
        },
      },
    });
    expect(outcomes(result)).toEqual({
      'pr-1': 'deleted',
      'pr-2': 'skipped: moved',
      [short(old)]: 'deleted',
    });
    expect(Object.values(await stage.standing())).toEqual([['pr-2']]);
  });

  it('a digest that got another tag stays', async () => {
    const stage = await setStage();
    const old = await stage.push('old', [], 30);
    const plan = await planned(stage, POLICY.replace('untaggedFor: 7d', 'state: untagged'));
    await tagManifest({ ...stage.target, from: old.digest, tag: 'rescued' });
    const result = await applied(stage, plan);
    expect(result.results[0]?.outcome).toMatchObject({
      kind: 'skipped',
      why: 'claimed',
      detail: expect.stringContaining('rescued'),
    });
    expect(await stage.standing()).toEqual({ [old.digest]: ['rescued'] });
  });

  it('a digest that became a child of an index stays', async () => {
    const stage = await setStage();
    const old = await stage.push('old', [], 30);
    const plan = await planned(stage, POLICY.replace('untaggedFor: 7d', 'state: untagged'));
    await pushIndex({ ...stage.target, tags: ['v1'], children: [old] });
    expect(outcomes(await applied(stage, plan))).toEqual({ [short(old)]: 'skipped: claimed' });
  });

  it('what somebody else deleted is already gone', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    await stage.ports.deleter.deleteTag(stage.repository, 'pr-1');
    await stage.ports.deleter.deleteDigest(stage.repository, old.digest);
    expect(outcomes(await applied(stage, plan))).toEqual({
      'pr-1': 'already gone',
      [short(old)]: 'already gone',
    });
  });

  it('an image that came into use stays, with its tags', async () => {
    const uses: Use[] = [];
    const stage = await setStage({ usage: usageReader(uses) });
    const text = POLICY.replace('keep:', 'keep:\n  - running: { inUse: true }');
    // The source reads its list anew each time, as a cluster answers anew.
    const usage = { read: () => usageReader(uses).read() };
    const old = await stage.push('old', ['pr-1'], 30);
    const other = await stage.push('other', ['pr-2'], 30);
    const plan = await planned(stage, text);
    uses.push({ repository: stage.name, digest: old.digest, tag: null, by: 'pod prod/api-1' });
    const result = await applied(stage, plan, { ports: { usage } });
    expect(outcomes(result)).toEqual({
      'pr-1': 'skipped: in use',
      [short(old)]: 'skipped: in use',
      'pr-2': 'deleted',
      [short(other)]: 'deleted',
    });
    expect(await stage.standing()).toEqual({ [old.digest]: ['pr-1'] });
  });

  it('what a new workload may mean by a tag stays: what has it, and all that ever had it where it points at nothing', async () => {
    const uses: Use[] = [];
    const stage = await setStage();
    const text = POLICY.replace('keep:', 'keep:\n  - running: { inUse: true }');
    const usage = { read: () => usageReader(uses).read() };
    const first = await stage.push('first', ['web'], 60);
    const second = await stage.push('second', ['web'], 50);
    const moved = await stage.push('moved', ['api'], 60);
    await stage.push('holder', ['api', 'stable'], 50);
    const before = await stage.push('before', ['pr-9'], 60);
    const last = await stage.push('last', ['pr-9'], 50);
    stage.setDaysAgo(40);
    await stage.ports.deleter.deleteTag(stage.repository, 'web');
    stage.setDaysAgo(0);
    const plan = await planned(stage, text);
    expect(plan.repositories[0]?.steps.filter(({ kind }) => kind === 'delete')).toHaveLength(5);
    const workload = { repository: stage.name, digest: null, by: 'deployment prod/new', sinceMs: NOW_MS + 1 };
    uses.push(...['web', 'api', 'pr-9'].map((tag) => ({ ...workload, tag })));
    expect(outcomes(await applied(stage, plan, { ports: { usage } }))).toEqual({
      [short(first)]: 'skipped: in use',
      [short(second)]: 'skipped: in use',
      // The tag points elsewhere, and did before the workload began.
      [short(moved)]: 'deleted',
      [short(before)]: 'skipped: in use',
      'pr-9': 'skipped: in use',
      [short(last)]: 'skipped: in use',
    });
  });

  it('nothing goes where the ledger can not say which images had a tag that a new workload names', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage, POLICY.replace('keep:', 'keep:\n  - running: { inUse: true }'));
    const use = {
      repository: stage.name,
      digest: null,
      tag: 'web',
      by: 'deployment prod/web',
      sinceMs: NOW_MS,
    };
    const historyFacts = async (): Promise<never> => {
      throw new Error('503');
    };
    const ledger = { ...stage.ledger, historyFacts };
    const result = await applied(stage, plan, { ports: { usage: usageReader([use]), ledger } });
    expect(result).toMatchObject({ refusal: 'What is in use could not be read again: 503', results: [] });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('nothing goes where nobody can say any longer what is in use', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage, POLICY.replace('keep:', 'keep:\n  - running: { inUse: true }'));
    const answers = [{ kind: 'unknown', source: 'cluster prod', reason: '403' } as const];
    const result = await applied(stage, plan, {
      ports: { usage: { read: async () => ({ version: 1, answers }) } },
    });
    expect(result).toMatchObject({
      refusal: 'What is in use could not be read again: cluster prod did not answer: 403',
      results: [],
    });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });
});

describe('plans that must not be applied', () => {
  it('a plan older than a day sends nothing', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    stage.setDaysAgo(-1.001);
    await expect(applied(stage, plan)).rejects.toMatchObject({ code: 'PLAN_TOO_OLD' });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('a plan of a policy in mode plan sends nothing', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage, POLICY.replace('mode: enforce', 'mode: plan'));
    await expect(applied(stage, plan)).rejects.toMatchObject({ code: 'PLAN_NOT_ENFORCED' });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  const texts = [
    [
      'more digests than the limit',
      POLICY.replace('share: 100%', 'share: 100%, digests: 1'),
      /2 manifests would go/,
    ],
    [
      'a larger share than the limit',
      POLICY.replace('share: 100%', 'share: 10%'),
      /2 of 3 manifests would go/,
    ],
    [
      'the last artifact',
      POLICY.replace(', mayEmpty: true', '')
        .replace('exact: stable', 'exact: other')
        .replace('tags: { glob: "pr-*" }, ', ''),
      /Nothing would be left/,
    ],
    [
      'beside a broken policy with keeps',
      `${POLICY}---\n${POLICY.replace('policy: services', 'policy: holds').replace('exact:', 'exactly:')}`,
      /can't be read/,
    ],
  ] as const;
  it.each(texts)('%s: nothing is sent', async (_row, text, why) => {
    const stage = await setStage();
    await stage.push('one', ['pr-1'], 30);
    await stage.push('two', ['pr-2'], 30);
    await stage.push('kept', ['stable'], 30);
    const result = await applied(stage, await planned(stage, text));
    expect(result).toMatchObject({ runId: null, results: [], refusal: expect.stringMatching(why) });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('more than its own limits allow, though it does not say so: nothing is sent', async () => {
    const stage = await setStage();
    await stage.push('one', ['pr-1'], 30);
    await stage.push('two', ['pr-2'], 30);
    const plan = await planned(stage);
    const [work] = plan.repositories;
    if (work?.limits == null) throw new Error('no limits');
    const { limits } = work;
    for (const strict of [{ ...limits, digests: 1 }, { ...limits, share: 0.9 }, null]) {
      const result = await applied(stage, { ...plan, repositories: [{ ...work, limits: strict }] });
      expect(result).toMatchObject({
        runId: null,
        results: [],
        refusal: expect.stringContaining('More would'),
      });
    }
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('a listing that can not be shown to be complete: nothing is sent', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const { registry } = stage.ports;
    const completeness = { kind: 'incomplete', reason: 'page 2 was not read' } as const;
    const list: typeof registry.list = async (repository) => ({
      ...(await registry.list(repository)),
      completeness,
    });
    const plan = await planTarget(
      { ...stage.ports, registry: { ...registry, list } },
      { host: stage.registry.host, prefix: 'acme' },
      planRequest(),
    );
    expect(plan.repositories[0]?.steps).toHaveLength(2);
    expect(await applied(stage, plan)).toMatchObject({
      runId: null,
      results: [],
      refusal: 'The listing may not hold everything: page 2 was not read',
    });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });
});

describe('a ledger that fails', () => {
  const down = async (): Promise<never> => {
    throw new Error('the disk is full');
  };

  it('sends nothing where steps can not be written down', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    const result = await applied(stage, plan, { ports: { ledger: { ...stage.ledger, writeIntents: down } } });
    expect(result.refusal).toBe(
      'What was to be done could not be written down, so it was not done: the disk is full',
    );
    expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(['skipped: stopped']));
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('loses nothing where outcomes can not be written down: they are returned, and the next run writes them', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    const broken = { ...stage.ledger, writeSettlements: down, releaseLease: down };
    const result = await applied(stage, plan, { ports: { ledger: broken } });
    expect(outcomes(result)).toEqual({ 'pr-1': 'deleted', [short(old)]: 'deleted' });
    expect(result).toMatchObject({ runId: 'run-2', refusal: expect.stringContaining('the disk is full') });
    expect(await stage.ledger.openIntents(stage.name)).toHaveLength(2);

    // The lease was not given back; it ends by itself.
    stage.setDaysAgo(-1);
    await stage.push('next', ['pr-9'], 29);
    stage.setDaysAgo(-1);
    await applied(stage, await planned(stage));
    expect(await stage.ledger.openIntents(stage.name)).toEqual([]);
    const journal = await stage.ledger.journal({ repository: stage.name, runId: 'run-2', limit: 10 });
    expect(journal.map(({ settlement }) => settlement?.outcome)).toEqual([
      { kind: 'deleted' },
      { kind: 'deleted' },
    ]);
  });

  it('keeps the results where only the end of the run can not be written down', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    const { saveRun } = stage.ledger;
    const ledger = {
      ...stage.ledger,
      saveRun: (run: Parameters<typeof saveRun>[0]) => (run.finishedAtMs === null ? saveRun(run) : down()),
    };
    const result = await applied(stage, plan, { ports: { ledger } });
    expect(result.results).toHaveLength(2);
    expect(result.refusal).toBe("The run's end could not be written down: the disk is full");
  });

  it('begins nothing where what an earlier run left open can not be read', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    const result = await applied(stage, plan, { ports: { ledger: { ...stage.ledger, openIntents: down } } });
    expect(result).toMatchObject({ runId: null, refusal: 'the disk is full', results: [] });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
    const lease = await stage.ledger.acquireLease(stage.name, 'next', NOW_MS, NOW_MS + MINUTE_MS);
    expect(lease.kind).toBe('taken');
  });
});

describe('one repository, one worker', () => {
  it('leaves a repository alone that another run works on', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    await stage.ledger.acquireLease(stage.name, 'other', NOW_MS, NOW_MS + MINUTE_MS);
    expect(await applied(stage, plan)).toMatchObject({
      runId: null,
      refusal: expect.stringContaining('Another run works on it until 2026-01-31T03:01:00.000Z'),
    });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('gives the repository back at its end', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    await applied(stage, await planned(stage));
    const next = await stage.ledger.acquireLease(stage.name, 'next', NOW_MS, NOW_MS + MINUTE_MS);
    expect(next.kind).toBe('taken');
  });

  // The first request takes twenty minutes, five more than the lease holds.
  const slow = (stage: Stage): Partial<ApplyRequest> => ({
    onOutcome: () => stage.setDaysAgo(-20 * (MINUTE_MS / DAY_MS)),
  });

  it('begins no step once the lease has ended and another run has the repository', async () => {
    const stage = await setStage();
    for (const number of [1, 2, 3]) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    const plan = await planned(stage);
    const result = await applied(stage, plan, {
      ports: { concurrency: 1 },
      request: {
        onOutcome: async () => {
          slow(stage).onOutcome?.(stage.name, {} as never, {} as never);
          const laterMs = NOW_MS + 20 * MINUTE_MS;
          await stage.ledger.acquireLease(stage.name, 'other', laterMs, laterMs + MINUTE_MS);
        },
      },
    });
    const labels = Object.values(outcomes(result));
    expect(labels.filter((label) => label === 'deleted')).toHaveLength(1);
    expect(labels.filter((label) => label === 'skipped: stopped')).toHaveLength(5);
    expect(stage.registry.requests['DELETE manifests']).toBe(1);
    // The other run's ledger: nothing of this one comes into it, and what was done is told all the same.
    expect(await stage.ledger.openIntents(stage.name)).toHaveLength(6);
    expect(result.refusal).toContain('Run run-2 lost');
  });

  it('begins no step once the lease may have ended and can not be renewed', async () => {
    const stage = await setStage();
    for (const number of [1, 2, 3]) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    const renewLease = async (): Promise<never> => {
      throw new Error('503');
    };
    const result = await applied(stage, await planned(stage), {
      ports: { concurrency: 1, ledger: { ...stage.ledger, renewLease } },
      request: slow(stage),
    });
    expect(Object.values(outcomes(result)).filter((label) => label === 'deleted')).toHaveLength(1);
    expect(stage.registry.requests['DELETE manifests']).toBe(1);
    expect(await stage.ledger.openIntents(stage.name)).toEqual([]);
  });

  it('renews its lease while it works, so that a long run finishes', async () => {
    const stage = await setStage();
    for (const number of [1, 2, 3]) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    const plan = await planned(stage);
    let minutes = 0;
    const result = await applied(stage, plan, {
      ports: { concurrency: 1 },
      request: {
        onOutcome: () => {
          minutes += 9;
          stage.setDaysAgo(-minutes * (MINUTE_MS / DAY_MS));
        },
      },
    });
    expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(['deleted']));
    expect(result.refusal).toBeNull();
  });
});

describe('ending early', () => {
  it('stops after the digest that it has untagged, says so of the rest, and leaves nothing open', async () => {
    const stage = await setStage();
    for (const number of [1, 2, 3]) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    const plan = await planned(stage);
    let done = 0;
    const result = await applied(stage, plan, {
      ports: { concurrency: 1 },
      request: {
        isStopped: () => done >= 3,
        onOutcome: () => {
          done += 1;
        },
      },
    });
    expect(result.results.map(({ outcome }) => outcomeLabel(outcome))).toEqual([
      'deleted',
      'deleted',
      'deleted',
      'deleted',
      'skipped: stopped',
      'skipped: stopped',
    ]);
    expect(await stage.ledger.openIntents(stage.name)).toEqual([]);
    const runs = await stage.ledger.runs({ repository: stage.name, limit: 9 });
    expect(runs.find(({ id }) => id === result.runId)?.outcomes).toEqual({
      deleted: 4,
      'skipped: stopped': 2,
    });
  });

  it('begins nothing after its time', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const result = await applied(stage, await planned(stage), { request: { untilMs: NOW_MS } });
    expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(['skipped: stopped']));
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('finishes with the next plan what this one left', async () => {
    const stage = await setStage();
    for (const number of [1, 2, 3]) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    const kept = await stage.push('kept', ['stable'], 30);
    let done = 0;
    await applied(stage, await planned(stage), {
      ports: { concurrency: 1 },
      request: {
        isStopped: () => done >= 3,
        onOutcome: () => {
          done += 1;
        },
      },
    });
    // The second image lost its tag and nothing else: it is untagged since now, and goes when its time has come.
    stage.setDaysAgo(-8);
    await applied(stage, await planned(stage));
    expect(await stage.standing()).toEqual({ [kept.digest]: ['stable'] });
  });
});

describe('two plans over one listing', () => {
  /** Two policies that would each leave what the other takes. */
  const taking = (tags: string): string =>
    POLICY.replaceAll('mayEmpty: true', 'mayEmpty: false').replace('"pr-*"', tags);

  it('never take everything together, though each leaves something', async () => {
    const stage = await setStage();
    const first = await stage.push('first', ['pr-1'], 30);
    const second = await stage.push('second', ['pr-2'], 30);
    const [one, two] = [await planned(stage, taking('pr-1')), await planned(stage, taking('pr-2'))];
    stage.setDaysAgo(-0.01);
    expect(outcomes(await applied(stage, one))).toEqual({ 'pr-1': 'deleted', [short(first)]: 'deleted' });
    const result = await applied(stage, two);
    expect(result.refusal).toMatch(/^Another run took something from it until .* Plan again\.$/);
    expect(await stage.standing()).toEqual({ [second.digest]: ['pr-2'] });
  });

  it('are one plan where it is applied again', async () => {
    const stage = await setStage();
    for (const number of [1, 2]) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    const plan = await planned(stage);
    stage.setDaysAgo(-0.01);
    let done = 0;
    const request = {
      isStopped: () => done >= 2,
      onOutcome: () => {
        done += 1;
      },
    };
    await applied(stage, plan, { ports: { concurrency: 1 }, request });
    await applied(stage, plan);
    expect(await stage.standing()).toEqual({});
  });

  it('are judged anew where the second was made after the first was applied', async () => {
    const stage = await setStage();
    for (const number of [1, 2]) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    const kept = await stage.push('kept', ['stable'], 30);
    await applied(stage, await planned(stage, taking('pr-1')));
    stage.setDaysAgo(-0.01);
    await applied(stage, await planned(stage, taking('pr-2')));
    expect(await stage.standing()).toEqual({ [kept.digest]: ['stable'] });
  });
});

describe('a registry that refuses', () => {
  it('an immutable tag stays, with its digest, and the rest goes', async () => {
    const stage = await setStage({ dialect: { immutableTags: true } });
    const old = await stage.push('old', ['pr-1'], 30);
    const untagged = await stage.push('untagged', [], 30);
    // Nobody has watched since when it has been untagged.
    const plan = await planned(stage, POLICY.replace('untaggedFor: 7d', 'state: untagged'));
    const result = await applied(stage, plan);
    expect(outcomes(result)).toEqual({
      'pr-1': 'blocked',
      [short(old)]: 'skipped: claimed',
      [short(untagged)]: 'deleted',
    });
  });

  it('is not got round: nothing larger than a tag and a digest is ever asked for', async () => {
    const stage = await setStage({ dialect: { immutableTags: true } });
    await stage.push('old', ['pr-1'], 30);
    const child = await stage.push('child', [], 30);
    const plan = await planned(stage, POLICY.replace('untaggedFor: 7d', 'state: untagged'));
    // Since the plan, and nobody told.
    await pushIndex({ ...stage.target, tags: ['v1'], children: [child] });
    const changing = (): Record<string, number> =>
      Object.fromEntries(
        Object.entries(stage.registry.requests).filter(([kind]) => !/^(GET|HEAD) /.test(kind)),
      );
    const before = changing();
    const toldSince = async () => [];
    const result = await applied(stage, plan, { ports: { ledger: { ...stage.ledger, toldSince } } });
    expect(outcomes(result)).toMatchObject({ 'pr-1': 'blocked', [short(child)]: 'skipped: claimed' });
    // One for each, and no package, no repository, nothing that is put there instead.
    expect(changing()).toEqual({ ...before, 'DELETE manifests': 2 });
  });

  it('a child is not even asked for once its index had to stay: not every registry would refuse', async () => {
    const stage = await setStage();
    const child = await stage.push('amd64', [], 30);
    const index = await pushIndex({ ...stage.target, tags: [], children: [child] });
    const plan = await planned(stage, POLICY.replace('untaggedFor: 7d', 'state: untagged'));
    const asked: string[] = [];
    const { deleter } = stage.ports;
    const deleteDigest: typeof deleter.deleteDigest = async (_repository, digest) => {
      asked.push(digest);
      return { kind: 'failed', retryable: true, reason: '503' };
    };
    const result = await applied(stage, plan, { ports: { deleter: { ...deleter, deleteDigest } } });
    expect(asked).toEqual([index.digest]);
    expect(result.results.map(({ outcome }) => outcome)).toEqual([
      { kind: 'failed', retryable: true, reason: '503' },
      { kind: 'skipped', why: 'claimed', detail: `${index.digest} had to stay` },
    ]);
  });

  it('an image stays where what is about it had to, and it is said whose that is', async () => {
    const stage = await setStage();
    const subject = await pushImage({ ...stage.target, tags: [], format: 'oci', layers: [] });
    const about = await pushImage({ ...stage.target, tags: [], format: 'oci', layers: [], subject });
    const plan = await planned(stage, POLICY.replace('untaggedFor: 7d', 'state: untagged'));
    const { deleter } = stage.ports;
    const deleteDigest: typeof deleter.deleteDigest = async () => ({
      kind: 'failed',
      retryable: true,
      reason: '503',
    });
    const result = await applied(stage, plan, { ports: { deleter: { ...deleter, deleteDigest } } });
    expect(result.results.map(({ step, outcome }) => [step.digest, outcome])).toEqual([
      [about.digest, { kind: 'failed', retryable: true, reason: '503' }],
      [
        subject.digest,
        {
          kind: 'skipped',
          why: 'claimed',
          detail: `${about.digest} had to stay, which belongs to ${subject.digest}`,
        },
      ],
    ]);
  });

  it('one repository that fails ends no other', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const { deleter } = stage.ports;
    const plan = await planned(stage);
    const [work] = plan.repositories;
    if (work === undefined) throw new Error('no repository');
    const other = { ...work, repository: `${stage.registry.host}/acme/services/gone` };
    const guard: typeof deleter.guard = async (repository) => {
      if (repository.name.endsWith('gone')) throw new Error('403');
      return deleter.guard(repository);
    };
    const results = await applyPlan(
      { ...stage.ports, deleter: { ...deleter, guard } },
      { ...plan, repositories: [other, work] },
      applyRequest(),
    );
    expect(results.map(({ refusal }) => refusal)).toEqual([
      'How the registry deletes could not be found out: 403',
      null,
    ]);
    expect(await stage.standing()).toEqual({});
  });
});

describe('a registry without a guard', () => {
  // It tells no upload times, so ages count from the first listing.
  const text = POLICY.replace(', olderThan: 14d', '');

  it('loses tags together with their digest, and both are told', async () => {
    const stage = await setStage({ dialect: { guard: 'plain' } });
    const old = await stage.push('old', ['pr-1', 'pr-2'], 30);
    const kept = await stage.push('kept', ['stable'], 30);
    const result = await applied(stage, await planned(stage, text));
    expect(outcomes(result)).toEqual({ 'pr-1': 'deleted', 'pr-2': 'deleted', [short(old)]: 'deleted' });
    expect(await stage.standing()).toEqual({ [kept.digest]: ['stable'] });
    expect(stage.registry.requests['DELETE manifests']).toBe(1);
  });

  it('keeps a digest that got another tag since the plan', async () => {
    const stage = await setStage({ dialect: { guard: 'plain' } });
    const old = await stage.push('old', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    const plan = await planned(stage, text);
    await tagManifest({ ...stage.target, from: old.digest, tag: 'rescued' });
    expect(outcomes(await applied(stage, plan))).toEqual({
      'pr-1': 'skipped: claimed',
      [short(old)]: 'skipped: claimed',
    });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('keeps a tag that moved since the plan, on its new digest', async () => {
    const stage = await setStage({ dialect: { guard: 'plain' } });
    const old = await stage.push('old', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    const plan = await planned(stage, text);
    const young = await stage.push('young', ['pr-1'], 0);
    expect(outcomes(await applied(stage, plan))).toEqual({
      'pr-1': 'skipped: moved',
      [short(old)]: 'deleted',
    });
    expect(await stage.standing()).toHaveProperty([young.digest], ['pr-1']);
  });
});
