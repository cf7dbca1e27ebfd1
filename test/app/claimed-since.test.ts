import { describe, expect, it } from 'vitest';
import { pushIndex, tagManifest } from '../../local/registry/index.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import type { ApplyPorts, ApplyRequest, RepositoryResult } from '../../shared/app/apply-request.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { HistoryFact } from '../../shared/core/history.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import type { Descriptor } from '../../shared/core/manifest.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import { applyRequest, NOW_MS, POLICY, planRequest, type Stage, setStage } from './stage.ts';

const MINUTES = MINUTE_MS / DAY_MS;

const planned = (stage: Stage, text?: string): Promise<Plan> =>
  planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest(text));

async function applied(
  stage: Stage,
  plan: Plan,
  more: { ports?: Partial<ApplyPorts>; request?: Partial<ApplyRequest> } = {},
): Promise<RepositoryResult> {
  const [result] = await applyPlan(
    { ...stage.ports, ...more.ports },
    plan,
    applyRequest({ trigger: 'schedule', ...more.request }),
  );
  if (result === undefined) throw new Error('nothing to do');
  return result;
}

const labels = ({ results }: RepositoryResult): string[] =>
  results.map(({ outcome }) => outcomeLabel(outcome));

const details = ({ results }: RepositoryResult): string =>
  results.map(({ outcome }) => (outcome.kind === 'skipped' ? outcome.detail : outcome.kind)).join('; ');

/** An image with a tag that goes, with its signature, as cosign makes one. */
async function signedImage(stage: Stage): Promise<{ image: Descriptor; signature: Descriptor }> {
  const image = await stage.push('old', ['pr-1'], 30);
  const signature = await stage.push('signature', [`sha256-${image.digest.slice(7)}.sig`], 30);
  return { image, signature };
}

