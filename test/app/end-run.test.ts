import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CleanPorts, cleanRepository } from '../../shared/app/clean-repository.ts';
import type { Run } from '../../shared/core/journal.ts';
import type { RunNotification } from '../../shared/core/run-notification.ts';
import type { Ledger } from '../../shared/ports.ts';
import { isValid } from '../support/json-schema.ts';
import { POLICY, policyReader, type Stage, setStage } from './stage.ts';

const TOPIC = 'projects/acme/topics/notifications';
const SCHEMA = JSON.parse(
  readFileSync(new URL('../../docs/schemas/run.schema.json', import.meta.url), 'utf8'),
);

/** Runs the stage's repository as the deployed function does. */
function clean(stage: Stage, more: Partial<CleanPorts> = {}, text = POLICY) {
  const { publisher } = stage;
  return cleanRepository(
    { ...stage.ports, policies: policyReader(text), notifications: { publisher, topic: TOPIC }, ...more },
    {
      repository: stage.repository,
      trigger: 'schedule',
      deleting: new Set(['services']),
      untilMs: null,
      isStopped: () => false,
      onPlan: () => {},
      onOutcome: () => {},
    },
  );
}

function toldOf(stage: Stage): readonly RunNotification[] {
  return stage.published.filter(({ topic }) => topic === TOPIC).map(({ data }) => JSON.parse(data));
}

async function stageWithOldImage(): Promise<Stage> {
  const stage = await setStage();
  await stage.push('old', ['pr-1'], 40);
  await stage.push('new', ['v1'], 1);
  return stage;
}

/** The stage's ledger, which fails at the first run that is saved as ended after something was applied. */
function failingAtTheEnd(stage: Stage): Ledger {
  let isFirst = true;
  return {
    ...stage.ledger,
    async saveRun(run: Run, ...lease) {
      if (run.mode === 'apply' && run.finishedAtMs !== null && isFirst) {
        isFirst = false;
        throw new Error('the process was killed');
      }
      await stage.ledger.saveRun(run, ...lease);
    },
  };
}

describe('the end of a run', () => {
  it('is told in one message of the documented form, what was planned and what was done', async () => {
    const stage = await stageWithOldImage();
    await clean(stage);
    const told = toldOf(stage);
    expect(told).toMatchObject([
      { kind: 'planned', repository: stage.name, kept: 1, toDelete: 1, outcomes: {}, reason: null },
      {
        kind: 'applied',
        repository: stage.name,
        kept: 1,
        toDelete: 1,
        outcomes: { deleted: 2 },
        reason: null,
      },
    ]);
    expect(told.filter((message) => !isValid(SCHEMA, message))).toEqual([]);
    expect(isValid(SCHEMA, { ...told[0], more: 1 })).toBe(false);
    expect(stage.published.find(({ topic }) => topic === TOPIC)?.attributes).toEqual({
      type: 'run',
      kind: 'planned',
      repository: stage.name,
      trigger: 'schedule',
    });
  });

  it('is told as refused, with the reason, where limits stand in the way', async () => {
    const stage = await stageWithOldImage();
    await clean(
      stage,
      {},
      POLICY.replace('limits: { share: 100%, mayEmpty: true }', 'limits: { share: 1% }'),
    );
    const told = toldOf(stage);
    expect(told).toMatchObject([
      { kind: 'refused', toDelete: 1, reason: expect.stringContaining('allows 1 % a run') },
    ]);
    expect(told.filter((message) => !isValid(SCHEMA, message))).toEqual([]);
  });

  it('is told by the next run of the repository where the topic took nothing', async () => {
    const stage = await stageWithOldImage();
    const publish = async (): Promise<never> => {
      throw new Error('503');
    };
    const { result } = await clean(stage, { notifications: { publisher: { publish }, topic: TOPIC } });
    expect(result?.results.map(({ outcome }) => outcome.kind)).toEqual(['deleted', 'deleted']);
    expect(toldOf(stage)).toEqual([]);
    const untold = (await stage.ledger.runs({ limit: 9 })).filter((run) => run.untold === true);
    expect(untold.map(({ mode }) => mode).sort()).toEqual(['apply', 'plan']);
    await clean(stage);
    expect(new Set(toldOf(stage).map(({ runId }) => runId))).toEqual(
      new Set((await stage.ledger.runs({ limit: 9 })).map(({ id }) => id)),
    );
    expect((await stage.ledger.runs({ limit: 9 })).some((run) => run.untold === true)).toBe(false);
  });

  it('is told again by the next run where it was told and could not be written down', async () => {
    const stage = await stageWithOldImage();
    await clean(stage, { ledger: failingAtTheEnd(stage) });
    await clean(stage);
    const [applied] = toldOf(stage).filter(({ kind }) => kind === 'applied');
    const again = toldOf(stage).filter(({ runId }) => runId === applied?.runId);
    expect(again).toMatchObject([
      { kind: 'applied', outcomes: { deleted: 2 }, reason: null },
      { kind: 'applied', outcomes: { deleted: 2 }, reason: 'interrupted' },
    ]);
  });

  it('is told by the next run where the process was killed before it could tell', async () => {
    const stage = await stageWithOldImage();
    // Never answers once the run has something to tell: the process goes no further.
    const publish: Stage['publisher']['publish'] = async (topic, data, attributes) =>
      data.includes('"applied"')
        ? await new Promise<never>(() => {})
        : stage.publisher.publish(topic, data, attributes);
    const asked = new Promise<void>((resolve) => {
      void clean(stage, {
        notifications: {
          publisher: {
            publish(...message) {
              if (message[1].includes('"applied"')) resolve();
              return publish(...message);
            },
          },
          topic: TOPIC,
        },
      });
    });
    await asked;
    // Its lease has ended by then.
    stage.setDaysAgo(-1);
    await clean(stage);
    expect(toldOf(stage).filter(({ kind }) => kind === 'applied')).toMatchObject([
      { outcomes: { deleted: 2 }, reason: 'interrupted' },
    ]);
  });
});
