import { describe, expect, it } from 'vitest';
import { type CleanPorts, type CleanRequest, cleanRepository } from '../../shared/app/clean-repository.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import { POLICY, policyReader, type Stage, setStage } from './stage.ts';

const TRIAL = POLICY.replace('policy: services', 'policy: trial')
  .replace('mode: enforce', 'mode: plan')
  .replace('"pr-*"', '"tmp-*"');

function clean(
  stage: Stage,
  text: string,
  more: { ports?: Partial<CleanPorts>; request?: Partial<CleanRequest> } = {},
) {
  return cleanRepository(
    { ...stage.ports, policies: policyReader(text), ...more.ports },
    {
      repository: stage.repository,
      trigger: 'schedule',
      deleting: null,
      untilMs: null,
      isStopped: () => false,
      onPlan: () => {},
      onOutcome: () => {},
      ...more.request,
    },
  );
}

describe('cleaning a repository', () => {
  it('plans and applies what enforced policies allow', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const kept = await stage.push('kept', ['stable'], 30);
    const { plan, result } = await clean(stage, POLICY);
    expect(plan?.steps).toHaveLength(2);
    expect(result?.results.map(({ outcome }) => outcomeLabel(outcome))).toEqual(['deleted', 'deleted']);
    expect(await stage.standing()).toEqual({ [kept.digest]: ['stable'] });
  });

  it('decides what a policy in mode plan would delete, writes it down, and leaves it', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const tried = await stage.push('tried', ['tmp-1'], 30);
    await clean(stage, `${POLICY}---\n${TRIAL}`);
    expect(await stage.standing()).toEqual({ [tried.digest]: ['tmp-1'] });
    const record = await stage.ledger.lastDecisions(stage.name);
    expect(record?.decisions.find(({ root }) => root === tried.digest)).toMatchObject({
      verdict: 'delete',
      enforced: false,
    });
  });

  it('applies nothing where nothing is enforced', async () => {
    const stage = await setStage();
    await stage.push('tried', ['tmp-1'], 30);
    expect((await clean(stage, TRIAL)).result).toBeNull();
  });

  it('lets only the policies delete that are due, and all of them keep', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    const tmp = await stage.push('tmp', ['tmp-1'], 30);
    const nightly = POLICY.replace('policy: services', 'policy: nightly').replace('"pr-*"', '"tmp-*"');
    await clean(stage, `${POLICY}---\n${nightly}`, { request: { deleting: new Set(['nightly']) } });
    expect(await stage.standing()).toEqual({ [old.digest]: ['pr-1'] });
    expect(await stage.ledger.lastDecisions(stage.name)).toMatchObject({
      decisions: expect.arrayContaining([expect.objectContaining({ root: tmp.digest, verdict: 'delete' })]),
    });
  });

  it('does nothing more when the same work is delivered again', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    await clean(stage, POLICY);
    const sent = stage.registry.requests['DELETE manifests'];
    expect((await clean(stage, POLICY)).result).toBeNull();
    expect(stage.registry.requests['DELETE manifests']).toBe(sent);
  });

  it('cleans once where the same work is delivered twice at the same time', async () => {
    const stage = await setStage();
    for (const number of [1, 2, 3]) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    await stage.push('kept', ['stable'], 30);
    const both = await Promise.all([clean(stage, POLICY), clean(stage, POLICY)]);
    const results = both.flatMap(({ result }) => result?.results ?? []);
    const labels = results.map(({ outcome }) => outcomeLabel(outcome));
    expect(labels.filter((label) => label === 'deleted')).toHaveLength(6);
    expect(labels.every((label) => label === 'deleted' || label === 'already gone')).toBe(true);
    expect(await stage.ledger.openIntents(stage.name)).toEqual([]);
  });

  it('tells the plan before the first step', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const told: string[] = [];
    await clean(stage, POLICY, {
      request: {
        onPlan: ({ steps }) => told.push(`plan of ${steps.length}`),
        onOutcome: (_repository, step) => told.push(step.kind),
      },
    });
    expect(told).toEqual(['plan of 2', 'untag', 'delete']);
  });

  it('deletes nothing and throws where policies can not be read', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const policies = {
      read: async (): Promise<never> => {
        throw new Error('403');
      },
    };
    await expect(clean(stage, '', { ports: { policies } })).rejects.toThrow('403');
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });
});
