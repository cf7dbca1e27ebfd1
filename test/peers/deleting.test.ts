import { describe, expect, it } from 'vitest';
import { pushIndex } from '../../local/registry/index.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import type { Descriptor } from '../../shared/core/manifest.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { applyRequest, planRequest, type Stage, setStage } from '../app/stage.ts';

/**
 * What hurt the users of other tools at the moment of deletion. Each behaviour is tried twice against a real
 * registry: once by us, once as the tool that hurt does it, to show that the test would notice.
 */

async function plan(stage: Stage, policy?: string): Promise<Plan> {
  return planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest(policy));
}

async function apply(stage: Stage, planned: Plan): Promise<Record<string, number>> {
  const results = await applyPlan(stage.ports, planned, applyRequest());
  const counts: Record<string, number> = {};
  for (const { outcome } of results.flatMap((one) => one.results)) {
    counts[outcomeLabel(outcome)] = (counts[outcomeLabel(outcome)] ?? 0) + 1;
  }
  return counts;
}

const UNTAGGED_ONLY = `
apiVersion: gcr-warden/v1
policy: untagged
repositories: ["**"]
mode: enforce
limits: { share: 100%, mayEmpty: true }
delete:
  - untagged: { untaggedFor: 7d }
`;

describe('a tag that moves between plan and delete', () => {
  async function race(clean: (stage: Stage, planned: Plan) => Promise<unknown>): Promise<boolean> {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const planned = await plan(stage);
    const young = await stage.push('young', ['pr-1'], 0);
    await clean(stage, planned);
    return (await stage.ports.registry.resolveTag(stage.repository, 'pr-1')) === young.digest;
  }

  it('stays where it is now', async () => {
    expect(await race(apply)).toBe(true);
  });

  it('is lost where tags are deleted by name, as gcr-cleaner does', async () => {
    const byName = async (stage: Stage, planned: Plan): Promise<void> => {
      for (const step of planned.repositories[0]?.steps ?? []) {
        if (step.kind === 'untag') await stage.ports.deleter.deleteTag(stage.repository, step.tag);
      }
    };
    expect(await race(byName)).toBe(false);
  });
});

/** An index with two children, pushed so many days ago; the children have no tag of their own. */
async function pushWithChildren(
  stage: Stage,
  name: string,
  tags: readonly string[],
  days: number,
): Promise<{ index: Descriptor; children: readonly Descriptor[] }> {
  const children = [await stage.push(`${name} amd64`, [], days), await stage.push(`${name} arm64`, [], days)];
  stage.setDaysAgo(days);
  const index = await pushIndex({
    ...stage.target,
    tags: [...tags],
    children: children.map((child, at) => ({
      ...child,
      platform: { os: 'linux', architecture: at === 0 ? 'amd64' : 'arm64' },
    })),
  });
  stage.setDaysAgo(0);
  return { index, children };
}

/** Deletes every manifest without a tag, in the order of the listing, and counts what the registry refuses. */
async function deleteUntaggedBlindly(stage: Stage): Promise<number> {
  let refused = 0;
  for (const [digest, tags] of Object.entries(await stage.standing()) as [Descriptor['digest'], string[]][]) {
    if (tags.length > 0) continue;
    const reply = await stage.ports.deleter.deleteDigest(stage.repository, digest);
    if (reply.kind === 'claimed') refused += 1;
  }
  return refused;
}

describe('the children of an index that stays', () => {
  async function standing(clean: (stage: Stage) => Promise<unknown>): Promise<boolean> {
    // A registry that guards nothing, as most are.
    const stage = await setStage({ dialect: { guard: 'plain' } });
    const { children } = await pushWithChildren(stage, 'release', ['stable'], 30);
    await clean(stage);
    const left = await Promise.all(
      children.map(({ digest }) => stage.ports.registry.readManifest(stage.repository, digest)),
    );
    return left.every((manifest) => manifest !== null);
  }

  it('stay', async () => {
    expect(await standing(async (stage) => apply(stage, await plan(stage, UNTAGGED_ONLY)))).toBe(true);
  });

  it('go where every untagged manifest does, as in acr-cli #131, dataaxiom/ghcr-cleanup-action #36, snok #43', async () => {
    const blindly = async (stage: Stage): Promise<void> => {
      const manifests = await stage.ports.registry.list(stage.repository);
      for (const { digest, tags } of manifests.manifests) {
        if (tags.length === 0) await stage.ports.deleter.deleteDigest(stage.repository, digest);
      }
      // Plain registries name no untagged manifest; the tools that hurt were told of them by their API.
      const index = await stage.ports.registry.resolveTag(stage.repository, 'stable');
      if (index === null) return;
      const stored = await stage.ports.registry.readManifest(stage.repository, index);
      const { manifests: children } = JSON.parse(stored?.content ?? '{}') as { manifests: Descriptor[] };
      for (const { digest } of children) await stage.ports.deleter.deleteDigest(stage.repository, digest);
    };
    expect(await standing(blindly)).toBe(false);
  });
});

