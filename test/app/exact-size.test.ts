import { describe, expect, it } from 'vitest';
import { planTarget } from '../../shared/app/plan-target.ts';
import { planId } from '../../shared/core/assemble-plan.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { renderPlan } from '../../shared/report/plan-text.ts';
import { READER } from '../support/reader-clock.ts';
import { planRequest, type Stage, setStage } from './stage.ts';

const plan = (stage: Stage, ports: Partial<Stage['ports']> = {}): Promise<Plan> =>
  planTarget(
    { ...stage.ports, ...ports },
    { host: stage.registry.host, prefix: 'acme' },
    { ...planRequest(), exactSize: true },
  );
const style = { widthColumns: 200, colour: false, clock: READER };

describe('the exact size of a plan', () => {
  it('is what it says, costs one read a manifest, and none where the ledger has them', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    await stage.push('new', ['1.0.0'], 30);
    const before = stage.registry.requests['GET manifests'] ?? 0;
    const first = await plan(stage);
    const reads = (stage.registry.requests['GET manifests'] ?? 0) - before;
    expect(reads).toBe(2);
    expect(first.freed?.kind).toBe('exact');
    expect(first.id).toBe(planId(first));
    expect(renderPlan(first, style)).toMatch(/would go, exactly [\d.]+ \S?B;/);

    const second = await plan(stage);
    expect(second.freed).toEqual(first.freed);
    expect((stage.registry.requests['GET manifests'] ?? 0) - before).toBe(reads);
  });

  it('is a bound, and says so, where it was not asked for or a manifest can not be read', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const kept = await stage.push('new', ['1.0.0'], 30);
    const listed = await planTarget(
      stage.ports,
      { host: stage.registry.host, prefix: 'acme' },
      planRequest(),
    );
    expect(listed.freed?.kind).toBe('at most');
    expect(renderPlan(listed, style)).toMatch(/would go, up to [\d.]+ \S?B;/);
    const { registry } = stage.ports;
    const closed = await plan(stage, {
      ledger: { ...stage.ledger, manifests: async () => [] },
      registry: {
        ...registry,
        readManifest: async (repository, digest) => {
          if (digest === kept.digest) throw new Error('503');
          return registry.readManifest(repository, digest);
        },
      },
    });
    expect(closed.freed?.kind).toBe('at most');
  });
});
