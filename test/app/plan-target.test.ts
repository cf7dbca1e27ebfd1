import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pushImage, pushIndex } from '../../local/registry/index.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { crossChecking } from '../../shared/app/cross-checking.ts';
import type { PlanPorts } from '../../shared/app/plan-target.ts';
import { type PlanRequest, planTarget } from '../../shared/app/plan-target.ts';
import { dayOf } from '../../shared/core/day-ranges.ts';
import { WardenError } from '../../shared/core/error.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { decisionSentence } from '../../shared/core/sentence.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Ledger } from '../../shared/ports.ts';
import { NOW_MS, POLICY, planRequest, type Stage, setStage, usageReader } from './stage.ts';

function planned(stage: Stage, more: { ports?: Partial<PlanPorts>; request?: PlanRequest } = {}) {
  return planTarget(
    { ...stage.ports, ...more.ports },
    { host: stage.registry.host, prefix: 'acme' },
    more.request ?? planRequest(),
  );
}

/** Another repository beside the stage's. */
async function pushBeside(stage: Stage, name: string, tags: readonly string[]): Promise<string> {
  await pushImage({ ...stage.target, name, tags, layers: [{ bytes: Buffer.from(name) }] });
  return `${stage.registry.host}/${name}`;
}

describe('planning', () => {
  it('plans every repository of the target, sorted, and deletes nothing', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    await pushBeside(stage, 'acme/services/web', ['v1']);
    await pushBeside(stage, 'acme/admin', ['v1']);
    await pushBeside(stage, 'other/api', ['v1']);
    const plan = await planned(stage);
    expect(plan).toMatchObject({ target: `${stage.registry.host}/acme`, catalog: { kind: 'complete' } });
    expect(plan.repositories.map(({ repository, steps }) => [repository, steps.length])).toEqual([
      [`${stage.registry.host}/acme/admin`, 0],
      [stage.name, 2],
      [`${stage.registry.host}/acme/services/web`, 0],
    ]);
    expect(stage.registry.requests['DELETE manifests']).toBeUndefined();
  });

  it('makes the same plan again, byte for byte', async () => {
    const stage = await setStage();
    const child = await stage.push('amd64', [], 30);
    await pushIndex({ ...stage.target, tags: ['stable'], children: [child] });
    await stage.push('old', ['pr-1'], 30);
    const first = await planned(stage);
    expect(JSON.stringify(await planned(stage))).toBe(JSON.stringify(first));
  });

  it('writes down what is in use, whatever the rules ask, and fails for nothing that can not be written', async () => {
    const stage = await setStage();
    const app = await stage.push('app', ['v1'], 30);
    await stage.push('idle', ['v2'], 30);
    const usage = usageReader([{ repository: stage.name, digest: app.digest, tag: null, by: 'pod a' }]);
    await planned(stage, { ports: { usage } });
    const day = dayOf(NOW_MS);
    expect(await stage.ledger.usageRecord(stage.name)).toEqual({
      complete: [[day, day]],
      bestEffort: [],
      unknown: [],
      uses: [{ reference: app.digest, days: [[day, day]] }],
    });
    const ledger: Ledger = {
      ...stage.ledger,
      recordUsage: async () => {
        throw new WardenError('LEDGER_BUSY', 'The disk is full.');
      },
    };
    const plan = await planned(stage, { ports: { usage, ledger } });
    expect(plan.repositories[0]?.decisions).toHaveLength(2);
    expect(stage.log).toContainEqual({
      severity: 'WARNING',
      message: 'what is in use could not be written down',
      fields: { repository: stage.name, reason: 'The disk is full.' },
    });
  });

  it('dates what a listing does not date by the second voice that is asked, and by its first sight otherwise', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    await stage.push('new', ['v1'], 1);
    // One that was told of no push.
    const directory = await mkdtemp(join(tmpdir(), 'plan-untold-'));
    const ledger = await openSqliteLedger(join(directory, 'ledger.sqlite'));
    onTestFinished(async () => {
      await ledger.close();
      await rm(directory, { recursive: true, force: true });
    });
    const told = await stage.ports.registry.list(stage.repository);
    const registry = {
      ...stage.ports.registry,
      list: async () => ({
        ...told,
        manifests: told.manifests.map((manifest) => ({
          ...manifest,
          uploadedAtMs: unknown('it is not told'),
        })),
      }),
    };
    const records = {
      imageRecords: async () =>
        known({
          versions: told.manifests,
          tags: told.manifests.flatMap(({ digest, tags }) => tags.map((tag) => ({ tag, digest }))),
        }),
    };
    const imageOf = () => ({ project: 'acme', location: 'europe', repository: 'services', image: 'api' });
    const going = async (ports: Partial<PlanPorts>): Promise<string[]> =>
      (await planned(stage, { ports: { ledger, ...ports } })).repositories.flatMap(({ decisions }) =>
        decisions.filter(({ verdict }) => verdict === 'delete').map(({ root }) => root),
      );
    expect(await going({ registry })).toEqual([]);
    const old = told.manifests.find(({ tags }) => tags[0] === 'pr-1');
    expect(await going({ registry: crossChecking(registry, records, imageOf) })).toEqual([old?.digest]);
  });

  it('keeps the child of a kept index that real clients pushed', async () => {
    const stage = await setStage();
    const child = await stage.push('amd64', [], 30);
    const index = await pushIndex({ ...stage.target, tags: ['stable'], children: [child] });
    const plan = await planned(stage, {
      request: planRequest(POLICY.replace('untaggedFor: 7d', 'state: untagged')),
    });
    expect(plan.repositories[0]?.steps).toEqual([]);
    expect(plan.repositories[0]?.decisions.map(({ root, members }) => [root, members])).toEqual([
      [index.digest, [child.digest]],
    ]);
  });

  it('takes for the time of untagging what was told', async () => {
    const stage = await setStage();
    const first = await stage.push('first', ['main'], 60);
    const second = await stage.push('second', ['main'], 9);
    await stage.push('third', ['main'], 2);
    const plan = await planned(stage);
    const sentences = new Map(
      plan.repositories[0]?.decisions.map((decision) => [decision.root, decisionSentence(decision)]),
    );
    expect(sentences.get(first.digest)).toContain('untagged for 9 d (rule wants more than 7 d)');
    expect(sentences.get(second.digest)).toBe('kept: no rule names it');
  });

  it('repairs a ledger that was told nothing, once, and deletes nothing for it', async () => {
    const stage = await setStage({ deaf: true });
    await stage.push('first', ['main'], 60);
    await stage.push('second', ['main'], 50);
    const plan = await planned(stage);
    expect(plan.repositories[0]?.steps).toEqual([]);
    const facts = await stage.ledger.historyFacts(stage.name);
    expect(facts).toHaveLength(3);
    expect(facts.every(({ source, atMs }) => source === 'observed' && atMs === NOW_MS)).toBe(true);
    await planned(stage);
    expect(await stage.ledger.historyFacts(stage.name)).toHaveLength(3);
  });

  it('writes its decisions and its run down', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    await stage.push('kept', ['stable'], 30);
    const plan = await planned(stage);
    const record = await stage.ledger.lastDecisions(stage.name);
    expect(record).toEqual({
      runId: 'run-1',
      planId: plan.id,
      atMs: NOW_MS,
      policies: [],
      decisions: plan.repositories[0]?.decisions,
      notes: expect.any(Array),
    });
    const uploaded = NOW_MS - 30 * DAY_MS;
    expect(record?.notes).toHaveLength(2);
    expect(record?.notes?.[0]).toMatchObject({ uploadedAtMs: known(uploaded), nested: [] });
    const window = { sinceMs: NOW_MS, untilMs: NOW_MS, repositoriesMax: 9 };
    expect((await stage.ledger.samples(window)).series).toMatchObject([
      {
        repository: stage.name,
        samples: [{ manifests: 2, artifacts: 2, garbage: { kind: 'known' }, goingBy: { services: 1 } }],
      },
    ]);
    expect(await stage.ledger.policyRoster()).toMatchObject([{ name: 'services', mode: 'enforce' }]);
    expect(await stage.ledger.runs({ limit: 9 })).toMatchObject([
      { id: 'run-1', mode: 'plan', kept: 1, toDelete: 1, trigger: 'command', refusal: null },
    ]);
  });
});

