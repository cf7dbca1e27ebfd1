import type { DayRanges } from '../../../core/day-ranges.ts';
import type { PullLedger } from '../../../ports.ts';
import { DRAINED, evidenceOf } from '../pull-evidence.ts';
import { dayShards } from './day-shards.ts';
import type { Documents } from './documents.ts';

/** On which days what was pulled. */
export function pullLedger(documents: Documents): PullLedger {
  const shards = dayShards(documents, 'pulls');
  const daysOf = async (name: string): Promise<DayRanges> =>
    (await shards.read('pullRecording', name))[0]?.days ?? [];

  return {
    recordPulls: (repository, pulls) => shards.add('recordPulls', repository, pulls),
    pulls: (repository) => shards.read('pulls', repository),
    recordPullEvidence: (project, days) =>
      shards.add('recordPullEvidence', evidenceOf(project), [{ reference: 'days', days }]),
    recordDrained: (days) => shards.add('recordDrained', DRAINED, [{ reference: 'days', days }]),
    async pullRecording(project) {
      const [evidence, drained] = await Promise.all([daysOf(evidenceOf(project)), daysOf(DRAINED)]);
      return { evidence, drained };
    },
  };
}
