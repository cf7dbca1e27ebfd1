import { describe, expect, it } from 'vitest';
import { pushIndex } from '../../local/registry/index.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { explainImage } from '../../shared/app/explain-image.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import type { Hold, HoldSubject } from '../../shared/core/hold.ts';
import { decisionSentence } from '../../shared/core/sentence.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { applyRequest, NOW_MS, POLICY, planRequest, type Stage, setStage } from './stage.ts';

function hold(stage: Stage, on: HoldSubject, over: Partial<Hold> = {}): Hold {
  return {
    version: 1,
    repository: stage.name,
    on,
    reason: 'restored from run-7',
    by: 'ann@example.com',
    atMs: NOW_MS - DAY_MS,
    untilMs: NOW_MS + DAY_MS,
    ...over,
  };
}

const planned = (stage: Stage, text?: string) =>
  planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest(text));

describe('a plan', () => {
  it('keeps what is on hold, by digest and by tag, and says who holds it and why', async () => {
    const stage = await setStage();
    const first = await stage.push('first', ['pr-1'], 30);
    const second = await stage.push('second', ['pr-2'], 30);
    const third = await stage.push('third', ['pr-3'], 30);
    await stage.ledger.saveHold(hold(stage, { kind: 'digest', digest: first.digest }));
    await stage.ledger.saveHold(hold(stage, { kind: 'tag', tag: 'pr-2' }, { untilMs: null }));
    const plan = await planned(stage);
    const decisions = plan.repositories[0]?.decisions ?? [];
    const verdicts = new Map(decisions.map(({ root, verdict }) => [root, verdict]));
    expect([first, second, third].map(({ digest }) => verdicts.get(digest))).toEqual([
      'keep',
      'keep',
      'delete',
    ]);
    const held = decisions.find(({ root }) => root === first.digest);
    expect(held && decisionSentence(held)).toBe(
      `kept: rule "restored from run-7" by ann@example.com of policy Holds (the ledger:1): ${first.digest} is named`,
    );
    const life = await explainImage(stage.ledger, {
      repository: stage.repository,
      tag: null,
      digest: first.digest,
    });
    expect(JSON.stringify(life)).toContain('restored from run-7');
    expect(plan.repositories[0]?.warnings[0]).toBe(
      'the ledger:1: The hold "restored from run-7" by ann@example.com of policy Holds ends on 2026-02-01 03:00 UTC.',
    );
  });

  it('lets go what was on hold until yesterday, and what is on hold in another repository', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    const on = { kind: 'digest', digest: old.digest } as const;
    await stage.ledger.saveHold(hold(stage, on, { untilMs: NOW_MS }));
    await stage.ledger.saveHold(hold(stage, on, { repository: `${stage.name}/other` }));
    const plan = await planned(stage);
    expect(plan.repositories[0]?.decisions.map(({ verdict }) => verdict)).toEqual(['delete']);
  });

  it('keeps an index whose child is on hold, with everything in it', async () => {
    const stage = await setStage();
    const child = await stage.push('amd64', [], 30);
    const index = await pushIndex({ ...stage.target, tags: ['pr-1'], children: [child] });
    await stage.ledger.saveHold(hold(stage, { kind: 'digest', digest: child.digest }));
    const plan = await planned(stage, POLICY.replace(', olderThan: 14d', ''));
    expect(plan.repositories[0]?.decisions).toMatchObject([{ root: index.digest, verdict: 'keep' }]);
    expect(plan.repositories[0]?.steps).toEqual([]);
  });

  it('is not made where holds can not be read: what they keep is not known', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const holds = async (): Promise<never> => {
      throw new Error('the disk is full');
    };
    const plan = await planTarget(
      { ...stage.ports, ledger: { ...stage.ledger, holds } },
      { host: stage.registry.host, prefix: 'acme' },
      planRequest(),
    );
    expect(plan.repositories[0]).toMatchObject({
      steps: [],
      refusal: { message: 'The repository could not be read: the disk is full' },
    });
  });
});

describe('applying a plan', () => {
  it('leaves alone what was put on hold since, and takes the rest', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    await stage.push('other', ['pr-2'], 30);
    const plan = await planned(stage);
    await stage.ledger.saveHold(hold(stage, { kind: 'digest', digest: old.digest }));
    const [result] = await applyPlan(stage.ports, plan, applyRequest());
    const held = {
      kind: 'skipped',
      why: 'held',
      detail: 'held by ann@example.com until 2026-02-01T03:00:00.000Z: restored from run-7',
    };
    const outcomes = result?.results.filter(({ step }) => step.root === old.digest);
    expect(outcomes?.map(({ outcome }) => outcome)).toEqual([held, held]);
    expect(await stage.standing()).toEqual({ [old.digest]: ['pr-1'] });
  });

  it('deletes nothing where holds can not be read again', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    const holds = async (): Promise<never> => {
      throw new Error('the disk is full');
    };
    const [result] = await applyPlan(
      { ...stage.ports, ledger: { ...stage.ledger, holds } },
      plan,
      applyRequest(),
    );
    expect(result).toMatchObject({
      results: [],
      refusal: 'What is on hold could not be read again: the disk is full',
    });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });
});
