import { describe, expect, it } from 'vitest';
import { planTarget } from '../../shared/app/plan-target.ts';
import { takeSnapshot } from '../../shared/app/take-snapshot.ts';
import { planSnapshot } from '../../shared/core/plan-snapshot.ts';
import { parseSnapshot } from '../../shared/core/snapshot.ts';
import { NOW_MS, planRequest, setStage } from './stage.ts';

describe('taking a snapshot', () => {
  it('plans later, without the registry, exactly what a run at that time planned', async () => {
    const { ports, push, target, registry } = await setStage();
    await push('one', ['pr-1'], 30);
    await push('two', ['main'], 20);
    await push('three', ['main', 'pr-3'], 10);
    const from = { host: registry.host, prefix: target.name };
    const snapshot = parseSnapshot(JSON.stringify(await takeSnapshot(ports, from)), 'a.json');
    const planned = planSnapshot(snapshot, planRequest().policies, 'all');
    expect(planned.repositories[0]?.steps.filter((step) => step.kind === 'delete')).toHaveLength(2);
    expect(planned).toEqual(await planTarget(ports, from, planRequest()));
  });

  it('writes nothing into the ledger, also where nobody told what is there', async () => {
    const { ports, push, target, registry, name } = await setStage({ deaf: true });
    await push('one', ['main'], 30);
    const snapshot = await takeSnapshot(ports, { host: registry.host, prefix: target.name });
    expect(Object.values(snapshot.repositories[0]?.history.digests ?? {})).toMatchObject([
      { firstSeenBy: 'observed', presentSinceMs: NOW_MS },
    ]);
    expect(await ports.ledger.historyFacts(name)).toEqual([]);
    expect(await ports.ledger.runs({ limit: 10 })).toEqual([]);
    expect(await ports.ledger.lastDecisions(name)).toBeNull();
  });

  it('says of a repository that can not be listed that nothing is known of it, so that nothing goes', async () => {
    const { ports, push, target, registry } = await setStage();
    await push('one', ['pr-1'], 30);
    const broken = { ...ports.registry, list: () => Promise.reject(new Error('the line is cut')) };
    const from = { host: registry.host, prefix: target.name };
    const snapshot = await takeSnapshot({ ...ports, registry: broken }, from);
    expect(snapshot.repositories[0]?.listing.completeness).toEqual({
      kind: 'incomplete',
      reason: 'the line is cut',
    });
    const plan = planSnapshot(snapshot, planRequest().policies, 'all');
    expect(plan.repositories[0]).toMatchObject({ steps: [], refusal: { code: 'LISTING_INCOMPLETE' } });
  });
});
