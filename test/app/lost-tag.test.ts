import { describe, expect, it, onTestFinished } from 'vitest';
import { acmeEstate, startGoogleApis } from '../../local/google-apis/index.ts';
import { createTagKeeper } from '../../shared/adapters/google/tag-keeper.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import type { RepositoryResult } from '../../shared/app/apply-request.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import type { Digest } from '../../shared/core/digest.ts';
import type { TagKeeper } from '../../shared/ports.ts';
import { applyRequest, NOW_MS, planRequest, type Stage, setStage } from './stage.ts';

/** Artifact Registry's API over the store of the stage's registry. */
async function openKeeper(stage: Stage, denied: readonly string[] = []): Promise<TagKeeper> {
  const google = await startGoogleApis({
    estate: acmeEstate(NOW_MS),
    now: NOW_MS,
    denied,
    createTag: (name, tag, digest) => stage.registry.createTag(name, tag, digest),
  });
  const keeper = createTagKeeper({
    token: async () => 'a-token',
    endpoint: google.url,
    imageOf: () => ({ location: 'europe', project: 'acme', repository: 'services', image: 'api' }),
  });
  onTestFinished(async () => {
    await keeper.close();
    await google.close();
  });
  return keeper;
}

/** Applies a plan over `pr-1` while somebody pushes that tag between the look at it and its removal. */
async function race(
  stage: Stage,
  tags: TagKeeper | null,
  after: () => Promise<void> = async () => {},
): Promise<{ result: RepositoryResult | undefined; young: Digest }> {
  await stage.push('old', ['pr-1'], 30);
  const target = { host: stage.registry.host, prefix: 'acme' };
  const plan = await planTarget(stage.ports, target, planRequest());
  const { deleter } = stage.ports;
  let young: Digest | null = null;
  const [result] = await applyPlan(
    {
      ...stage.ports,
      ...(tags === null ? {} : { tags }),
      deleter: {
        ...deleter,
        deleteTag: async (...call) => {
          // The look at the tag is over; the request is on its way.
          young = (await stage.push('young', ['pr-1'], 0)).digest;
          const reply = await deleter.deleteTag(...call);
          await after();
          return reply;
        },
      },
    },
    plan,
    applyRequest(),
  );
  if (young === null) throw new Error('nobody pushed');
  return { result, young };
}

describe('a tag that is moved between the look at it and its removal', () => {
  it('is put back on what it was moved to, and the journal says so', async () => {
    const stage = await setStage();
    const { result, young } = await race(stage, await openKeeper(stage));
    expect(await stage.standing()).toEqual({ [young]: ['pr-1'] });
    const [untag] = result?.results ?? [];
    expect(untag?.outcome).toMatchObject({
      kind: 'repaired',
      detail: expect.stringMatching(/^tag pr-1 was moved to sha256:.* and was put back$/),
    });
    const journal = await stage.ledger.journal({ repository: stage.name, limit: 9 });
    expect(journal.map(({ settlement }) => settlement?.outcome.kind).sort()).toEqual([
      'deleted',
      'deleted',
      'repaired',
    ]);
    const runs = await stage.ledger.runs({ repository: stage.name, limit: 9 });
    const run = runs.find(({ id }) => id === result?.runId);
    expect(run?.outcomes).toEqual({ deleted: 1, repaired: 1 });
  });

  it('is left alone where a third push has made it again', async () => {
    const stage = await setStage();
    let third: Digest | null = null;
    const { result } = await race(stage, await openKeeper(stage), async () => {
      third = (await stage.push('third', ['pr-1'], 0)).digest;
    });
    expect(await stage.standing()).toMatchObject({ [third ?? '']: ['pr-1'] });
    expect(result?.results.map(({ outcome }) => outcome.kind)).toEqual(['deleted', 'deleted']);
  });

  it('never overturns a push that comes between our last look and the repair', async () => {
    const stage = await setStage();
    const keeper = await openKeeper(stage);
    let third: Digest | null = null;
    const { result } = await race(stage, {
      ...keeper,
      createTag: async (...call) => {
        third = (await stage.push('third', ['pr-1'], 0)).digest;
        return keeper.createTag(...call);
      },
    });
    expect(await stage.standing()).toMatchObject({ [third ?? '']: ['pr-1'] });
    expect(result?.results[0]?.outcome).toMatchObject({
      kind: 'repaired',
      detail: expect.stringContaining('was pushed again since'),
    });
  });

  it.each([
    ['nobody can put it back', false],
    ['putting it back is refused', true],
  ])('is told at the highest severity, with the command that mends it, where %s', async (_why, isRefused) => {
    const stage = await setStage();
    const keeper = isRefused ? await openKeeper(stage, ['artifactregistry.tags.create']) : null;
    const { result, young } = await race(stage, keeper);
    const command = `crane tag ${stage.name}@${young} pr-1`;
    expect(result?.results[0]?.outcome).toMatchObject({
      kind: 'failed',
      retryable: false,
      reason: expect.stringContaining(command),
    });
    const told = stage.log.filter(({ severity }) => severity === 'ERROR');
    expect(JSON.stringify(told)).toContain(command);
  });
});
