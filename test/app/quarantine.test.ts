import { describe, expect, it } from 'vitest';
import { tagManifest } from '../../local/registry/index.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import type { ApplyPorts, RepositoryResult } from '../../shared/app/apply-request.ts';
import { cleanRepository } from '../../shared/app/clean-repository.ts';
import { endQuarantine } from '../../shared/app/end-quarantine.ts';
import { explainImage } from '../../shared/app/explain-image.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { dayOf } from '../../shared/core/day-ranges.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Usage } from '../../shared/core/usage.ts';
import {
  applyRequest,
  NOW_MS,
  planRequest,
  policies,
  policyReader,
  type Stage,
  setStage,
  usageReader,
} from './stage.ts';

const TODAY = dayOf(NOW_MS);

const POLICY = `
apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
mode: enforce
limits: { share: 100%, mayEmpty: true }
keep:
  - stable: { tags: { exact: stable } }
delete:
  - old: { olderThan: 14d, quarantine: 7d }
`;

/** An old image with its signature, of whose pulls all is known. */
async function quarantineStage(): Promise<{ stage: Stage; digest: `sha256:${string}` }> {
  const stage = await setStage();
  const { digest } = await stage.push('old', ['v1'], 60);
  await stage.push('signature', [`sha256-${digest.slice(7)}.sig`], 60);
  await stage.push('kept', ['stable'], 1);
  await stage.ledger.recordPullEvidence('acme', [[TODAY - 90, TODAY + 90]]);
  await stage.ledger.recordDrained([[TODAY - 90, TODAY + 90]]);
  return { stage, digest };
}

/** One night's run, so many days from now. */
async function night(
  stage: Stage,
  days: number,
  more: { ports?: Partial<ApplyPorts>; policy?: string } = {},
): Promise<RepositoryResult | null> {
  stage.setDaysAgo(-days);
  const { result } = await cleanRepository(
    {
      ...stage.ports,
      ...more.ports,
      policies: policyReader(more.policy ?? POLICY),
    },
    {
      repository: stage.repository,
      trigger: 'schedule',
      deleting: null,
      untilMs: null,
      isStopped: () => false,
      onPlan: () => {},
      onOutcome: () => {},
    },
  );
  return result;
}

const labels = (result: RepositoryResult | null): string[] =>
  (result?.results ?? []).map(({ outcome }) => outcomeLabel(outcome)).sort();

const standingMarks = async (stage: Stage) =>
  (await stage.ledger.quarantine(stage.name)).filter(({ end }) => end === null);

