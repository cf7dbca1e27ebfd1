import { describe, expect, it, onTestFinished } from 'vitest';
import { cleanHandler } from '../../functions/handlers/clean.ts';
import { serveFunction } from '../../local/function-server.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import { formatWork, type Work } from '../../shared/core/work.ts';
import { NOW_MS, POLICY, policyReader, type Stage, setStage } from '../app/stage.ts';
import { post, pushBody } from './stage.ts';

const BUDGET_MS = 7 * MINUTE_MS;

/** Serves `clean`, in which each deletion of a digest takes so long. */
async function serveClean(stage: Stage, deletionMs: number): Promise<string> {
  let spentMs = 0;
  const { deleter } = stage.ports;
  const open = async () => ({
    ...stage.ports,
    concurrency: 1,
    deleter: {
      ...deleter,
      deleteDigest: async (...call: Parameters<typeof deleter.deleteDigest>) => {
        const reply = await deleter.deleteDigest(...call);
        spentMs += deletionMs;
        stage.setDaysAgo(-spentMs / DAY_MS);
        return reply;
      },
    },
    policies: policyReader(POLICY),
    publisher: stage.publisher,
    deadLetterTopic: 'dead',
    workTopic: 'work',
    targets: [parseTarget(`${stage.registry.host}/acme`)],
  });
  const served = await serveFunction('clean', cleanHandler(stage.ports.logger, open, BUDGET_MS), 0);
  onTestFinished(() => served.close());
  return served.url;
}

function workOf(stage: Stage): Work {
  return {
    version: 1,
    repository: stage.name,
    trigger: 'schedule',
    policies: ['services'],
    scheduledAtMs: NOW_MS,
  };
}

describe('a run whose time is over', () => {
  it('leaves the rest to the next message, which is the same work, until nothing is left', async () => {
    const stage = await setStage();
    for (const number of [1, 2, 3, 4, 5]) await stage.push(`old ${number}`, [`pr-${number}`], 30);
    const url = await serveClean(stage, 4 * MINUTE_MS);
    let data = formatWork(workOf(stage));
    const left: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await post(url, pushBody(data))).toBe(204);
      left.push(Object.keys(await stage.standing()).length);
      const next = stage.published.at(turn);
      if (next === undefined) break;
      expect(next).toMatchObject({ topic: 'work', data: formatWork(workOf(stage)) });
      data = next.data;
    }
    expect(left).toEqual([3, 1, 0]);
    expect(stage.published).toHaveLength(2);
    expect(await stage.ledger.openIntents(stage.name)).toEqual([]);
  });

  it('leaves it to the next tick where nothing could be done: the same would come round for ever', async () => {
    const stage = await setStage({ dialect: { immutableTags: true } });
    await stage.push('old', ['pr-1'], 30);
    const url = await serveClean(stage, 0);
    expect(await post(url, pushBody(formatWork(workOf(stage))))).toBe(204);
    expect(stage.published).toEqual([]);
  });
});