describe('indexes that go with their children', () => {
  async function stageWithGarbage(): Promise<Stage> {
    const stage = await setStage();
    for (let at = 0; at < 4; at += 1) await pushWithChildren(stage, `garbage ${at}`, [], 30);
    return stage;
  }

  it('are deleted in an order in which nothing is refused', async () => {
    const stage = await stageWithGarbage();
    // A run has seen that nothing of it has a tag.
    stage.setDaysAgo(20);
    await plan(stage, UNTAGGED_ONLY);
    stage.setDaysAgo(0);
    expect(await apply(stage, await plan(stage, UNTAGGED_ONLY))).toEqual({ deleted: 12 });
    expect(await stage.standing()).toEqual({});
  });

  it('flood the log with refusals where no graph is known, as in gcr-cleaner #118, #124 and #130', async () => {
    expect(await deleteUntaggedBlindly(await stageWithGarbage())).toBeGreaterThan(0);
  });
});

describe('the other tags of a digest', () => {
  async function releaseTag(clean: (stage: Stage) => Promise<unknown>): Promise<boolean> {
    const stage = await setStage({ dialect: { guard: 'plain' } });
    await stage.push('build', ['pr-1', '1.4.0'], 30);
    await clean(stage);
    return (await stage.ports.registry.resolveTag(stage.repository, '1.4.0')) !== null;
  }

  it('stay, with the digest, where only one of them may go', async () => {
    expect(await releaseTag(async (stage) => apply(stage, await plan(stage)))).toBe(true);
  });

  it('go along where a tag is deleted by its digest, as in Harbor #8717 and dataaxiom/ghcr-cleanup-action #56', async () => {
    const byDigest = async (stage: Stage): Promise<void> => {
      const digest = await stage.ports.registry.resolveTag(stage.repository, 'pr-1');
      if (digest !== null) await stage.ports.deleter.deleteDigest(stage.repository, digest);
    };
    expect(await releaseTag(byDigest)).toBe(false);
  });
});

describe('the requests of a run', () => {
  it('are one a deletion and one a tag to look again, where gcr-cleaner pings and fetches a token for each', async () => {
    const stage = await setStage();
    for (let at = 0; at < 5; at += 1) await stage.push(`tagged ${at}`, [`pr-${at}`], 30);
    for (let at = 0; at < 5; at += 1) await stage.push(`untagged ${at}`, [], 30);
    const planned = await plan(stage);
    const before = { ...stage.registry.requests };
    await applyPlan(stage.ports, planned, applyRequest({ undo: false }));
    const sent = Object.fromEntries(
      Object.entries(stage.registry.requests)
        .map(([route, count]) => [route, count - (before[route] ?? 0)] as const)
        .filter(([, count]) => count > 0),
    );
    expect(sent).toMatchObject({ 'DELETE manifests': 15, 'HEAD manifests': 5 });
    const total = Object.values(sent).reduce((sum, count) => sum + count, 0);
    const deletions = 15;
    // Once, not for each: how the registry wants to be asked, and a token that can delete.
    expect(total).toBeLessThanOrEqual(deletions + 5 + 2);
    expect(total).toBeLessThan(3 * deletions);
  });
});

describe('two runs at once', () => {
  it('send each deletion once, where Harbor #14527 had 321 runs of one job', async () => {
    const stage = await setStage();
    for (let at = 0; at < 6; at += 1) await stage.push(`untagged ${at}`, [], 30);
    const planned = await plan(stage);
    const before = stage.registry.requests['DELETE manifests'] ?? 0;
    const results = await Promise.all(
      Array.from({ length: 8 }, () => applyPlan(stage.ports, planned, applyRequest())),
    );
    expect((stage.registry.requests['DELETE manifests'] ?? 0) - before).toBe(6);
    const runs = results.flat();
    expect(runs.filter(({ refusal }) => refusal === null)).toHaveLength(1);
    expect(runs.filter(({ refusal }) => refusal?.startsWith('Another run works on it'))).toHaveLength(7);
  });

  it('take what is gone already for done, where dataaxiom/ghcr-cleanup-action #71 ended the run', async () => {
    const stage = await setStage();
    const gone = await stage.push('gone', [], 30);
    await stage.push('left', [], 30);
    const planned = await plan(stage);
    await stage.ports.deleter.deleteDigest(stage.repository, gone.digest);
    expect(await apply(stage, planned)).toEqual({ 'already gone': 1, deleted: 1 });
  });
});