describe('the sample of a run', () => {
  const window = { sinceMs: NOW_MS, untilMs: NOW_MS, repositoriesMax: 9 };

  it('does not know the garbage where a policy was not due', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    await planned(stage, { request: planRequest(POLICY, { deleting: new Set() }) });
    const [series] = (await stage.ledger.samples(window)).series;
    expect(series?.samples).toMatchObject([{ manifests: 1, garbage: { kind: 'unknown' }, goingBy: {} }]);
  });

  it('stops no run where it can not be written down, and neither do the policies', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1', 'stable'], 30);
    const failing = () => Promise.reject(new Error('disk full'));
    const ledger = { ...stage.ledger, recordSample: failing, policyRoster: failing };
    const plan = await planned(stage, { ports: { ledger } });
    expect(plan.repositories[0]?.refusal).toBeNull();
    expect(stage.log.filter(({ severity }) => severity === 'WARNING')).toHaveLength(2);
  });
});

describe('what a plan tells of its policies', () => {
  const TRIAL = POLICY.replace('mode: enforce', 'mode: plan\nowner: me@example.com\nreason: It is on trial.');
  const at = (days: number) => ({
    ports: { clock: () => NOW_MS + days * DAY_MS },
    request: planRequest(TRIAL),
  });

  it('is told of the one that is in mode: plan for more than 30 days, since a plan first saw it so', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1', 'stable'], 30);
    expect((await planned(stage, at(0))).warnings).toEqual([]);
    expect((await planned(stage, at(30))).warnings).toEqual([]);
    const told = 'services.yaml:2: The policy services has been in mode: plan for 43 d and deletes nothing.';
    expect((await planned(stage, at(43.5))).warnings).toEqual([told]);
    await planned(stage);
    expect((await planned(stage, at(44))).warnings).toEqual([]);
  });

  it('is nothing of this where the ledger cannot tell', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1', 'stable'], 30);
    await planned(stage, at(0));
    const planningSince = () => Promise.reject(new Error('no index'));
    const { ports, request } = at(43);
    const plan = await planned(stage, {
      ports: { ...ports, ledger: { ...stage.ledger, planningSince } },
      request,
    });
    expect(plan.warnings).toEqual([]);
    expect(plan.repositories[0]?.completeness).toEqual({ kind: 'complete' });
    const told = stage.log.filter(({ severity }) => severity !== 'INFO');
    expect(told).toMatchObject([{ severity: 'WARNING', fields: { reason: 'no index' } }]);
  });

  it('is what its patterns do not match', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const text = POLICY.replace('["**"]', '["*/acme/services/**", "*/acme/tool/**"]');
    expect((await planned(stage, { request: planRequest(text) })).warnings).toEqual([
      `services.yaml:2: "*/acme/tool/**" of policy services matches no repository of ${stage.registry.host}/acme.`,
      `services.yaml:9: exact "stable" in the rule stable of policy services matches no tag now, in the only repository of ${stage.registry.host}/acme that the policy selects.`,
    ]);
  });

  it('is its owner and its reason, which stay with the decisions', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const policies = [{ name: 'services', owner: 'me@example.com', reason: 'It is on trial.' }];
    expect((await planned(stage, at(0))).repositories[0]?.policies).toEqual(policies);
    expect((await stage.ledger.lastDecisions(stage.name))?.policies).toEqual(policies);
  });
});

