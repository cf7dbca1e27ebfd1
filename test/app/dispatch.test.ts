import { describe, expect, it } from 'vitest';
import { pushImage } from '../../local/registry/index.ts';
import { type DispatchPorts, dispatch } from '../../shared/app/dispatch.ts';
import { parseWork } from '../../shared/core/work.ts';
import { NOW_MS, POLICY, policyReader, type Stage, setStage } from './stage.ts';

const NIGHTLY = POLICY;
const BROKEN = NIGHTLY.replace('policy: services', 'policy: broken').replace('exact:', 'exactly:');

async function stageWithTwo(): Promise<Stage> {
  const stage = await setStage();
  await stage.push('api', ['v1'], 9);
  await pushImage({
    ...stage.target,
    name: 'acme/tools/cli',
    tags: ['v1'],
    layers: [{ bytes: Buffer.from('cli') }],
  });
  return stage;
}

function tick(stage: Stage, text: string, more: Partial<DispatchPorts> = {}) {
  const { registry, clock, logger } = stage.ports;
  return dispatch(
    {
      registry,
      clock,
      logger,
      ledger: stage.ledger,
      publisher: stage.publisher,
      policies: policyReader(text),
      workTopic: 'projects/acme/topics/work',
      ...more,
    },
    [{ host: stage.registry.host, prefix: 'acme' }],
  );
}

describe('a tick of the scheduler', () => {
  it('logs which policies have been in mode: plan for more than 30 days', async () => {
    const stage = await stageWithTwo();
    const text = NIGHTLY.replace('mode: enforce', 'mode: plan');
    await tick(stage, text);
    stage.setDaysAgo(-31);
    await tick(stage, text);
    expect(stage.log.filter(({ severity }) => severity !== 'INFO')).toMatchObject([
      { severity: 'WARNING', message: 'policy only plans', fields: { place: 'services.yaml:2' } },
    ]);
  });

  it('publishes one piece of work for each repository that a due policy selects', async () => {
    const stage = await stageWithTwo();
    const found = await tick(stage, NIGHTLY);
    expect(found).toEqual({
      due: ['services'],
      repositories: [stage.name, `${stage.registry.host}/acme/tools/cli`],
    });
    expect(stage.published.map(({ topic }) => topic)).toEqual(Array(2).fill('projects/acme/topics/work'));
    expect(parseWork(stage.published[0]?.data ?? '')).toMatchObject({
      repository: stage.name,
      trigger: 'schedule',
      policies: ['services'],
      scheduledAtMs: NOW_MS,
    });
  });

  it('names all due policies of a repository in one piece of work', async () => {
    const stage = await stageWithTwo();
    const tools = NIGHTLY.replace('policy: services', 'policy: tools').replace('"**"', '"*/acme/tools/**"');
    await tick(stage, `${NIGHTLY}---\n${tools}`);
    expect(stage.published.map(({ data }) => parseWork(data).policies)).toEqual([
      ['services'],
      ['services', 'tools'],
    ]);
  });

  it('publishes nothing a second time for the same scheduled time', async () => {
    const stage = await stageWithTwo();
    await tick(stage, NIGHTLY);
    expect(await tick(stage, NIGHTLY)).toEqual({ due: [], repositories: [] });
    expect(stage.published).toHaveLength(2);
  });

  it('publishes again the next night', async () => {
    const stage = await stageWithTwo();
    await tick(stage, NIGHTLY);
    stage.setDaysAgo(-1);
    expect((await tick(stage, NIGHTLY)).repositories).toHaveLength(2);
  });

  it('runs no policy without a schedule', async () => {
    const stage = await stageWithTwo();
    const text = NIGHTLY.replace(/schedule:.*\n/, '');
    expect(await tick(stage, text)).toEqual({ due: [], repositories: [] });
  });

  it('says where a policy is broken, and runs the others', async () => {
    const stage = await stageWithTwo();
    expect((await tick(stage, `${NIGHTLY}---\n${BROKEN}`)).due).toEqual(['services']);
    expect(stage.log).toContainEqual({
      severity: 'ERROR',
      message: 'policy stopped',
      fields: expect.objectContaining({ place: expect.stringMatching(/^services\.yaml:\d+:\d+$/) }),
    });
  });
});

describe('a tick that fails', () => {
  it('comes again where not all work was published', async () => {
    const stage = await stageWithTwo();
    let count = 0;
    const publish: Stage['publisher']['publish'] = async (...message) => {
      count += 1;
      if (count === 2) throw new Error('503');
      return stage.publisher.publish(...message);
    };
    await expect(tick(stage, NIGHTLY, { publisher: { publish } })).rejects.toThrow('503');
    expect((await tick(stage, NIGHTLY)).repositories).toHaveLength(2);
  });

  it('comes again where no repository could be seen', async () => {
    const stage = await stageWithTwo();
    const completeness = { kind: 'incomplete', reason: '403' } as const;
    const registry = { ...stage.ports.registry, catalog: async () => ({ completeness, repositories: [] }) };
    expect((await tick(stage, NIGHTLY, { registry })).repositories).toEqual([]);
    expect((await tick(stage, NIGHTLY)).repositories).toHaveLength(2);
  });

  it('says so where only some repositories were seen, and publishes those once', async () => {
    const stage = await stageWithTwo();
    const completeness = { kind: 'incomplete', reason: 'page 2 was not read' } as const;
    const registry = {
      ...stage.ports.registry,
      catalog: async () => ({ completeness, repositories: [stage.name] }),
    };
    expect((await tick(stage, NIGHTLY, { registry })).repositories).toEqual([stage.name]);
    expect((await tick(stage, NIGHTLY, { registry })).repositories).toEqual([]);
    expect(stage.log).toContainEqual({
      severity: 'WARNING',
      message: 'not all repositories of a target were seen',
      fields: { target: `${stage.registry.host}/acme`, reason: 'page 2 was not read' },
    });
  });

  it('is done all the same where its time could not be claimed', async () => {
    const stage = await stageWithTwo();
    const claimTick = async (): Promise<never> => {
      throw new Error('the disk is full');
    };
    const found = await tick(stage, NIGHTLY, { ledger: { ...stage.ledger, claimTick } });
    expect(found.repositories).toHaveLength(2);
    expect(
      stage.log.some(({ severity, fields }) => severity === 'WARNING' && fields['policy'] === 'services'),
    ).toBe(true);
  });
});