describe('what was claimed between plan and apply', () => {
  const cases: readonly [string, (stage: Stage, image: Descriptor) => Promise<unknown>, RegExp][] = [
    [
      'a digest that got a tag',
      (stage, image) => tagManifest({ ...stage.target, from: image.digest, tag: 'rescued' }),
      /was pushed as rescued since the plan/,
    ],
    [
      'a digest that was pushed again as it was',
      (stage) => stage.push('old', ['pr-1'], -1 * MINUTES),
      /was pushed as pr-1 since the plan/,
    ],
    [
      'a digest that became a child of an index',
      (stage, image) => pushIndex({ ...stage.target, tags: ['v1'], children: [image] }),
      /pushed since the plan, points at sha256:/,
    ],
    [
      'a digest that got a referrer',
      (stage, image) => stage.push('sbom', [], 0, { subject: image }),
      /pushed since the plan, is about/,
    ],
    [
      'a digest that got another signature',
      (stage, image) => stage.push('attestation', [`sha256-${image.digest.slice(7)}.att`], 0),
      /\.att since the plan, is about/,
    ],
  ];

  it.each(cases)('%s keeps its tags and its signature', async (_row, claim, detail) => {
    const stage = await setStage();
    const { image, signature } = await signedImage(stage);
    const other = await stage.push('other', ['pr-2'], 30);
    const plan = await planned(stage);
    await claim(stage, image);
    stage.setDaysAgo(-2 * MINUTES);
    const result = await applied(stage, plan);
    expect(details(result)).toMatch(detail);
    expect(labels(result).sort()).toEqual([
      ...Array(2).fill('deleted'),
      ...Array(4).fill('skipped: claimed'),
    ]);
    const standing = await stage.standing();
    expect(standing[image.digest]).toContain('pr-1');
    expect(standing[signature.digest]).toEqual([`sha256-${image.digest.slice(7)}.sig`]);
    expect(standing).not.toHaveProperty([other.digest]);
  });

  it('is seen by one more listing where nobody tells and the plan is old', async () => {
    const stage = await setStage({ deaf: true });
    const { image, signature } = await signedImage(stage);
    const child = await stage.push('child', ['pr-2'], 30);
    const subject = await stage.push('subject', ['pr-3'], 30);
    await stage.push('other', ['pr-4'], 30);
    const plan = await planned(stage);
    await tagManifest({ ...stage.target, from: image.digest, tag: 'rescued' });
    await pushIndex({ ...stage.target, tags: ['v1'], children: [child] });
    await stage.push('sbom', [], 0, { subject });
    stage.setDaysAgo(-11 * MINUTES);
    const result = await applied(stage, plan);
    for (const detail of ['pushed as rescued since', 'points at', 'is about']) {
      expect(details(result)).toContain(detail);
    }
    const standing = await stage.standing();
    expect(standing[image.digest]).toEqual(['pr-1', 'rescued']);
    expect(standing).toMatchObject({ [child.digest]: ['pr-2'], [subject.digest]: ['pr-3'] });
    expect(standing).toHaveProperty([signature.digest]);
    expect(labels(result).filter((label) => label === 'deleted')).toHaveLength(2);
  });

  it('is not asked of the registry where the plan is young: what nobody told it refuses', async () => {
    const stage = await setStage({ deaf: true });
    const { image } = await signedImage(stage);
    const plan = await planned(stage);
    await tagManifest({ ...stage.target, from: image.digest, tag: 'rescued' });
    const list = async (): Promise<never> => {
      throw new Error('no listing in between');
    };
    const result = await applied(stage, plan, {
      ports: { registry: { ...stage.ports.registry, list } },
    });
    expect(labels(result)).toContain('skipped: claimed');
    expect((await stage.standing())[image.digest]).toEqual(['rescued']);
  });

  it('is seen every ten minutes while a run works', async () => {
    const stage = await setStage();
    for (let number = 1; number <= 4; number += 1) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    const plan = await planned(stage);
    const deletes = plan.repositories[0]?.steps.filter(({ kind }) => kind === 'delete') ?? [];
    const last = deletes.at(-1);
    if (last === undefined) throw new Error('nothing to delete');
    let minutes = 0;
    let pushing: Promise<unknown> = Promise.resolve();
    const { deleter } = stage.ports;
    const result = await applied(stage, plan, {
      ports: {
        concurrency: 1,
        deleter: {
          ...deleter,
          deleteDigest: async (...call) => {
            minutes += 6;
            stage.setDaysAgo(-minutes * MINUTES);
            if (minutes === 6) {
              pushing = tagManifest({ ...stage.target, from: last.digest, tag: 'rescued' });
              await pushing;
            }
            return deleter.deleteDigest(...call);
          },
        },
      },
    });
    expect(labels(result)).toEqual([...Array(6).fill('deleted'), ...Array(2).fill('skipped: claimed')]);
    expect((await stage.standing())[last.digest]).toHaveLength(2);
  });

  it.each<[string, (stage: Stage) => Partial<ApplyPorts>, string]>([
    [
      'a pushed manifest can not be read',
      (stage) => ({
        registry: {
          ...stage.ports.registry,
          readManifest: async () => {
            throw new Error('503');
          },
        },
      }),
      'What was pushed since the plan could not be read again: 503',
    ],
    [
      'the ledger does not answer',
      (stage) => ({
        ledger: {
          ...stage.ledger,
          toldSince: async () => {
            throw new Error('the disk is full');
          },
        },
      }),
      'What was pushed since the plan could not be read again: the disk is full',
    ],
    [
      'more was pushed than is read',
      (stage) => ({
        ledger: {
          ...stage.ledger,
          toldSince: async () =>
            Array.from(
              { length: 201 },
              (_, at): HistoryFact => ({
                atMs: NOW_MS,
                source: 'told',
                action: 'INSERT',
                digest: sha256(`pushed ${at}`),
                tag: null,
              }),
            ),
        },
      }),
      'What was pushed since the plan could not be read again: 201 manifests were pushed since, which is more than are read. Plan again',
    ],
  ])('ends the repository where %s, before anything is lost', async (_row, portsOf, refusal) => {
    const stage = await setStage();
    const { image } = await signedImage(stage);
    const plan = await planned(stage);
    await stage.push('young', ['v9'], 0);
    const result = await applied(stage, plan, { ports: portsOf(stage) });
    expect(result).toMatchObject({ refusal, results: [] });
    expect((await stage.standing())[image.digest]).toEqual(['pr-1']);
  });

  it('ends the repository where the listing of an old plan may be cut', async () => {
    const stage = await setStage();
    const { image } = await signedImage(stage);
    const plan = await planned(stage);
    stage.setDaysAgo(-11 * MINUTES);
    const { registry } = stage.ports;
    const list: typeof registry.list = async (repository) => ({
      ...(await registry.list(repository)),
      completeness: { kind: 'incomplete', reason: 'page 2 failed' },
    });
    const result = await applied(stage, plan, { ports: { registry: { ...registry, list } } });
    expect(result.refusal).toContain('the listing may be cut: page 2 failed');
    expect((await stage.standing())[image.digest]).toEqual(['pr-1']);
  });

  it('is nothing that was only pushed beside it', async () => {
    const stage = await setStage();
    const { image } = await signedImage(stage);
    const kept = await stage.push('kept', ['stable'], 30);
    const plan = await planned(stage, POLICY);
    await stage.push('young', ['v9'], 0);
    await tagManifest({ ...stage.target, from: kept.digest, tag: 'v10' });
    expect(labels(await applied(stage, plan))).toEqual(Array(4).fill('deleted'));
    expect(await stage.standing()).not.toHaveProperty([image.digest]);
  });
});
