import { describe, expect, it } from 'vitest';
import { pushImage } from '../../local/registry/index.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import type { ApplyPorts } from '../../shared/app/apply-request.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import type { Step } from '../../shared/core/plan.ts';
import { outcomeSentence } from '../../shared/core/sentence.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../shared/core/units.ts';
import type { Usage, UsageAnswer } from '../../shared/core/usage.ts';
import type { DeleteReply } from '../../shared/ports.ts';
import { applyRequest, NOW_MS, POLICY, planRequest, type Stage, setStage } from './stage.ts';

const IN_USE = POLICY.replace('keep:', 'keep:\n  - running: { inUse: true }');

const planned = (stage: Stage, text?: string) =>
  planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest(text));

const name = (step: Step): string => (step.kind === 'untag' ? step.tag : 'digest');

/** Pushes images `pr-1`, `pr-2`, …, which the policy takes in this order. */
async function pushOld(stage: Stage, count: number): Promise<void> {
  for (let number = 1; number <= count; number += 1) await stage.push(`old ${number}`, [`pr-${number}`], 30);
}

describe('a run that takes long', () => {
  it('reads what is in use again every ten minutes, and leaves what came into use meanwhile', async () => {
    const stage = await setStage();
    await pushOld(stage, 4);
    const plan = await planned(stage, IN_USE);
    const order = plan.repositories[0]?.steps.filter(({ kind }) => kind === 'delete') ?? [];
    const uses: { digest: Step['digest'] }[] = [];
    let reads = 0;
    const usage = {
      async read(): Promise<Usage> {
        reads += 1;
        const answer: UsageAnswer = {
          kind: 'complete',
          source: 'cluster prod',
          asOfMs: NOW_MS,
          uses: uses.map(({ digest }) => ({ repository: stage.name, digest, tag: null, by: 'pod prod/api' })),
        };
        return { version: 1, answers: [answer] };
      },
    };
    let minutes = 0;
    const labels: string[] = [];
    const [result] = await applyPlan(
      { ...stage.ports, usage, concurrency: 1 },
      plan,
      applyRequest({
        onOutcome: (_repository, step, outcome) => {
          labels.push(`${outcomeLabel(outcome)}`);
          if (step.kind !== 'delete') return;
          // Each image takes six minutes; the last one comes into use after the first was deleted.
          minutes += 6;
          stage.setDaysAgo(-minutes * (MINUTE_MS / DAY_MS));
          const last = order.at(-1);
          if (minutes === 6 && last !== undefined) uses.push(last);
        },
      }),
    );
    expect(labels).toEqual([...Array(6).fill('deleted'), 'skipped: in use', 'skipped: in use']);
    // Before the first delete, and once in the 18 minutes after it.
    expect(reads).toBe(2);
    expect(result?.refusal).toBeNull();
  });

  it('ends once what is in use is not known any more', async () => {
    const stage = await setStage();
    await pushOld(stage, 3);
    const plan = await planned(stage, IN_USE);
    let reads = 0;
    const usage = {
      async read(): Promise<Usage> {
        reads += 1;
        const source = 'cluster prod';
        const answer: UsageAnswer =
          reads === 1
            ? { kind: 'complete', source, asOfMs: NOW_MS, uses: [] }
            : { kind: 'unknown', source, reason: '403' };
        return { version: 1, answers: [answer] };
      },
    };
    const [result] = await applyPlan(
      { ...stage.ports, usage, concurrency: 1 },
      plan,
      applyRequest({ onOutcome: () => stage.setDaysAgo(-11 * (MINUTE_MS / DAY_MS)) }),
    );
    expect(result?.results.map(({ outcome }) => outcomeLabel(outcome))).toEqual([
      'deleted',
      ...Array(5).fill('skipped: stopped'),
    ]);
    expect(result?.refusal).toBe('What is in use could not be read again: cluster prod did not answer: 403');
    expect(stage.registry.requests['DELETE manifests']).toBe(1);
  });

  it('ends when a freeze of a policy begins', async () => {
    const stage = await setStage();
    await pushOld(stage, 3);
    // 1 February begins on 31 January at 10:00 UTC, where the day comes first; it is 03:00.
    const text = POLICY.replace('mayEmpty: true', 'mayEmpty: true, freeze: "2026-02-01/2026-02-02"');
    const plan = await planned(stage, text);
    expect(plan.repositories[0]?.refusal).toBeNull();
    const laterByDays = -8 * (HOUR_MS / DAY_MS);
    const [result] = await applyPlan(
      { ...stage.ports, concurrency: 1 },
      plan,
      applyRequest({ onOutcome: () => stage.setDaysAgo(laterByDays) }),
    );
    expect(result?.results.map(({ step, outcome }) => `${name(step)} ${outcomeLabel(outcome)}`)).toContain(
      'digest skipped: stopped',
    );
    expect(stage.registry.requests['DELETE manifests']).toBe(1);
    expect(result?.refusal).toBe('Policy services freezes deletions until 2026-02-03T12:00:00.000Z.');
    expect((await planned(stage, text)).repositories[0]?.refusal?.code).toBe('LIMIT_FREEZE');
  });
});