describe('quarantine, run by run', () => {
  it('marks and tells first, waits, and deletes tag and digest together when the time is over', async () => {
    const { stage, digest } = await quarantineStage();
    const first = await night(stage, 0);
    expect(first).toMatchObject({
      results: [],
      refusal: null,
      quarantined: { entered: 1, ended: 0, goesFromMs: NOW_MS + 7 * DAY_MS },
    });
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
    expect(stage.log).toContainEqual(
      expect.objectContaining({
        severity: 'WARNING',
        message: '1 artifact went into quarantine',
        fields: expect.objectContaining({ artifacts: [{ root: digest, tags: ['v1'] }] }),
      }),
    );
    const runs = await stage.ledger.runs({ repository: stage.name, limit: 9 });
    expect(runs.find(({ id }) => id === first?.runId)).toMatchObject({
      mode: 'apply',
      quarantined: { entered: 1 },
    });
    expect(await night(stage, 6.9)).toBeNull();
    expect(await stage.standing()).toHaveProperty([digest], ['v1']);
    const last = await night(stage, 7);
    expect(labels(last)).toEqual(Array(4).fill('deleted'));
    expect(Object.values(await stage.standing())).toEqual([['stable']]);
    expect(await standingMarks(stage)).toEqual([]);
    const life = await explainImage(stage.ledger, { repository: stage.repository, tag: null, digest });
    expect(life.quarantine).toMatchObject([
      { sinceMs: NOW_MS, end: { why: 'gone', detail: expect.stringContaining('deleted by run') } },
    ]);
    expect(life.journal[0]?.intent.reason).toContain('in quarantine since 2026-01-31T03:00:00.000Z');
  });

  it.each<[string, (stage: Stage, digest: `sha256:${string}`) => Promise<unknown>, string]>([
    [
      'a pull',
      (stage) => stage.ledger.recordPulls(stage.name, [{ reference: 'v1', days: [[TODAY + 3, TODAY + 3]] }]),
      'pulled',
    ],
    ['a tag', (stage, digest) => tagManifest({ ...stage.target, from: digest, tag: 'rescued' }), 'pushed'],
    ['a push of the same image', (stage) => stage.push('old', ['v1'], -3), 'pushed'],
    [
      'a hold that nobody looked at in time',
      (stage, digest) =>
        stage.ledger.saveHold({
          version: 1,
          repository: stage.name,
          on: { kind: 'digest', digest },
          reason: 'audit',
          by: 'ann',
          atMs: NOW_MS + 2 * DAY_MS,
          untilMs: NOW_MS + 3 * DAY_MS,
        }),
      'held',
    ],
    [
      'use that a plan saw',
      (stage, digest) =>
        stage.ledger.recordUsage(stage.name, {
          day: TODAY + 3,
          standing: 'complete',
          references: [digest],
        }),
      'in use',
    ],
  ])('begins anew after %s', async (_row, act, why) => {
    const { stage, digest } = await quarantineStage();
    await night(stage, 0);
    stage.setDaysAgo(-3);
    await act(stage, digest);
    const due = await night(stage, 7);
    expect(due?.quarantined).toMatchObject({ entered: 1, ended: 1 });
    expect(due?.results).toEqual([]);
    expect((await stage.ledger.quarantine(stage.name)).map(({ end }) => end?.why ?? null)).toEqual([
      why,
      null,
    ]);
    expect(await night(stage, 13.9)).toBeNull();
    expect(labels(await night(stage, 14))).toContain('deleted');
  });

  it('ends with its policy, and finds nothing of it when that comes back', async () => {
    const { stage } = await quarantineStage();
    await night(stage, 0);
    const other = POLICY.replace('olderThan: 14d, quarantine: 7d', 'olderThan: 1000d');
    expect((await night(stage, 1, { policy: other }))?.quarantined).toEqual({
      entered: 0,
      ended: 1,
      goesFromMs: null,
    });
    expect((await night(stage, 20))?.quarantined).toMatchObject({ entered: 1, ended: 0 });
  });

  it('does not change where only another policy is due', async () => {
    const { stage } = await quarantineStage();
    await night(stage, 0);
    const before = await stage.ledger.quarantine(stage.name);
    stage.setDaysAgo(-9);
    const plan = await planTarget(
      stage.ports,
      { host: stage.registry.host, prefix: 'acme' },
      planRequest(POLICY, { scope: 'enforced', deleting: new Set(['others']) }),
    );
    expect(await applyPlan(stage.ports, plan, applyRequest())).toEqual([]);
    expect(await stage.ledger.quarantine(stage.name)).toEqual(before);
  });

  it('is not begun by a plan, nor by one that is refused', async () => {
    const { stage } = await quarantineStage();
    const target = { host: stage.registry.host, prefix: 'acme' };
    const plan = await planTarget(stage.ports, target, planRequest(POLICY));
    expect(plan.repositories[0]?.quarantine?.enter).toHaveLength(1);
    expect(await stage.ledger.quarantine(stage.name)).toEqual([]);
    const broken = policies(
      'apiVersion: gcr-warden/v1\npolicy: b\nrepositories: ["**"]\nkeep: [{ x: {} }]\n',
    );
    const set = { policies: policies(POLICY).policies, problems: broken.problems };
    const refused = await planTarget(stage.ports, target, { ...planRequest(POLICY), policies: set });
    await applyPlan(stage.ports, refused, applyRequest());
    expect(await stage.ledger.quarantine(stage.name)).toEqual([]);
  });

  it('ended between plan and apply, lets nothing go', async () => {
    const { stage, digest } = await quarantineStage();
    await night(stage, 0);
    stage.setDaysAgo(-7);
    const target = { host: stage.registry.host, prefix: 'acme' };
    const plan = await planTarget(stage.ports, target, planRequest(POLICY));
    const ended = await endQuarantine(
      stage.ports,
      stage.name,
      { kind: 'tag', tag: 'v1' },
      { why: 'released', detail: 'by ann' },
    );
    expect(ended).toBe(1);
    const [result] = await applyPlan(stage.ports, plan, applyRequest());
    expect(result?.results[0]?.outcome).toEqual({
      kind: 'skipped',
      why: 'held',
      detail: 'its quarantine was ended since the plan',
    });
    expect(await stage.standing()).toHaveProperty([digest], ['v1']);
  });

  it('is looked at again before anything goes: what came into use stays, and what is not known ends the run', async () => {
    const { stage, digest } = await quarantineStage();
    await night(stage, 0);
    stage.setDaysAgo(-7);
    const target = { host: stage.registry.host, prefix: 'acme' };
    const plan = await planTarget(stage.ports, target, planRequest(POLICY));
    const use = { repository: stage.name, digest, tag: null, by: 'pod a' };
    const [result] = await applyPlan({ ...stage.ports, usage: usageReader([use]) }, plan, applyRequest());
    expect(labels(result ?? null)).toEqual(Array(4).fill('skipped: in use'));
    const silent = {
      read: async (): Promise<Usage> => ({
        version: 1,
        answers: [{ kind: 'unknown', source: 'cluster', reason: '403' }],
      }),
    };
    const [ended] = await applyPlan({ ...stage.ports, usage: silent }, plan, applyRequest());
    expect(ended?.refusal).toBe('What is in use could not be read again: cluster did not answer: 403');
  });

  it('is not changed where another run has the repository, and says so', async () => {
    const { stage, digest } = await quarantineStage();
    await night(stage, 0);
    await stage.ledger.acquireLease(stage.name, 'another', NOW_MS, NOW_MS + DAY_MS);
    const ending = { why: 'released', detail: 'by ann' } as const;
    const on = { kind: 'digest', digest } as const;
    await expect(endQuarantine(stage.ports, stage.name, on, ending)).rejects.toMatchObject({
      code: 'QUARANTINE_BUSY',
      retryable: true,
    });
    expect(await standingMarks(stage)).toHaveLength(1);
    const nothing = { kind: 'tag', tag: 'stable' } as const;
    expect(await endQuarantine(stage.ports, stage.name, nothing, ending)).toBe(0);
  });

  it('keeps its beginning where the run that marked it was killed right after', async () => {
    const { stage } = await quarantineStage();
    const { saveQuarantine } = stage.ledger;
    const ledger: typeof stage.ledger = {
      ...stage.ledger,
      saveQuarantine: async (...call) => {
        await saveQuarantine(...call);
        throw new Error('killed');
      },
    };
    await night(stage, 0, { ports: { ledger } });
    const [mark] = await standingMarks(stage);
    expect(mark?.sinceMs).toBe(NOW_MS);
    await night(stage, 1);
    expect(await standingMarks(stage)).toEqual([mark]);
    expect(labels(await night(stage, 7))).toContain('deleted');
  });
});