describe('planning what can not be read', () => {
  it('plans the others, and names the one with its reason', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const broken = await pushBeside(stage, 'acme/broken', ['v1']);
    const { registry } = stage.ports;
    const list: typeof registry.list = async (repository) => {
      if (repository.name === 'acme/broken') throw new Error('the disk is full');
      return registry.list(repository);
    };
    const plan = await planned(stage, { ports: { registry: { ...registry, list } } });
    expect(plan.repositories).toMatchObject([
      {
        repository: broken,
        completeness: { kind: 'incomplete', reason: 'the disk is full' },
        steps: [],
        refusal: {
          code: 'LISTING_INCOMPLETE',
          message: 'The repository could not be read: the disk is full',
        },
      },
      { repository: stage.name, refusal: null },
    ]);
    expect(plan.repositories[1]?.steps).toHaveLength(2);
  });

  it('leaves what was decided last about it', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage);
    const list = async (): Promise<never> => {
      throw new Error('503');
    };
    await planned(stage, { ports: { registry: { ...stage.ports.registry, list } } });
    expect((await stage.ledger.lastDecisions(stage.name))?.planId).toBe(plan.id);
  });

  it('says so where not all repositories were seen', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const { registry } = stage.ports;
    const catalog: typeof registry.catalog = async (target) => ({
      ...(await registry.catalog(target)),
      completeness: { kind: 'incomplete', reason: 'page 2 was not read' },
    });
    const plan = await planned(stage, { ports: { registry: { ...registry, catalog } } });
    expect(plan.catalog).toEqual({ kind: 'incomplete', reason: 'page 2 was not read' });
    // What was seen can be judged: each repository stands for itself.
    expect(plan.repositories[0]?.refusal).toBeNull();
  });

  it('learns nothing from a listing that may not hold everything', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const before = await stage.ledger.historyFacts(stage.name);
    const { registry } = stage.ports;
    const list: typeof registry.list = async (repository) => ({
      ...(await registry.list(repository)),
      completeness: { kind: 'incomplete', reason: 'cut' },
      manifests: [],
    });
    await planned(stage, { ports: { registry: { ...registry, list } } });
    expect(await stage.ledger.historyFacts(stage.name)).toEqual(before);
    const window = { sinceMs: NOW_MS, untilMs: NOW_MS, repositoriesMax: 9 };
    expect((await stage.ledger.samples(window)).series).toEqual([]);
  });
});