describe('the order to stop everything', () => {
  const order = { version: 1, by: 'ann@example.com', reason: 'wrong images', atMs: NOW_MS } as const;

  it('lets no run begin, until it is lifted', async () => {
    const stage = await setStage();
    await pushOld(stage, 1);
    const plan = await planned(stage);
    await stage.ledger.saveStopOrder(order);
    const [result] = await applyPlan(stage.ports, plan, applyRequest());
    expect(result).toMatchObject({
      runId: null,
      results: [],
      refusal:
        'ann@example.com stopped everything on 2026-01-31T03:00:00.000Z: wrong images. Lift it with "gcr-warden start".',
    });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
    await stage.ledger.saveStopOrder(null);
    const [next] = await applyPlan(stage.ports, plan, applyRequest());
    expect(next?.results.map(({ outcome }) => outcomeLabel(outcome))).toEqual(['deleted', 'deleted']);
  });

  it('ends a run that is under way, the digest that lost its tag included, and leaves nothing open', async () => {
    const stage = await setStage();
    await pushOld(stage, 2);
    const plan = await planned(stage);
    const { stopOrder, saveStopOrder } = stage.ledger;
    let looks = 0;
    const counting = async () => {
      looks += 1;
      return stopOrder();
    };
    const { deleter } = stage.ports;
    const [result] = await applyPlan(
      {
        ...stage.ports,
        concurrency: 1,
        ledger: { ...stage.ledger, stopOrder: counting },
        deleter: {
          ...deleter,
          deleteTag: async (...call) => {
            const reply = await deleter.deleteTag(...call);
            await saveStopOrder(order);
            // The run looks by itself, as it does all the time.
            const before = looks;
            await expect.poll(() => looks, { timeout: 60_000 }).toBeGreaterThan(before);
            return reply;
          },
        },
      },
      plan,
      applyRequest(),
    );
    expect(result?.results.map(({ outcome }) => outcomeLabel(outcome))).toEqual([
      'deleted',
      ...Array(3).fill('skipped: stopped'),
    ]);
    expect(result?.refusal).toContain('ann@example.com stopped everything');
    expect(stage.registry.requests['DELETE manifests']).toBe(1);
    expect(await stage.ledger.openIntents(stage.name)).toEqual([]);
  });

  it('counts as given where the ledger can not say whether it is', async () => {
    const stage = await setStage();
    await pushOld(stage, 1);
    const plan = await planned(stage);
    const stopOrder = async (): Promise<never> => {
      throw new Error('503');
    };
    const ledger = { ...stage.ledger, stopOrder };
    const [result] = await applyPlan({ ...stage.ports, ledger }, plan, applyRequest());
    expect(result?.refusal).toBe('Whether everything is stopped is not known: 503');
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });
});

