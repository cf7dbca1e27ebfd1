import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import type { DeleteReply, RegistryDeleter, RegistryReader } from '../../shared/ports.ts';
import { applyRequest, planRequest, type Stage, setStage } from './stage.ts';

const LOST: DeleteReply = { kind: 'failed', retryable: true, reason: 'the connection broke' };

const planned = (stage: Stage) =>
  planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest());

/** Applies a plan with other ways to delete and read; the labels of its outcomes. */
async function labels(
  stage: Stage,
  over: { deleter?: Partial<RegistryDeleter>; registry?: Partial<RegistryReader> },
): Promise<string[]> {
  const { registry, deleter } = stage.ports;
  const ports = {
    ...stage.ports,
    registry: { ...registry, ...over.registry },
    deleter: { ...deleter, ...over.deleter },
  };
  const [result] = await applyPlan(ports, await planned(stage), applyRequest());
  return result?.results.map(({ outcome }) => outcomeLabel(outcome)) ?? [];
}

const journal = async (stage: Stage): Promise<(string | null)[]> =>
  (await stage.ledger.journal({ repository: stage.name, limit: 9 }))
    .map(({ settlement }) => (settlement === null ? null : outcomeLabel(settlement.outcome)))
    .reverse();

describe('an answer to a delete that is lost after the registry acted', () => {
  it('counts as deleted, in the result and the journal, for the registry is asked', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const { deleter } = stage.ports;
    const lose =
      <Call extends unknown[]>(send: (...call: Call) => Promise<DeleteReply>) =>
      async (...call: Call): Promise<DeleteReply> => {
        await send(...call);
        return LOST;
      };
    const done = await labels(stage, {
      deleter: { deleteTag: lose(deleter.deleteTag), deleteDigest: lose(deleter.deleteDigest) },
    });
    expect(done).toEqual(['deleted', 'deleted']);
    expect(await journal(stage)).toEqual(['deleted', 'deleted']);
    expect(stage.registry.requests['DELETE manifests']).toBe(2);
  });

  it('stays open in the journal where the registry can not be asked, until a run can', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    const { deleter, registry } = stage.ports;
    let isAway = false;
    const done = await labels(stage, {
      deleter: {
        deleteDigest: async (...call) => {
          await deleter.deleteDigest(...call);
          isAway = true;
          return LOST;
        },
      },
      registry: {
        readManifest: async (...call) => {
          if (isAway) throw new Error('503');
          return registry.readManifest(...call);
        },
      },
    });
    expect(done).toEqual(['deleted', 'failed']);
    expect(await journal(stage)).toEqual(['deleted', null]);
    await applyPlan(stage.ports, await planned(stage), applyRequest());
    await stage.push('next', ['pr-2'], 30);
    await applyPlan(stage.ports, await planned(stage), applyRequest());
    const [entry] = await stage.ledger.journal({ digest: old.digest, repository: stage.name, limit: 1 });
    expect(entry?.settlement?.outcome).toEqual({ kind: 'deleted' });
  });
});

describe('a tag whose removal failed', () => {
  it('is looked at again, and removed while it is the planned one', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const { deleter } = stage.ports;
    let tries = 0;
    const done = await labels(stage, {
      deleter: {
        deleteTag: async (...call) => {
          tries += 1;
          const maySend = call[2]?.() ?? true;
          return tries === 1 && maySend ? LOST : deleter.deleteTag(...call);
        },
      },
    });
    expect(done).toEqual(['deleted', 'deleted']);
    expect(tries).toBe(2);
  });

  it('is left where it was moved meanwhile: the second attempt is as careful as the first', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    let sent = 0;
    const done = await labels(stage, {
      deleter: {
        deleteTag: async (_repository, _tag, maySend) => {
          sent += maySend?.() === true ? 1 : 0;
          await stage.push('young', ['pr-1'], 0);
          return LOST;
        },
      },
    });
    expect(done).toEqual(['skipped: moved', 'deleted']);
    expect(sent).toBe(1);
    expect(Object.values(await stage.standing())).toEqual([['pr-1']]);
  });
});

describe('a request that waits for its turn', () => {
  it('is not sent once the run was stopped, and counts as not begun', async () => {
    const stage = await setStage();
    await stage.push('old', [], 30);
    const { deleter } = stage.ports;
    let isStopped = false;
    const plan = await planned(stage);
    const [result] = await applyPlan(
      {
        ...stage.ports,
        deleter: {
          ...deleter,
          deleteDigest: async (...call) => {
            isStopped = true;
            return deleter.deleteDigest(...call);
          },
        },
      },
      plan,
      applyRequest({ isStopped: () => isStopped }),
    );
    expect(result?.results.map(({ outcome }) => outcomeLabel(outcome))).toEqual(['skipped: stopped']);
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
    expect(await stage.ledger.openIntents(stage.name)).toEqual([]);
  });
});
