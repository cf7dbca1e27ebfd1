import { describe, expect, it } from 'vitest';
import { pushIndex } from '../../local/registry/index.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { explainImage } from '../../shared/app/explain-image.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { dateOfDay, dayOf } from '../../shared/core/day-ranges.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { renderImageLife } from '../../shared/report/image-text.ts';
import { digestOf, subjectTag } from '../core/estate.ts';
import { READER } from '../support/reader-clock.ts';
import { applyRequest, NOW_MS, planRequest, type Stage, setStage } from './stage.ts';

function planned(stage: Stage) {
  return planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest());
}

function explained(stage: Stage, image: { tag?: string; digest?: Digest }) {
  const { tag = null, digest = null } = image;
  return explainImage(stage.ledger, { repository: stage.repository, tag, digest });
}

describe('explaining an image', () => {
  it('tells a deleted image from its push to its end', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    await applyPlan(stage.ports, await planned(stage), applyRequest());
    const life = await explained(stage, { digest: old.digest });
    expect(life).toMatchObject({
      repository: stage.name,
      digest: old.digest,
      history: {
        firstSeenAtMs: NOW_MS - 30 * DAY_MS,
        firstSeenBy: 'told',
        tags: [{ tag: 'pr-1', untilMs: NOW_MS }],
        deletedAtMs: NOW_MS,
      },
      decision: { runId: 'run-1', decision: { verdict: 'delete', enforced: true } },
    });
    expect(
      life.journal.map(({ intent, settlement }) => [intent.step.kind, settlement?.outcome.kind]).sort(),
    ).toEqual([
      ['delete', 'deleted'],
      ['untag', 'deleted'],
    ]);
    expect(life.journal[0]?.intent.reason).toMatch(
      /^deleted: rule pull-requests of policy services \(services\.yaml:\d+\): pr-1 matches glob pr-\*, uploaded 30 d ago/,
    );
  });

  it('still tells who deleted it after later runs have decided about others', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    await applyPlan(stage.ports, await planned(stage), applyRequest());
    await planned(stage);
    const life = await explained(stage, { digest: old.digest });
    expect(life.decision).toBeNull();
    expect(life.journal).toHaveLength(2);
  });

  it('takes a tag for what it points at, and a gone tag for what it pointed at last', async () => {
    const stage = await setStage();
    await stage.push('first', ['main'], 30);
    const second = await stage.push('second', ['main'], 20);
    expect((await explained(stage, { tag: 'main' })).digest).toBe(second.digest);
    await stage.ports.deleter.deleteTag(stage.repository, 'main');
    expect((await explained(stage, { tag: 'main' })).digest).toBe(second.digest);
  });

  it('finds the decision about the image that a signature belongs to', async () => {
    const stage = await setStage();
    const app = await stage.push('app', ['stable'], 30);
    const signature = await stage.push('signature', [`sha256-${app.digest.slice(7)}.sig`], 30);
    await planned(stage);
    expect((await explained(stage, { digest: signature.digest })).decision?.decision.root).toBe(app.digest);
  });

  it('tells a manifest of two indexes by the one that keeps it, and names the other', async () => {
    const stage = await setStage();
    const shared = await stage.push('shared', [], 30);
    const atOldTime = { ...stage.target, children: [shared] };
    stage.setDaysAgo(30);
    const roots = new Map<string, Digest>();
    for (const tag of ['pr-1', 'stable', 'pr-2'])
      roots.set(tag, (await pushIndex({ ...atOldTime, tags: [tag], annotations: { of: tag } })).digest);
    stage.setDaysAgo(0);
    await planned(stage);
    const { decision } = await explained(stage, { digest: shared.digest });
    expect(decision?.decision).toMatchObject({ root: roots.get('stable'), verdict: 'keep' });
    expect(new Set(decision?.alsoIn)).toEqual(new Set([roots.get('pr-1'), roots.get('pr-2')]));
  });

  it('tells a kept image by what was decided', async () => {
    const stage = await setStage();
    const kept = await stage.push('kept', ['stable'], 30);
    await planned(stage);
    const life = await explained(stage, { tag: 'stable' });
    expect(life).toMatchObject({
      digest: kept.digest,
      journal: [],
      decision: { decision: { verdict: 'keep' } },
    });
  });

  it('tells when a deleted image was last seen in use', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    const day = dayOf(NOW_MS);
    await stage.ledger.recordUsage(stage.name, {
      day: day - 20,
      standing: 'complete',
      references: [old.digest],
    });
    await applyPlan(stage.ports, await planned(stage), applyRequest());
    expect((await explained(stage, { digest: old.digest })).lastUse).toEqual({
      lastSeenDay: day - 20,
      unseenDay: day,
      isBestEffort: false,
    });
  });

  it('tells on which days it was pulled, by its digest or by a tag while that pointed at it', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    const next = await stage.push('next', ['pr-1'], 10);
    const today = dayOf(NOW_MS);
    await stage.ledger.recordPulls(stage.name, [
      { reference: old.digest, days: [[today - 28, today - 27]] },
      {
        reference: 'pr-1',
        days: [
          [today - 15, today - 14],
          [today - 2, today - 2],
        ],
      },
    ]);
    expect((await explained(stage, { digest: old.digest })).pulled).toEqual([
      [today - 28, today - 27],
      [today - 15, today - 14],
    ]);
    expect((await explained(stage, { digest: next.digest })).pulled).toEqual([[today - 2, today - 2]]);
  });

  it('tells of a digest that has been gone for a year: tags, pulls, and who decided it, by which rule of which file, in which run', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 400);
    await stage.push('kept', ['stable'], 400);
    const gone = dayOf(NOW_MS - 370 * DAY_MS);
    await stage.ledger.recordPulls(stage.name, [{ reference: 'pr-1', days: [[gone - 5, gone - 5]] }]);
    // A run a month, each with other images that come and go.
    for (let month = 0; month < 12; month += 1) {
      const daysAgo = 370 - 30 * month;
      stage.setDaysAgo(daysAgo);
      await applyPlan(stage.ports, await planned(stage), applyRequest({ trigger: 'schedule' }));
      await stage.push(`other ${month}`, [`pr-${month + 100}`], daysAgo - 1);
    }
    const byTag = await explained(stage, { tag: 'pr-1' });
    const life = await explained(stage, { digest: old.digest });
    expect(byTag).toEqual(life);
    expect(life.history).toMatchObject({
      firstSeenBy: 'told',
      tags: [{ tag: 'pr-1', untilMs: NOW_MS - 370 * DAY_MS }],
      deletedAtMs: NOW_MS - 370 * DAY_MS,
    });
    expect(life.pulled).toEqual([[gone - 5, gone - 5]]);
    const allowed = life.journal.map(({ intent, settlement }) => {
      const [allowance] = intent.step.allowedBy;
      const { file, gitRevision, contentHash } = allowance?.source ?? {};
      return [intent.runId, settlement?.outcome.kind, allowance?.rule, file, gitRevision, typeof contentHash];
    });
    const run = (await stage.ledger.runs({ repository: stage.name, limit: 100 })).findLast(
      ({ mode }) => mode === 'apply',
    );
    const revision = { kind: 'known', value: '0f1e2d3c4b5a' };
    expect(allowed).toEqual(
      Array(2).fill([run?.id, 'deleted', 'pull-requests', 'services.yaml', revision, 'string']),
    );
    const text = renderImageLife(life, { widthColumns: 200, colour: false, clock: READER });
    expect(text).toContain(`Pulled    on 1 day, last on ${dateOfDay(gone - 5)}`);
    expect(text).toContain('deleted: rule pull-requests of policy services');
  });

  it.each([
    ['a digest', { digest: digestOf('never seen') }],
    ['a tag', { tag: 'never-seen' }],
    ['a signature', { tag: subjectTag('never seen', '.sig') }],
    ['neither', {}],
  ])('refuses %s that the ledger never heard of', async (_row, image) => {
    const stage = await setStage();
    await stage.push('other', ['v1'], 1);
    await expect(explained(stage, image)).rejects.toMatchObject({ code: 'IMAGE_UNKNOWN' });
  });
});
