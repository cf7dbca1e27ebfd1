import { describe, expect, it } from 'vitest';
import { planOne } from '../../shared/app/plan-target.ts';
import { dayOf } from '../../shared/core/day-ranges.ts';
import { decisionSentence } from '../../shared/core/sentence.ts';
import { NOW_MS, planRequest, type Stage, setStage } from './stage.ts';

const TODAY = dayOf(NOW_MS);

const POLICY = `
apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
limits: { share: 100% }
delete:
  - forgotten: { notPulledFor: 20d }
`;

/** An old image that nobody pulled, one that was pulled by its tag, one that was pulled by digest, and a new one. */
async function pulledStage(): Promise<Stage> {
  const stage = await setStage();
  await stage.push('forgotten', ['v1'], 90);
  await stage.push('by tag', ['v2'], 90);
  const { digest } = await stage.push('by digest', ['v3'], 90);
  await stage.push('new', ['v4'], 5);
  await stage.ports.ledger.recordPulls(stage.name, [
    { reference: 'v2', days: [[TODAY - 9, TODAY - 9]] },
    { reference: digest, days: [[TODAY - 15, TODAY - 15]] },
  ]);
  return stage;
}

async function verdicts(stage: Stage): Promise<Record<string, string>> {
  const plan = await planOne(stage.ports, stage.repository, planRequest(POLICY));
  const decisions = plan.repositories[0]?.decisions ?? [];
  return Object.fromEntries(decisions.map((one) => [one.tags[0] ?? '', decisionSentence(one)]));
}

describe('a plan by a rule that asks for pulls', () => {
  it('deletes what was not pulled for long enough since pulls are recorded, and nothing else', async () => {
    const stage = await pulledStage();
    await stage.ports.ledger.recordPullEvidence('acme', [[TODAY - 40, TODAY]]);
    await stage.ports.ledger.recordDrained([[TODAY - 40, TODAY]]);
    const found = await verdicts(stage);
    expect(found['v1']).toContain('pulled 39 d 3 h ago at the latest (rule wants more than 20 d)');
    expect(
      Object.entries(found)
        .map(([tag, sentence]) => [tag, sentence.split(':')[0]])
        .sort(),
    ).toEqual([
      ['v1', 'would be deleted (mode'],
      ['v2', 'kept'],
      ['v3', 'kept'],
      ['v4', 'kept'],
    ]);
  });

  it('deletes nothing where recording began too late, was never seen, or has ended', async () => {
    const stage = await pulledStage();
    expect((await verdicts(stage))['v1']).toContain('pulls are not recorded');
    await stage.ports.ledger.recordDrained([[TODAY - 60, TODAY]]);
    await stage.ports.ledger.recordPullEvidence('acme', [[TODAY - 60, TODAY - 10]]);
    expect((await verdicts(stage))['v1']).toContain('pulls were last recorded on 2026-01-21');
    await stage.ports.ledger.recordPullEvidence('acme', [[TODAY - 5, TODAY]]);
    const late = await verdicts(stage);
    expect(late['v1']).toContain('only the latest that it can have been is known');
    expect(Object.values(late).every((sentence) => sentence.startsWith('kept'))).toBe(true);
  });
});
