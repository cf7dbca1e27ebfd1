import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { type PlanPorts, planTarget } from '../../shared/app/plan-target.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { applyRequest, planRequest, type Stage, setStage } from './stage.ts';

function planned(stage: Stage, more: Partial<PlanPorts> = {}): Promise<Plan> {
  const ports = { ...stage.ports, readsPushed: true, ...more };
  return planTarget(ports, { host: stage.registry.host, prefix: 'acme' }, planRequest());
}

const reads = (stage: Stage): number => stage.registry.requests['GET manifests'] ?? 0;

// Docker's format is not read for a listing's relations.
const docker = { format: 'docker' } as const;

describe('what was pushed lately', () => {
  it('is read once, by the run that follows, and not when it is deleted half a year later', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 0, docker);
    await stage.push('kept', ['stable'], 0, docker);
    const before = reads(stage);
    await planned(stage);
    expect(reads(stage) - before).toBe(2);
    await planned(stage);
    stage.setDaysAgo(-180);
    const plan = await planned(stage);
    const [result] = await applyPlan(stage.ports, plan, applyRequest());
    expect(result?.results.map(({ outcome }) => outcome.kind)).toEqual(['deleted', 'deleted']);
    expect(reads(stage) - before).toBe(2);
    expect(await stage.ledger.manifests(stage.name, [old.digest])).toHaveLength(1);
  });

  it('is left to its deletion where it can not be read or kept, and is told', async () => {
    for (const more of [
      {
        registry: (stage: Stage) => ({
          ...stage.ports.registry,
          readManifest: () => Promise.reject(new Error('503')),
        }),
      },
      {
        ledger: (stage: Stage) => ({
          ...stage.ledger,
          saveListedManifests: () => Promise.reject(new Error('full')),
        }),
      },
    ]) {
      const stage = await setStage();
      await stage.push('old', ['pr-1'], 0, docker);
      await stage.push('kept', ['stable'], 0, docker);
      const ports = Object.fromEntries(Object.entries(more).map(([name, make]) => [name, make(stage)]));
      const plan = await planned(stage, ports);
      expect(plan.repositories[0]?.completeness).toEqual({ kind: 'complete' });
      expect(plan.repositories[0]?.decisions).toHaveLength(2);
      expect(stage.log).toContainEqual(
        expect.objectContaining({
          severity: 'WARNING',
          message: expect.stringContaining('pushed could not all be kept'),
        }),
      );
    }
  });

  it('is what came within a week, and nothing where that is not asked for', async () => {
    const stage = await setStage();
    await stage.push('old', ['stable'], 30, docker);
    const before = reads(stage);
    await planned(stage);
    await stage.push('new', ['next'], 0, docker);
    await planned(stage, { readsPushed: false });
    expect(reads(stage) - before).toBe(0);
  });
});
