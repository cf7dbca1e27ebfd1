import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pushImage } from '../../local/registry/index.ts';
import { type Dispatched, type DispatchPorts, dispatch } from '../../shared/app/dispatch.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import { recordImageEvent } from '../../shared/app/record-event.ts';
import { LEASE_MS } from '../../shared/app/run-watch.ts';
import { PUSH_STRETCH, pushMark } from '../../shared/core/push-mark.ts';
import type { Repository } from '../../shared/core/reference.ts';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import { parseWork } from '../../shared/core/work.ts';
import { NOW_MS, POLICY, policyReader, type Stage, setStage } from './stage.ts';

const NIGHTLY = POLICY;
const NOTHING: Dispatched = { due: [], repositories: [], pushed: [], unfinished: [], busyUntilMs: null };
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
  const { registry, clock, newId, logger } = stage.ports;
  return dispatch(
    {
      registry,
      clock,
      newId,
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
      ...NOTHING,
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
    expect(await tick(stage, NIGHTLY)).toEqual(NOTHING);
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
    expect(await tick(stage, text)).toEqual(NOTHING);
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
  it('comes again for the target that could not be read, and not for the one that could', async () => {
    const stage = await stageWithTwo();
    const { registry, clock, newId, logger } = stage.ports;
    const targets = ['acme/services', 'acme/tools'].map((prefix) => ({ host: stage.registry.host, prefix }));
    let isDown = true;
    const flaky: DispatchPorts['registry'] = {
      ...registry,
      catalog: async (target) =>
        isDown && target.prefix === 'acme/tools'
          ? { completeness: { kind: 'incomplete', reason: '503' }, repositories: [] }
          : registry.catalog(target),
    };
    const { ledger, publisher } = stage;
    const ports = { registry: flaky, clock, newId, logger, ledger, publisher, workTopic: 'work' };
    const told = async () =>
      (await dispatch({ ...ports, policies: policyReader(NIGHTLY) }, targets)).repositories;
    expect(await told()).toEqual([stage.name]);
    expect(await told()).toEqual([]);
    isDown = false;
    expect(await told()).toEqual([`${stage.registry.host}/acme/tools/cli`]);
    expect(await told()).toEqual([]);
  });

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

/** Policies whose clock, and that of the dispatcher, a test sets to any moment. */
function at(stage: Stage, atMs: number): void {
  stage.setDaysAgo((NOW_MS - atMs) / DAY_MS);
}

describe('a schedule over weeks', () => {
  /** Ticks every half hour from one moment up to another and tells when something was due. */
  async function ticksBetween(
    stage: Stage,
    text: string,
    fromMs: number,
    untilMs: number,
  ): Promise<string[]> {
    const found: string[] = [];
    for (let nowMs = fromMs; nowMs < untilMs; nowMs += 30 * MINUTE_MS) {
      at(stage, nowMs);
      const { due } = await tick(stage, text, { registry: onlyOne(stage) });
      if (due.length > 0) found.push(new Date(nowMs).toISOString().slice(0, 16));
    }
    return found;
  }

  const onlyOne = (stage: Stage): DispatchPorts['registry'] => ({
    ...stage.ports.registry,
    catalog: async () => ({ completeness: { kind: 'complete' }, repositories: [stage.name] }),
  });
  const berlin = NIGHTLY.replace('"0 3 * * *" }', '"30 2 * * *", timeZone: Europe/Berlin }');

  it.each([
    [
      'clocks go forward and skip the time',
      '2026-03-28T00:00Z',
      ['2026-03-28T01:30', '2026-03-29T01:30', '2026-03-30T00:30'],
    ],
    [
      'clocks go back and repeat the time',
      '2026-10-24T00:00Z',
      ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30'],
    ],
  ])('runs once each night while %s', async (_what, from, expected) => {
    const stage = await setStage();
    const fromMs = Date.parse(from);
    await stage.ledger.claimTick('services', fromMs - 12 * 3_600_000);
    expect(await ticksBetween(stage, berlin, fromMs, fromMs + 3 * DAY_MS)).toEqual(expected);
  });

  it('makes up for a week without a dispatcher once', async () => {
    const stage = await setStage();
    await tick(stage, NIGHTLY, { registry: onlyOne(stage) });
    const found = await ticksBetween(stage, NIGHTLY, NOW_MS + 7.5 * DAY_MS, NOW_MS + 9.5 * DAY_MS);
    expect(found).toEqual(['2026-02-07T15:00', '2026-02-08T03:00', '2026-02-09T03:00']);
  });
});

describe('pushes', () => {
  const onPush = (more = '') =>
    NIGHTLY.replace(/schedule:.*/, `onPush: { settle: 10m, atMost: 1h }${more === '' ? '' : `\n${more}`}`);
  const minutes = (count: number): number => NOW_MS + count * MINUTE_MS;

  /** What each tick told, every five minutes, while the repository is pushed to at these minutes. */
  async function toldWhile(stage: Stage, pushed: readonly number[], text = onPush()): Promise<number[]> {
    const told: number[] = [];
    for (let minute = 0; minute <= 120; minute += 1) {
      at(stage, minutes(minute));
      if (pushed.includes(minute)) await mark(stage);
      if (minute % 5 !== 0) continue;
      if ((await tick(stage, text)).pushed.length > 0) told.push(minute);
    }
    return told;
  }

  async function mark(stage: Stage, repository = stage.name): Promise<void> {
    const data = JSON.stringify({ action: 'INSERT', digest: `${repository}@sha256:${'a'.repeat(64)}` });
    const { ledger, publisher, ports } = stage;
    await recordImageEvent(
      {
        ledger,
        publisher,
        deadLetterTopic: 'dead',
        logger: ports.logger,
        markPush: createPushMarker(ledger, ports.clock),
      },
      { messageId: randomUUID(), publishedAtMs: ports.clock(), data, attributes: {} },
    );
  }

  it('are followed by one run once they have settled', async () => {
    const stage = await setStage();
    expect(await toldWhile(stage, [0, 3, 8])).toEqual([20]);
    expect(parseWork(stage.published[0]?.data ?? '')).toMatchObject({
      repository: stage.name,
      trigger: 'push',
      policies: ['services'],
    });
    expect(await stage.ledger.pushMarks(10)).toEqual([]);
  });

  it('that never settle are followed by a run at the latest time, and by one more when they do', async () => {
    const stage = await setStage();
    const always = Array.from({ length: 80 }, (_, minute) => minute);
    expect(await toldWhile(stage, always)).toEqual([60, 95]);
  });

  it('that come while the run works mark the repository anew', async () => {
    const stage = await setStage();
    expect(await toldWhile(stage, [0, 16])).toEqual([15, 30]);
  });

  it('of one minute, ten thousand of them, write one mark and give one run', async () => {
    const stage = await setStage();
    let written = 0;
    const markPush = createPushMarker(
      {
        async markPush(one) {
          written += 1;
          await stage.ledger.markPush(one);
        },
      },
      stage.ports.clock,
    );
    await Promise.all(Array.from({ length: 10_000 }, () => markPush(stage.name)));
    expect(written).toBe(1);
    at(stage, minutes(15));
    expect((await tick(stage, onPush())).pushed).toEqual([stage.name]);
    at(stage, minutes(20));
    expect(await tick(stage, onPush())).toEqual(NOTHING);
    expect(stage.published).toHaveLength(1);
  });

  it('of a repository with several policies wait for the longest settling and name all of them', async () => {
    const stage = await setStage();
    const slow = onPush().replace('policy: services', 'policy: slow').replace('10m', '30m');
    expect(await toldWhile(stage, [0], `${onPush()}---\n${slow}`)).toEqual([35]);
    expect(stage.published.map(({ data }) => parseWork(data).policies)).toEqual([['services', 'slow']]);
  });

  it('before a scheduled run that their policies are in need no other', async () => {
    const stage = await setStage();
    await stage.push('api', ['v1'], 0);
    at(stage, minutes(2));
    await tick(stage, onPush('schedule: { cron: "0 3 * * *" }'));
    at(stage, minutes(30));
    expect(await tick(stage, onPush())).toEqual(NOTHING);
    expect(stage.published.map(({ data }) => parseWork(data).trigger)).toEqual(['schedule']);
  });

  it('set nothing going where no policy asks for it, or outside the targets, and are forgotten', async () => {
    const stage = await setStage();
    await mark(stage);
    await mark(stage, 'gcr.io/stranger/api');
    at(stage, minutes(30));
    expect(await tick(stage, NIGHTLY, { registry: nobody(stage) })).toMatchObject({ pushed: [] });
    expect(await stage.ledger.pushMarks(10)).toEqual([]);
  });

  const nobody = (stage: Stage): DispatchPorts['registry'] => ({
    ...stage.ports.registry,
    catalog: async () => ({ completeness: { kind: 'complete' }, repositories: [] }),
  });

  it('are not lost where their message was not published', async () => {
    const stage = await setStage();
    await mark(stage);
    at(stage, minutes(15));
    const publish = async (): Promise<never> => {
      throw new Error('503');
    };
    await expect(tick(stage, onPush(), { publisher: { publish } })).rejects.toThrow('503');
    expect((await tick(stage, onPush())).pushed).toEqual([stage.name]);
  });
});

describe('several dispatchers', () => {
  it('at once publish each message once', async () => {
    const stage = await stageWithTwo();
    const all = await Promise.all(Array.from({ length: 8 }, () => tick(stage, NIGHTLY)));
    expect(all.filter(({ repositories }) => repositories.length > 0)).toHaveLength(1);
    expect(all.filter(({ busyUntilMs }) => busyUntilMs !== null).length).toBeGreaterThan(0);
    expect(stage.published).toHaveLength(2);
  });

  it.each(['after half of its messages', 'after all of its messages, before it wrote that down'])(
    'lose nothing where one was killed %s',
    async (when) => {
      const stage = await stageWithTwo();
      await stage.ledger.markPush(pushMark(stage.name, NOW_MS - DAY_MS, PUSH_STRETCH));
      const never = new Promise<never>(() => {});
      let reached = (): void => {};
      const stands = new Promise<void>((resolve) => {
        reached = resolve;
      });
      const stop = async (): Promise<never> => {
        reached();
        return never;
      };
      let count = 0;
      const publisher: Stage['publisher'] = {
        async publish(...message) {
          count += 1;
          if (when.includes('half') && count === 2) await stop();
          await stage.publisher.publish(...message);
        },
      };
      // It never gets further than here, and never gives its lease back: as if it had been killed.
      void tick(stage, NIGHTLY, { publisher, ledger: { ...stage.ledger, claimTick: stop } });
      await stands;
      expect(await tick(stage, NIGHTLY)).toMatchObject({ repositories: [], busyUntilMs: expect.any(Number) });
      at(stage, NOW_MS + 5 * MINUTE_MS);
      expect((await tick(stage, NIGHTLY)).repositories).toHaveLength(2);
      expect(await tick(stage, NIGHTLY)).toEqual(NOTHING);
    },
  );
});

describe('a dispatcher that stands still', () => {
  it('past its lease leaves everything to the one that took over', async () => {
    const stage = await stageWithTwo();
    const other: unknown[] = [];
    const registry: DispatchPorts['registry'] = {
      ...stage.ports.registry,
      async catalog(target) {
        at(stage, NOW_MS + 10 * MINUTE_MS);
        other.push((await tick(stage, NIGHTLY)).repositories);
        return stage.ports.registry.catalog(target);
      },
    };
    const publish: Stage['publisher']['publish'] = async () => {
      throw new Error('it published though it had lost its lease');
    };
    const stood = tick(stage, NIGHTLY, { registry, publisher: { publish } });
    await expect(stood).rejects.toMatchObject({ code: 'DISPATCH_OVERTAKEN' });
    expect(other).toEqual([expect.arrayContaining([stage.name])]);
    expect(stage.published).toHaveLength(2);
  });
});

describe('a run that was killed', () => {
  async function killedRun(stage: Stage, repository: Repository): Promise<void> {
    const name = `${repository.host}/${repository.name}`;
    const taken = await stage.ledger.acquireLease(name, 'killed', NOW_MS - LEASE_MS, NOW_MS - 1);
    expect(taken.kind).toBe('taken');
    await stage.ledger.saveRun({
      version: 1,
      id: 'killed',
      repository: name,
      planId: `sha256:${'0'.repeat(64)}`,
      startedAtMs: NOW_MS - LEASE_MS,
      finishedAtMs: null,
      trigger: 'schedule',
      mode: 'apply',
      due: ['services'],
      kept: 1,
      toDelete: 1,
      outcomes: {},
      refusal: null,
    });
  }

  it('is continued once, with the policies that it was made for', async () => {
    const stage = await setStage();
    await killedRun(stage, stage.repository);
    const text = NIGHTLY.replace(/schedule:.*\n/, '');
    expect(await tick(stage, text)).toMatchObject({ repositories: [stage.name], unfinished: [stage.name] });
    expect(parseWork(stage.published[0]?.data ?? '')).toMatchObject({
      repository: stage.name,
      trigger: 'schedule',
      policies: ['services'],
    });
    expect(await tick(stage, text)).toEqual(NOTHING);
  });

  it('outside the targets is left to whoever began it', async () => {
    const stage = await setStage();
    await killedRun(stage, { host: 'gcr.io', name: 'stranger/api' });
    expect(await tick(stage, NIGHTLY)).toMatchObject({ unfinished: [] });
    expect(stage.published).toEqual([]);
  });
});
