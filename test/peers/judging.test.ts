import { describe, expect, it } from 'vitest';
import { buildLayer, pushIndex } from '../../local/registry/index.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import type { Digest } from '../../shared/core/digest.ts';
import type { ListedManifest } from '../../shared/core/listing.ts';
import type { Descriptor } from '../../shared/core/manifest.ts';
import type { RepositoryPlan } from '../../shared/core/plan.ts';
import { policyWarnings } from '../../shared/core/policy-warnings.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { usesOfCloudRun } from '../../shared/core/usage/cloud-run.ts';
import type { UsageAnswer, Use } from '../../shared/core/usage.ts';
import type { UsageReader } from '../../shared/ports.ts';
import { NOW_MS, planRequest, policies, type Stage, setStage } from '../app/stage.ts';

/**
 * What hurt the users of other tools at the moment of judging. Where what the tool did can be said in a few
 * lines, it stands beside ours, to show that the test would notice.
 */

async function plan(stage: Stage, policy: string): Promise<RepositoryPlan> {
  const { repositories } = await planTarget(
    stage.ports,
    { host: stage.registry.host, prefix: 'acme' },
    planRequest(policy),
  );
  const [repository] = repositories;
  if (repository === undefined) throw new Error('no repository was planned');
  return repository;
}

/** Digests that a plan would delete. */
function going({ steps }: RepositoryPlan): Digest[] {
  return steps.flatMap((step) => (step.kind === 'delete' ? [step.digest] : []));
}

function policyOf(rules: string): string {
  return `
apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
mode: enforce
limits: { share: 100%, mayEmpty: true }
${rules}`;
}

const EVERYTHING_BUT_NEWEST = (count: number): string =>
  policyOf(`keep:
  - newest: { newest: ${count} }
delete:
  - rest: { all: true }
`);

/** A layer that runs as it is: what the tag says makes each differ. */
const layer = (text: string) => ({ bytes: buildLayer([{ path: 'name', content: text }]) });

describe('the newest N', () => {
  /** When each was made, as it claims, and how many days ago it was uploaded. */
  interface Claim {
    readonly name: string;
    readonly created: string;
    readonly daysAgo: number;
  }
  const CLAIMS: readonly [Claim, Claim, Claim] = [
    { name: 'a', created: '1980-01-01T00:00:00Z', daysAgo: 3 },
    { name: 'b', created: '2025-05-01T00:00:00Z', daysAgo: 9 },
    { name: 'c', created: '2025-02-01T00:00:00Z', daysAgo: 6 },
  ];

  it('is the one uploaded last, in whatever order they were uploaded and whatever they claim', async () => {
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ];
    for (const order of orders) {
      const stage = await setStage();
      const digests = new Map<string, Digest>();
      for (const at of order) {
        const claim = CLAIMS[at];
        if (claim === undefined) continue;
        const { name, created, daysAgo } = claim;
        const pushed = await stage.push(name, [name], daysAgo, {
          layers: [layer(name)],
          config: { created },
        });
        digests.set(name, pushed.digest);
      }
      const left = new Set(digests.values());
      for (const digest of going(await plan(stage, EVERYTHING_BUT_NEWEST(1)))) left.delete(digest);
      expect([...left]).toEqual([digests.get('a')]);
    }
  });

  it('hangs on the order where created and uploaded times are mixed, as in gcr-cleaner #79, #89 and #138', () => {
    // Created times count, but for the image of 1980, which is compared by its upload.
    const mixed = (one: Claim, other: Claim): number => {
      const isOld = [one, other].some(({ created }) => created.startsWith('1980'));
      return isOld ? one.daysAgo - other.daysAgo : Date.parse(other.created) - Date.parse(one.created);
    };
    // a before b (by upload), b before c (by creation), and with other times c before a: no order at all.
    const circle = [CLAIMS[0], CLAIMS[1], { ...CLAIMS[2], daysAgo: 1 }] as const;
    expect(mixed(circle[0], circle[1])).toBeLessThan(0);
    expect(mixed(circle[1], circle[2])).toBeLessThan(0);
    expect(mixed(circle[2], circle[0])).toBeLessThan(0);
  });

  it('counts a multi-platform image once, where its children took the places of others', async () => {
    const stage = await setStage();
    const older = await stage.push('older', ['1.0.0'], 9);
    const children: Descriptor[] = [];
    for (const architecture of ['amd64', 'arm64', 'riscv64'])
      children.push(await stage.push(architecture, [], 3));
    stage.setDaysAgo(2);
    await pushIndex({ ...stage.target, tags: ['1.1.0'], children });
    stage.setDaysAgo(0);
    expect(going(await plan(stage, EVERYTHING_BUT_NEWEST(2)))).toEqual([]);
    // Counted by manifest, the index and one of its children are the newest two.
    const { manifests } = await stage.ports.registry.list(stage.repository);
    const uploadedAtMs = ({ uploadedAtMs: at }: ListedManifest): number =>
      at.kind === 'known' ? at.value : 0;
    const newest = [...manifests].sort((a, b) => uploadedAtMs(b) - uploadedAtMs(a)).slice(0, 2);
    expect(newest.map(({ digest }) => digest)).not.toContain(older.digest);
  });
});

