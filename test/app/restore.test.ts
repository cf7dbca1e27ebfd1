import { describe, expect, it } from 'vitest';
import { buildImage, pushImage, pushIndex, tagManifest } from '../../local/registry/index.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { type RestoreRequest, restore } from '../../shared/app/restore.ts';
import type { Digest } from '../../shared/core/digest.ts';
import type { StoredManifest } from '../../shared/core/journal.ts';
import type { Descriptor } from '../../shared/core/manifest.ts';
import {
  isWhole,
  type ManifestReturn,
  manifestReturnSentence,
  type Restoration,
  type TagReturn,
} from '../../shared/core/restoration.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { applyRequest, NOW_MS, planRequest, type Stage, setStage } from './stage.ts';

const HOLD_MS = 7 * DAY_MS;

/** What a repository holds, bytes, media types and tags, as a client reads it. */
async function contents(
  stage: Stage,
): Promise<Record<Digest, { tags: readonly string[]; is: StoredManifest | null }>> {
  const standing = await stage.standing();
  const read = Object.entries(standing).map(async ([digest, tags]) => [
    digest,
    {
      tags: [...tags].sort(),
      is: await stage.ports.registry.readManifest(stage.repository, digest as Digest),
    },
  ]);
  return Object.fromEntries(await Promise.all(read));
}

/** Plans and applies, and gives the run. */
async function clean(stage: Stage): Promise<string> {
  const plan = await planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest());
  const [result] = await applyPlan(stage.ports, plan, applyRequest());
  if (result?.runId == null || result.refusal !== null) throw new Error(result?.refusal ?? 'nothing to do');
  return result.runId;
}

function bringBack(
  stage: Stage,
  source: RestoreRequest['source'],
  more: Partial<RestoreRequest> = {},
): Promise<Restoration> {
  const request = {
    repository: stage.repository,
    source,
    by: 'ann',
    holdMs: HOLD_MS,
    isDryRun: false,
    ...more,
  };
  return restore({ ...stage.ports, writer: stage.writer }, request);
}

function outcomes(restoration: Restoration): Record<string, (ManifestReturn | TagReturn)['kind']> {
  return Object.fromEntries([
    ...restoration.manifests.map(({ digest, outcome }) => [digest, outcome.kind]),
    ...restoration.tags.map(({ tag, outcome }) => [tag, outcome.kind]),
  ]);
}

/** An index of two platforms, with a signature of cosign's, a referrer, and a referrer of that. */
async function pushSigned(stage: Stage): Promise<{ root: Descriptor; all: Digest[] }> {
  const { target } = stage;
  stage.setDaysAgo(30);
  const one = await pushImage({ ...target, tags: [], layers: [{ bytes: Buffer.from('amd64') }] });
  const two = await pushImage({ ...target, tags: [], layers: [{ bytes: Buffer.from('arm64') }] });
  const root = await pushIndex({ ...target, children: [one, two], tags: ['pr-1', 'pr-one'] });
  const signatureTag = `${root.digest.replace(':', '-')}.sig`;
  const signature = await pushImage({
    ...target,
    tags: [signatureTag],
    layers: [{ bytes: Buffer.from('signature') }],
  });
  const sbom = await pushImage({
    ...target,
    tags: [],
    subject: root,
    layers: [{ bytes: Buffer.from('sbom') }],
  });
  const proof = await pushImage({
    ...target,
    tags: [],
    subject: sbom,
    layers: [{ bytes: Buffer.from('proof') }],
  });
  stage.setDaysAgo(0);
  return { root, all: [one, two, root, signature, sbom, proof].map(({ digest }) => digest) };
}

describe.each(['image', 'run'] as const)('restoring by %s', (by) => {
  it('brings back bytes, media types and tags of an index with its signature and referrers', async () => {
    const stage = await setStage();
    const { root, all } = await pushSigned(stage);
    await stage.push('kept', ['stable'], 30);
    const before = await contents(stage);
    const runId = await clean(stage);
    const left = await stage.standing();
    for (const digest of all) expect(left).not.toHaveProperty(digest);

    const source = by === 'run' ? { kind: by, runId } : { kind: by, digest: root.digest };
    const restoration = await bringBack(stage, source);
    expect(new Set(Object.values(outcomes(restoration)))).toEqual(new Set(['restored']));
    expect(await contents(stage)).toEqual(before);
    expect(await stage.ledger.restorations(stage.name)).toEqual([restoration]);
  });
});

