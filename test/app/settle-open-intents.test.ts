import { describe, expect, it } from 'vitest';
import { settleOpenIntents } from '../../shared/app/settle-open-intents.ts';
import type { Digest } from '../../shared/core/digest.ts';
import type { Intent, Outcome } from '../../shared/core/journal.ts';
import type { Step } from '../../shared/core/plan.ts';
import { digestOf, SOURCE } from '../core/estate.ts';
import { NOW_MS, type Stage, setStage } from './stage.ts';

const allowedBy = [{ policy: 'services', rule: 'r', mode: 'enforce', source: SOURCE }] as const;

function untag(tag: string, digest: Digest): Step {
  return { kind: 'untag', tag, digest, root: digest, chain: 0, allowedBy };
}

function remove(digest: Digest): Step {
  return { kind: 'delete', digest, root: digest, chain: 0, tags: [], sizeBytes: null, allowedBy };
}

/** Leaves steps behind as a run that was killed leaves them. */
async function leaveOpen(stage: Stage, steps: readonly Step[]): Promise<void> {
  const intents = steps.map(
    (step, index): Intent => ({
      version: 1,
      runId: 'killed',
      index,
      repository: stage.name,
      planId: digestOf('plan'),
      atMs: NOW_MS - 1000,
      step,
      reason: 'deleted: because',
    }),
  );
  await stage.ledger.writeIntents(intents);
}

async function outcomes(stage: Stage): Promise<(Outcome | null)[]> {
  const journal = await stage.ledger.journal({ repository: stage.name, limit: 10 });
  return [...journal]
    .sort((a, b) => a.intent.index - b.intent.index)
    .map(({ settlement }) => settlement?.outcome ?? null);
}

const INTERRUPTED = {
  kind: 'failed',
  retryable: true,
  reason: 'the run was interrupted before this was done',
};

describe('what an interrupted run left open', () => {
  it('was deleted where it is gone', async () => {
    const stage = await setStage();
    await stage.push('other', ['v1'], 1);
    await leaveOpen(stage, [untag('pr-1', digestOf('gone')), remove(digestOf('gone'))]);
    expect(await settleOpenIntents(stage.ports, stage.repository)).toBe(2);
    expect(await outcomes(stage)).toEqual([{ kind: 'deleted' }, { kind: 'deleted' }]);
  });

  it('was interrupted where it still stands, and nothing is sent', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    await leaveOpen(stage, [untag('pr-1', old.digest), remove(old.digest)]);
    await settleOpenIntents(stage.ports, stage.repository);
    expect(await outcomes(stage)).toEqual([INTERRUPTED, INTERRUPTED]);
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('moved where the tag points elsewhere now', async () => {
    const stage = await setStage();
    const young = await stage.push('young', ['pr-1'], 0);
    await leaveOpen(stage, [untag('pr-1', digestOf('old'))]);
    await settleOpenIntents(stage.ports, stage.repository);
    expect(await outcomes(stage)).toEqual([
      { kind: 'skipped', why: 'moved', detail: `tag pr-1 points at ${young.digest} now` },
    ]);
  });

  it('stays open where the registry does not answer, and the rest is settled', async () => {
    const stage = await setStage();
    await stage.push('other', ['v1'], 1);
    await leaveOpen(stage, [untag('pr-1', digestOf('gone')), remove(digestOf('gone'))]);
    const resolveTag = async (): Promise<never> => {
      throw new Error('503');
    };
    const registry = { ...stage.ports.registry, resolveTag };
    expect(await settleOpenIntents({ ...stage.ports, registry }, stage.repository)).toBe(1);
    expect(await outcomes(stage)).toEqual([null, { kind: 'deleted' }]);
    expect(await stage.ledger.openIntents(stage.name)).toHaveLength(1);
    expect(
      stage.log.some(({ severity, fields }) => severity === 'WARNING' && fields['reason'] === '503'),
    ).toBe(true);
  });

  it('is settled once, whoever comes first', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    await leaveOpen(stage, [untag('pr-1', old.digest)]);
    await settleOpenIntents(stage.ports, stage.repository);
    await stage.ports.deleter.deleteTag(stage.repository, 'pr-1');
    expect(await settleOpenIntents(stage.ports, stage.repository)).toBe(0);
    expect(await outcomes(stage)).toEqual([INTERRUPTED]);
  });
});