describe('an over-wide duration', () => {
  const policy = policyOf(`delete:
  - old: { olderThan: 999999d }
`);

  it('is refused, and nothing goes', async () => {
    const stage = await setStage();
    await stage.push('young', ['main'], 1);
    expect(policies(policy).problems.map(({ code, line }) => [code, line])).toEqual([['POLICY_DURATION', 8]]);
    expect(going(await plan(stage, policy))).toEqual([]);
  });

  it('overflows into the past and selects everything where it is counted in 64 bits, as in acr-cli #560', () => {
    const nanoseconds = BigInt.asIntN(64, 999_999n * BigInt(DAY_MS) * 1_000_000n);
    const cutoffMs = NOW_MS - Number(nanoseconds / 1_000_000n);
    expect(NOW_MS - DAY_MS < cutoffMs).toBe(true);
  });

  it('of untagged images holds, where acr-cli #579 forgot it', async () => {
    const stage = await setStage();
    const old = await stage.push('old', [], 30);
    await stage.push('young', [], 1);
    const untagged = policyOf(`delete:
  - untagged: { untaggedFor: 7d }
`);
    expect(going(await plan(stage, untagged))).toEqual([old.digest]);
  });
});

function usage(...answers: readonly UsageAnswer[]): UsageReader {
  return { read: async () => ({ version: 1, answers }) };
}

const KEEP_RUNNING = policyOf(`keep:
  - running: { inUse: true }
delete:
  - old: { olderThan: 7d }
`);

describe('an image that runs', () => {
  it('stays however old it is, where ECR (containers-roadmap #1036, #1078) deleted it', async () => {
    const uses: { repository: string; digest: Digest; tag: null; by: string }[] = [];
    const stage = await setStage({
      usage: usage({ kind: 'complete', source: 'cluster prod', asOfMs: NOW_MS, uses }),
    });
    const running = await stage.push('running', ['1.0.0'], 400);
    const idle = await stage.push('idle', ['0.9.0'], 500);
    uses.push({ repository: stage.name, digest: running.digest, tag: null, by: 'pod prod/api' });
    expect(going(await plan(stage, KEEP_RUNNING))).toEqual([idle.digest]);
  });

  it('stays while a service can be rolled back to it, where firebase-tools #8372 and #8421 deleted older revisions', async () => {
    const uses: Use[] = [];
    const stage = await setStage({
      usage: usage({ kind: 'complete', source: 'Cloud Run of acme', asOfMs: NOW_MS, uses }),
    });
    const images: Digest[] = [];
    for (const number of [1, 2, 3]) {
      images.push((await stage.push(`revision ${number}`, [`build-${number}`], 40 - number)).digest);
    }
    const at = 'projects/acme/locations/europe-west1/services/shop';
    const serving = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: 'shop-3', percent: 100 };
    const resources = {
      services: [{ name: at, latestReadyRevision: `${at}/revisions/shop-3`, trafficStatuses: [serving] }],
      revisions: images.map((digest, index) => ({
        name: `${at}/revisions/shop-${index + 1}`,
        service: 'shop',
        createTime: new Date(NOW_MS - (40 - index) * DAY_MS).toISOString(),
        containers: [{ image: `${stage.name}:build-${index + 1}` }],
        containerStatuses: [{ name: 'shop-1', imageDigest: `${stage.name}@${digest}` }],
      })),
      jobs: [],
      executions: [],
    };
    uses.push(...usesOfCloudRun(resources, 2));
    expect(going(await plan(stage, KEEP_RUNNING))).toEqual([images[0]]);
    // What serves alone is what it would have been without a depth of rollback.
    expect(usesOfCloudRun(resources, 0).map(({ digest }) => digest)).toEqual([images[2]]);
  });

  it('stays where the pod names it by digest and no tag, which werf’s comparison of repo:tag does not see', async () => {
    const uses: { repository: string; digest: Digest; tag: null; by: string }[] = [];
    const stage = await setStage({
      usage: usage({ kind: 'complete', source: 'cluster prod', asOfMs: NOW_MS, uses }),
    });
    const running = await stage.push('running', [], 400);
    uses.push({ repository: stage.name, digest: running.digest, tag: null, by: 'pod prod/api' });
    expect(going(await plan(stage, KEEP_RUNNING))).toEqual([]);
  });

  it('stays while nobody can say what runs, where Harbor’s check answers “no” to an error', async () => {
    const stage = await setStage({
      usage: usage({ kind: 'unknown', source: 'cluster prod', reason: 'the API server answered 503' }),
    });
    await stage.push('perhaps running', ['1.0.0'], 400);
    const planned = await plan(stage, KEEP_RUNNING);
    expect(going(planned)).toEqual([]);
    expect(planned.decisions[0]?.voices.map(({ rule, answer }) => [rule, answer])).toContainEqual([
      'running',
      'unknown',
    ]);
  });
});