describe('policies', () => {
  const two = `${POLICY}---\n${POLICY.replace('policy: services', 'policy: holds').replace('exact: stable', 'exact: pr-1').replace('glob: "pr-*"', 'glob: "tmp-*"')}`;

  it('that are not due keep what they keep, and delete nothing', async () => {
    const stage = await setStage();
    await stage.push('one', ['pr-1'], 30);
    await stage.push('two', ['pr-2'], 30);
    await stage.push('three', ['tmp-3'], 30);
    const plan = await planned(stage, {
      request: planRequest(two, { deleting: new Set(['services']) }),
    });
    const untags = plan.repositories[0]?.steps.filter((step) => step.kind === 'untag');
    expect(untags?.map(({ tag }) => tag)).toEqual(['pr-2']);
  });

  it('with an error are in the plan with file, line and column', async () => {
    const stage = await setStage();
    await stage.push('old', ['pr-1'], 30);
    const plan = await planned(stage, {
      request: planRequest(
        `${POLICY}---\n${POLICY.replace('policy: services', 'policy: x').replace('exact:', 'exactly:')}`,
      ),
    });
    expect(plan.problems).toMatchObject([{ file: 'services.yaml', policy: 'x', line: expect.any(Number) }]);
    expect(plan.repositories[0]?.refusal?.code).toBe('POLICY_BROKEN');
  });
});