describe('restoring', () => {
  it('keeps what came back from the next runs until its hold ends, and says so', async () => {
    const stage = await setStage();
    const { root } = await pushSigned(stage);
    await stage.push('kept', ['stable'], 30);
    const before = await contents(stage);
    await clean(stage);
    await bringBack(stage, { kind: 'image', digest: root.digest });
    const holds = await stage.ledger.holds(stage.name);
    expect(holds).toMatchObject([
      { on: { kind: 'digest', digest: root.digest }, by: 'ann', untilMs: NOW_MS + HOLD_MS },
    ]);
    // As old as before: only the hold keeps it.
    stage.setDaysAgo(-6);
    const target = { host: stage.registry.host, prefix: 'acme' };
    const plan = await planTarget(stage.ports, target, planRequest());
    expect(plan.repositories[0]?.steps).toEqual([]);
    expect(await contents(stage)).toEqual(before);
  });

  it('leaves a hold that lasts longer as it is', async () => {
    const stage = await setStage();
    const { digest } = await stage.push('one', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    await clean(stage);
    const forEver = {
      version: 1,
      repository: stage.name,
      on: { kind: 'digest', digest },
      reason: 'evidence',
      by: 'legal',
      atMs: NOW_MS,
      untilMs: null,
    } as const;
    await stage.ledger.saveHold(forEver);
    await bringBack(stage, { kind: 'image', digest });
    expect(await stage.ledger.holds(stage.name)).toEqual([forEver]);
  });

  it('leaves a tag that points elsewhere by now, and tells where', async () => {
    const stage = await setStage();
    const { digest } = await stage.push('old', ['pr-1', 'pr-2'], 30);
    await stage.push('kept', ['stable'], 30);
    const runId = await clean(stage);
    const fresh = await stage.push('fresh', ['pr-1'], 0);
    const restoration = await bringBack(stage, { kind: 'run', runId });
    expect(restoration.tags).toEqual([
      { tag: 'pr-1', digest, outcome: { kind: 'elsewhere', digest: fresh.digest } },
      { tag: 'pr-2', digest, outcome: { kind: 'restored' } },
    ]);
    expect(await stage.ports.registry.resolveTag(stage.repository, 'pr-1')).toBe(fresh.digest);
  });

  it('says blob by blob what the registry has no more, and brings back what others still share', async () => {
    const stage = await setStage();
    const shared = { bytes: Buffer.from('base') };
    const own = { bytes: Buffer.from('own') };
    const lost = await stage.push('', ['pr-1'], 30, { layers: [shared, own] });
    // Another manifest over the config and the layers of one that stays.
    const whole = await stage.push('', ['pr-2'], 30, {
      layers: [shared],
      annotations: { of: 'pull request' },
    });
    await stage.push('', ['stable'], 30, { layers: [shared] });
    stage.setDaysAgo(30);
    const index = await pushIndex({ ...stage.target, children: [lost], tags: ['pr-3'] });
    stage.setDaysAgo(0);
    const before = await contents(stage);
    const runId = await clean(stage);
    await stage.registry.removeUnreferencedLayers(0);

    const restoration = await bringBack(stage, { kind: 'run', runId });
    const told = new Map(restoration.manifests.map(({ digest, outcome }) => [digest, outcome]));
    const [config, , layer] = buildImage({ layers: [shared, own] }).blobs.map((blob) => blob.digest);
    expect(told.get(lost.digest)).toEqual({ kind: 'blobs gone', blobs: [config, layer] });
    expect(told.get(index.digest)).toEqual({ kind: 'incomplete', missing: [lost.digest] });
    expect(told.get(whole.digest)).toEqual({ kind: 'restored' });
    expect(outcomes(restoration)).toMatchObject({
      'pr-1': 'no manifest',
      'pr-2': 'restored',
      'pr-3': 'no manifest',
    });
    const standing = await contents(stage);
    expect(standing[whole.digest]).toEqual(before[whole.digest]);
    expect(standing).not.toHaveProperty(lost.digest);
    expect(standing).not.toHaveProperty(index.digest);
    // Nothing is held that did not come.
    const held = (await stage.ledger.holds(stage.name)).map(({ on }) =>
      on.kind === 'digest' ? on.digest : on.tag,
    );
    expect(held).toEqual([whole.digest]);
  });

  it('changes nothing at a dry run, and finds the same as the restoration', async () => {
    const stage = await setStage();
    const { root, all } = await pushSigned(stage);
    await stage.push('kept', ['stable'], 30);
    await clean(stage);
    const before = await contents(stage);
    const requests = { ...stage.registry.requests };
    const dry = await bringBack(stage, { kind: 'image', digest: root.digest }, { isDryRun: true });
    expect(new Set(Object.values(outcomes(dry)))).toEqual(new Set(['restorable']));
    expect(dry.manifests.map(({ digest }) => digest).sort()).toEqual([...all].sort());
    expect(stage.registry.requests['PUT manifests']).toBe(requests['PUT manifests']);
    expect(await contents(stage)).toEqual(before);
    expect(await stage.ledger.holds(stage.name)).toEqual([]);
    expect(await stage.ledger.restorations(stage.name)).toEqual([]);
  });

  it('finds everything there the second time, and sends nothing', async () => {
    const stage = await setStage();
    const { root } = await pushSigned(stage);
    await stage.push('kept', ['stable'], 30);
    await clean(stage);
    await bringBack(stage, { kind: 'image', digest: root.digest });
    const before = await contents(stage);
    const sent = stage.registry.requests['PUT manifests'];
    const again = await bringBack(stage, { kind: 'image', digest: root.digest });
    expect(new Set(Object.values(outcomes(again)))).toEqual(new Set(['there']));
    expect(stage.registry.requests['PUT manifests']).toBe(sent);
    expect(await contents(stage)).toEqual(before);
  });

  it('brings back one image of a run, and nothing of the others', async () => {
    const stage = await setStage();
    const one = await stage.push('one', ['pr-1'], 30);
    const two = await stage.push('two', ['pr-2'], 30);
    await stage.push('kept', ['stable'], 30);
    await clean(stage);
    await bringBack(stage, { kind: 'image', digest: one.digest });
    const standing = await stage.standing();
    expect(standing[one.digest]).toEqual(['pr-1']);
    expect(standing).not.toHaveProperty(two.digest);
  });

  it('gives a tag to what it pointed at when it was removed last', async () => {
    const stage = await setStage();
    const old = await stage.push('old', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    await clean(stage);
    await stage.push('new', ['pr-1'], 20);
    stage.setDaysAgo(-1);
    await clean(stage);
    const restoration = await bringBack(stage, { kind: 'image', digest: old.digest });
    expect(restoration.tags).toEqual([]);
    expect((await stage.standing())[old.digest]).toEqual([]);
  });

  it('puts tags and signatures back on an image that had to stay', async () => {
    const stage = await setStage();
    const { root } = await pushSigned(stage);
    await stage.push('kept', ['stable'], 30);
    const before = await contents(stage);
    const { deleter } = stage.ports;
    // Somebody tags the image in the moment before it goes, when its tags and referrers are gone.
    const racing: Stage = {
      ...stage,
      ports: {
        ...stage.ports,
        deleter: {
          ...deleter,
          guard: (at) => deleter.guard(at),
          deleteTag: (...words) => deleter.deleteTag(...words),
          async deleteDigest(at, digest, maySend) {
            if (digest === root.digest) {
              await tagManifest({ ...stage.target, from: digest, tag: 'release' });
            }
            return deleter.deleteDigest(at, digest, maySend);
          },
        },
      },
    };
    const runId = await clean(racing);
    expect(stage.log).toContainEqual({
      severity: 'ERROR',
      message: 'an image that stays has lost what belongs to it',
      fields: expect.objectContaining({
        root: root.digest,
        tags: expect.arrayContaining(['pr-1', 'pr-one']),
        mend: `gcr-warden restore ${runId}`,
      }),
    });
    const restoration = await bringBack(stage, { kind: 'run', runId });
    expect(new Set(Object.values(outcomes(restoration)))).toEqual(new Set(['restored', 'there']));
    const after = await contents(stage);
    const tags = [...(before[root.digest]?.tags ?? []), 'release'].sort();
    expect(after).toEqual({ ...before, [root.digest]: { ...before[root.digest], tags } });
  });

  it('waits for nobody: while a run works on the repository it says so', async () => {
    const stage = await setStage();
    const { digest } = await stage.push('one', ['pr-1'], 30);
    await stage.ledger.acquireLease(stage.name, 'run-7', NOW_MS, NOW_MS + 60_000);
    await expect(bringBack(stage, { kind: 'image', digest })).rejects.toMatchObject({
      code: 'RESTORE_BUSY',
      retryable: true,
    });
  });

  it('changes nothing where another has taken the repository while it was reading', async () => {
    const stage = await setStage();
    const { digest } = await stage.push('one', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    await clean(stage);
    const slow: Stage = {
      ...stage,
      ports: {
        ...stage.ports,
        ledger: {
          ...stage.ledger,
          async journal(filter) {
            stage.setDaysAgo(-1);
            const nowMs = stage.ports.clock();
            await stage.ledger.acquireLease(stage.name, 'run-9', nowMs, nowMs + 60_000);
            return stage.ledger.journal(filter);
          },
        },
      },
    };
    await expect(bringBack(slow, { kind: 'image', digest })).rejects.toMatchObject({ code: 'RESTORE_BUSY' });
    expect(await stage.standing()).not.toHaveProperty(digest);
    expect(await stage.ledger.holds(stage.name)).toEqual([]);
    // What the other has is still the other's.
    const nowMs = stage.ports.clock();
    expect((await stage.ledger.acquireLease(stage.name, 'run-10', nowMs, nowMs + 1)).kind).toBe('held');
  });

  it('finds what a killed run took and had not written down', async () => {
    const stage = await setStage();
    const { digest } = await stage.push('one', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    const killed: Stage = {
      ...stage,
      ports: {
        ...stage.ports,
        ledger: {
          ...stage.ledger,
          writeSettlements: () => Promise.reject(new Error('killed')),
        },
      },
    };
    await expect(clean(killed)).rejects.toThrow('killed');
    await bringBack(stage, { kind: 'image', digest });
    expect((await stage.standing())[digest]).toEqual(['pr-1']);
    const [entry] = await stage.ledger.journal({ repository: stage.name, digest, limit: 1 });
    expect(entry?.settlement?.outcome.kind).toBe('deleted');
  });

  it('refuses an image of which nothing was kept', async () => {
    const stage = await setStage();
    await stage.push('kept', ['stable'], 30);
    const digest: Digest = `sha256:${'0'.repeat(64)}`;
    await expect(bringBack(stage, { kind: 'image', digest })).rejects.toMatchObject({
      code: 'NOTHING_TO_RESTORE',
    });
    const lease = await stage.ledger.acquireLease(stage.name, 'run-9', NOW_MS, NOW_MS + 1);
    expect(lease.kind).toBe('taken');
  });
});

describe('what was kept and has ended', () => {
  it('is told with its time, image by image', async () => {
    const stage = await setStage();
    const { digest } = await stage.push('one', ['pr-1'], 30, { format: 'docker' });
    await stage.push('kept', ['stable'], 30);
    const runId = await clean(stage);
    stage.setDaysAgo(-30);
    const restoration = await bringBack(stage, { kind: 'run', runId });
    const [found] = restoration.manifests;
    expect(found).toEqual({ digest, outcome: { kind: 'expired', atMs: NOW_MS + 30 * DAY_MS } });
    expect(found && manifestReturnSentence(found.outcome)).toContain('kept until 2026-03-02');
    expect(outcomes(restoration)).toMatchObject({ 'pr-1': 'no manifest' });
    expect(isWhole(restoration)).toBe(false);
    expect(Object.keys(await stage.standing())).toHaveLength(1);
  });

  it('is read anew from the registry where a listing needs it', async () => {
    const stage = await setStage();
    const { root, all } = await pushSigned(stage);
    await stage.ports.registry.list(stage.repository);
    const before = await stage.ports.registry.list(stage.repository);
    stage.setDaysAgo(-2_000);
    const after = await stage.ports.registry.list(stage.repository);
    expect(after.relations).toEqual(before.relations);
    expect(Object.keys(after.relations)).toEqual(expect.arrayContaining([root.digest, ...all]));
  });
});

describe('restoring on a plain registry', () => {
  it('brings back what was there, with its tags', async () => {
    const stage = await setStage({ dialect: { guard: 'plain' } });
    const { digest } = await stage.push('one', ['pr-1', 'pr-2'], 30);
    await stage.push('kept', ['stable'], 30);
    const before = await contents(stage);
    const runId = await clean(stage);
    expect(await stage.standing()).not.toHaveProperty(digest);
    const restoration = await bringBack(stage, { kind: 'run', runId });
    expect(new Set(Object.values(outcomes(restoration)))).toEqual(new Set(['restored']));
    expect(await contents(stage)).toEqual(before);
  });
});