describe('a limit a day', () => {
  const text = POLICY.replace('mayEmpty: true', 'mayEmpty: true, perDay: 3');

  it('holds over runs, and lets more go the next day', async () => {
    const stage = await setStage();
    await pushOld(stage, 5);
    const labels = async (): Promise<string[]> => {
      const [result] = await applyPlan(stage.ports, await planned(stage, text), applyRequest());
      const deletes = result?.results.filter(({ step }) => step.kind === 'delete') ?? [];
      return deletes.map(({ outcome }) => outcomeLabel(outcome)).sort();
    };
    expect(await labels()).toEqual([...Array(3).fill('deleted'), ...Array(2).fill('skipped: limit')]);
    expect(await labels()).toEqual(Array(2).fill('skipped: limit'));
    expect(Object.values(await stage.standing())).toHaveLength(2);
    expect(await stage.ledger.openIntents(stage.name)).toEqual([]);
    stage.setDaysAgo(-1);
    expect(await labels()).toEqual(Array(2).fill('deleted'));
  });

  it('holds over workers that work on several repositories at once', async () => {
    const stage = await setStage();
    await pushOld(stage, 5);
    const plan = await planned(stage, text);
    const [work] = plan.repositories;
    if (work === undefined) throw new Error('no repository');
    const elsewhere = ['a', 'b', 'c'].map((other) => ({ ...work, repository: `${stage.name}-${other}` }));
    const runs = await Promise.all(
      [work, ...elsewhere].map((one) =>
        applyPlan(stage.ports, { ...plan, repositories: [one] }, applyRequest()),
      ),
    );
    const labels = runs
      .flat()
      .flatMap(({ results }) =>
        results.filter(({ step }) => step.kind === 'delete').map(({ outcome }) => outcomeLabel(outcome)),
      );
    expect(labels.filter((label) => label === 'skipped: limit')).toHaveLength(4 * 5 - 3);
  });

  it('holds over everything in one repository of Artifact Registry, or in a project, by count and by size', async () => {
    const stage = await setStage();
    stage.setDaysAgo(30);
    const names = ['acme/services/api', 'acme/services/web', 'acme/other/api'];
    for (const [text, name] of ['a', 'b', 'c'].flatMap((one) => names.map((name) => [one, name] as const))) {
      const layers = [{ bytes: Buffer.from(`${text} ${name}`) }];
      await pushImage({ ...stage.target, name, tags: [`pr-${text}`], layers });
    }
    stage.setDaysAgo(0);
    /** One worker a repository, all at once; how many manifests of each went. */
    const deletes = async (limit: string): Promise<number[]> => {
      const plan = await planned(stage, POLICY.replace('mayEmpty: true', `mayEmpty: true, ${limit}`));
      const runs = plan.repositories.map((one) =>
        applyPlan(stage.ports, { ...plan, repositories: [one] }, applyRequest()),
      );
      return (await Promise.all(runs)).map(
        (results) =>
          results
            .flatMap((one) => one.results)
            .filter(({ step, outcome }) => step.kind === 'delete' && outcome.kind === 'deleted').length,
      );
    };
    const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
    const [other = 0, ...services] = await deletes('repository: { perDay: 2 }');
    expect([other, sum(services)]).toEqual([2, 2]);
    expect(sum(await deletes('repository: { perDay: 2 }'))).toBe(0);
    stage.setDaysAgo(-1);
    expect(sum(await deletes('project: { perDay: 2 }'))).toBe(2);
    stage.setDaysAgo(-2);
    const [step] = (await planned(stage)).repositories
      .flatMap(({ steps }) => steps)
      .filter(({ kind }) => kind === 'delete');
    const sizeBytes = step?.kind === 'delete' ? (step.sizeBytes ?? 0) : 0;
    expect(sizeBytes).toBeGreaterThan(0);
    expect(sum(await deletes(`project: { sizePerDay: ${Math.ceil(2.5 * sizeBytes)}B }`))).toBe(2);
    stage.setDaysAgo(-3);
    expect(sum(await deletes('project: { perDay: 9 }'))).toBe(1);
  });

  it('holds a share of all that lies in a project, as it was before the first of the day went', async () => {
    const stage = await setStage();
    stage.setDaysAgo(30);
    const names = ['acme/services/api', 'acme/services/web', 'acme/other/api'];
    for (const [text, name] of ['a', 'b', 'c', 'd', 'e'].flatMap((one) =>
      names.map((name) => [one, name] as const),
    )) {
      const layers = [{ bytes: Buffer.from(`${text} ${name}`) }];
      await pushImage({ ...stage.target, name, tags: [`pr-${text}`], layers });
    }
    let gone = 0;
    /** A worker a repository, all at once; and again, with another plan. */
    const day = async (daysAgo: number): Promise<void> => {
      stage.setDaysAgo(daysAgo);
      for (let turn = 1; turn <= 2; turn += 1) {
        const shares = 'mayEmpty: true, project: { sharePerDay: 20% }, repository: { sharePerDay: 50% }';
        const plan = await planned(stage, POLICY.replace('mayEmpty: true', shares));
        await Promise.all(
          plan.repositories.map(async (one) => {
            const [result] = await applyPlan(stage.ports, { ...plan, repositories: [one] }, applyRequest());
            const labels = (result?.results ?? []).flatMap(({ step, outcome }) =>
              step.kind === 'delete' ? outcomeLabel(outcome) : [],
            );
            gone += labels.filter((label) => label === 'deleted').length;
            expect(labels.every((label) => label === 'deleted' || label === 'skipped: limit')).toBe(true);
          }),
        );
      }
    };
    await day(0);
    expect(gone).toBe(3);
    // 20 % of the twelve that are left.
    await day(-1);
    expect(gone).toBe(5);
  });

  it('lets nothing of unknown size go under a limit on sizes', async () => {
    const stage = await setStage();
    await pushOld(stage, 1);
    const plan = await planned(
      stage,
      POLICY.replace('mayEmpty: true', 'mayEmpty: true, project: { sizePerDay: 1TB }'),
    );
    const [work] = plan.repositories;
    if (work === undefined) throw new Error('no repository');
    const steps = work.steps.map((step) => (step.kind === 'delete' ? { ...step, sizeBytes: null } : step));
    const [result] = await applyPlan(
      stage.ports,
      { ...plan, repositories: [{ ...work, steps }] },
      applyRequest(),
    );
    expect(result?.results.map(({ outcome }) => outcomeLabel(outcome))).toEqual(
      Array(2).fill('skipped: limit'),
    );
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('deletes nothing where the ledger can not say what is left of the day', async () => {
    const stage = await setStage();
    await pushOld(stage, 1);
    const reserveDeletions = async (): Promise<never> => {
      throw new Error('503');
    };
    const ledger = { ...stage.ledger, reserveDeletions };
    const plan = await planned(stage, text);
    const [result] = await applyPlan({ ...stage.ports, ledger }, plan, applyRequest());
    expect(result?.refusal).toContain('503');
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });
});

describe('what a registry refuses for good', () => {
  it('is asked for once by scheduled runs, told by each, and asked again after a week or in person', async () => {
    const stage = await setStage({ dialect: { immutableTags: true } });
    await pushOld(stage, 1);
    const run = async (trigger: 'schedule' | 'command') => {
      const before = stage.registry.requests['DELETE manifests'] ?? 0;
      const [result] = await applyPlan(stage.ports, await planned(stage), applyRequest({ trigger }));
      const sent = (stage.registry.requests['DELETE manifests'] ?? 0) - before;
      return { sent, labels: result?.results.map(({ outcome }) => outcomeLabel(outcome)) };
    };
    const refused = ['blocked', 'skipped: claimed'];
    expect(await run('schedule')).toEqual({ sent: 1, labels: refused });
    stage.setDaysAgo(-1);
    expect(await run('schedule')).toEqual({ sent: 0, labels: refused });
    expect(await stage.ledger.journal({ repository: stage.name, limit: 9 })).toHaveLength(2);
    expect(await run('command')).toEqual({ sent: 1, labels: refused });
    stage.setDaysAgo(-8);
    expect(await run('schedule')).toEqual({ sent: 1, labels: refused });
  });

  it('is asked for once a repository where a permission is missing, and tags stay with their digests', async () => {
    const stage = await setStage();
    await pushOld(stage, 5);
    const before = await stage.standing();
    const { deleter } = stage.ports;
    let asked = 0;
    const denying = {
      ...deleter,
      async deleteDigest(): Promise<DeleteReply> {
        asked += 1;
        return {
          kind: 'blocked',
          reason: 'Permission "artifactregistry.versions.delete" denied',
          of: 'repository',
        };
      },
    };
    const run = async (
      trigger: 'schedule' | 'command',
      ports: Partial<ApplyPorts> = { deleter: denying },
    ) => {
      asked = 0;
      const plan = await planned(stage);
      const [result] = await applyPlan(
        { ...stage.ports, concurrency: 1, ...ports },
        plan,
        applyRequest({ trigger }),
      );
      const reasons = (result?.results ?? []).flatMap(({ outcome }) =>
        outcome.kind === 'blocked' ? [outcome.reason] : [],
      );
      return { asked, reasons: new Set(reasons) };
    };
    const reason = 'Permission "artifactregistry.versions.delete" denied';
    expect(await run('schedule')).toEqual({ asked: 1, reasons: new Set([reason]) });
    // The first lost its tag before anybody knew.
    expect(Object.values(await stage.standing()).flat()).toHaveLength(Object.keys(before).length - 1);
    expect(await stage.ledger.blockages(stage.name)).toMatchObject([{ reason }]);
    stage.setDaysAgo(-1);
    await run('command', {});
    expect(Object.keys(await stage.standing())).toHaveLength(1);
    expect(await stage.ledger.blockages(stage.name)).toEqual([]);
  });

  it('of a whole repository is told by each scheduled run and not asked again', async () => {
    const stage = await setStage();
    await pushOld(stage, 3);
    const deleteTag = async (): Promise<DeleteReply> => ({
      kind: 'blocked',
      reason: 'no permission',
      of: 'repository',
    });
    const deleter = { ...stage.ports.deleter, deleteTag };
    const run = async (ports: ApplyPorts) => {
      const [result] = await applyPlan(ports, await planned(stage), applyRequest({ trigger: 'schedule' }));
      return new Set(
        result?.results.map(({ outcome }) => outcomeSentence(outcome).replace(/sha256:\w+|tag \S+/, 'it')),
      );
    };
    const told = 'blocked: no permission';
    expect(await run({ ...stage.ports, deleter })).toEqual(
      new Set([told, 'skipped: claimed (it had to stay)']),
    );
    const again = `${told} (refused on 2026-01-31T03:00:00.000Z, not asked again yet)`;
    const told2 = new Set([again, 'skipped: claimed (it had to stay)']);
    expect(await run(stage.ports)).toEqual(told2);
    expect(await run(stage.ports)).toEqual(told2);
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('is asked again once another version of the policy wants it', async () => {
    const stage = await setStage({ dialect: { immutableTags: true } });
    await pushOld(stage, 1);
    for (const text of [POLICY, `${POLICY}# changed\n`])
      await applyPlan(stage.ports, await planned(stage, text), applyRequest({ trigger: 'schedule' }));
    expect(stage.registry.requests['DELETE manifests']).toBe(2);
  });
});