describe('a policy that does nothing, or too much, without a word', () => {
  async function warnings(rules: string): Promise<string> {
    const stage = await setStage();
    await stage.push('old', ['1.0.0'], 400);
    const { warnings: ofTarget, repositories } = await planTarget(
      stage.ports,
      { host: stage.registry.host, prefix: 'acme' },
      planRequest(policyOf(rules)),
    );
    return [...ofTarget, ...(repositories[0]?.warnings ?? [])].join('\n');
  }

  it('is told of by the checker where it has keep rules alone, on which Artifact Registry is silent', () => {
    const { policies: parsed } = policies(policyOf('keep:\n  - newest: { newest: 3 }\n'));
    expect(policyWarnings(parsed, NOW_MS).map(({ code }) => code)).toContain('NEVER_DELETES');
  });

  it('is told of where a prefix matches every tag, as sha256: matches a whole repository of Artifact Registry', async () => {
    expect(await warnings('delete:\n  - all-of-it: { tags: { prefix: "" }, olderThan: 1d }\n')).not.toBe('');
    // A digest is no tag: the trap itself selects nothing here.
    const stage = await setStage();
    await stage.push('old', ['1.0.0'], 400);
    await stage.push('untagged', [], 400);
    const trap = policyOf('delete:\n  - trap: { tags: { prefix: "sha256:" } }\n');
    expect(going(await plan(stage, trap))).toEqual([]);
  });

  it('is said to be on trial in every plan, where firebase-tools #8418 stayed in dry run unnoticed', async () => {
    const stage = await setStage();
    await stage.push('old', ['1.0.0'], 400);
    const onTrial = policyOf('delete:\n  - old: { olderThan: 7d }\n').replace('mode: enforce', 'mode: plan');
    const planned = await plan(stage, onTrial);
    expect(planned.steps.flatMap(({ allowedBy }) => allowedBy.map(({ mode }) => mode))).toContain('plan');
    expect(planned.decisions.some(({ verdict, enforced }) => verdict === 'delete' && !enforced)).toBe(true);
  });
});

describe('a signature', () => {
  const signatureTag = ({ digest }: Descriptor): string => `${digest.replace(':', '-')}.sig`;

  it('is no image: it takes no place among the newest, where ECR (containers-roadmap #2613) counts it', async () => {
    const stage = await setStage();
    const first = await stage.push('first', ['1.0.0'], 9);
    const second = await stage.push('second', ['1.1.0'], 8);
    await stage.push('signature of the first', [signatureTag(first)], 2);
    await stage.push('signature of the second', [signatureTag(second)], 1);
    expect(going(await plan(stage, EVERYTHING_BUT_NEWEST(2)))).toEqual([]);
  });

  it('goes with its untagged image, which Harbor #18014 can’t collect once it is signed', async () => {
    const stage = await setStage();
    const image = await stage.push('image', ['main'], 30);
    const signature = await stage.push('signature', [signatureTag(image)], 30);
    await stage.push('next', ['main'], 20);
    const untagged = policyOf('delete:\n  - untagged: { untaggedFor: 7d }\n');
    expect(new Set(going(await plan(stage, untagged)))).toEqual(new Set([image.digest, signature.digest]));
  });
});

describe('repositories that are left out', () => {
  it('stay whole, where gcr-cleaner #11 had no way to leave one out', async () => {
    const stage = await setStage();
    await stage.push('old', ['1.0.0'], 400);
    const policy = policyOf('delete:\n  - everything: { all: true }\n').replace(
      '["**"]',
      '["**", "!**/api"]',
    );
    expect(going(await plan(stage, policy))).toEqual([]);
  });
});
