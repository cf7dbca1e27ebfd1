import { describe, expect, it } from 'vitest';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import type { ApplyPorts } from '../../shared/app/apply-request.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { dayOf } from '../../shared/core/day-ranges.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { parsePlan } from '../../shared/core/plan-file.ts';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import { applyRequest, NOW_MS, planRequest, type Stage, setStage } from './stage.ts';

const TODAY = dayOf(NOW_MS);
const MINUTES = MINUTE_MS / DAY_MS;

const POLICY = `
apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
mode: enforce
limits: { share: 100%, mayEmpty: true }
delete:
  - forgotten: { notPulledFor: 20d }
  - scratch: { tags: { glob: "tmp-*" }, olderThan: 1d }
`;

/** Two images that nobody pulled for long, and one that is pulled and goes all the same. */
async function forgotten(): Promise<{ stage: Stage; plan: Plan; digests: readonly string[] }> {
  const stage = await setStage();
  const first = await stage.push('first', ['v1'], 90);
  const second = await stage.push('second', ['v2'], 90);
  await stage.push('scratch', ['tmp-1'], 90);
  await stage.ledger.recordPullEvidence('acme', [[TODAY - 40, TODAY]]);
  await stage.ledger.recordDrained([[TODAY - 40, TODAY]]);
  await stage.ledger.recordPulls(stage.name, [{ reference: 'tmp-1', days: [[TODAY - 1, TODAY - 1]] }]);
  const plan = await planTarget(
    stage.ports,
    { host: stage.registry.host, prefix: 'acme' },
    planRequest(POLICY),
  );
  return {
    stage,
    plan: parsePlan(JSON.stringify(plan), 'plan.json'),
    digests: [first.digest, second.digest],
  };
}

async function deletes(stage: Stage, plan: Plan, ports: Partial<ApplyPorts> = {}): Promise<string[]> {
  const [result] = await applyPlan({ ...stage.ports, ...ports }, plan, applyRequest());
  if (result?.refusal != null) return [result.refusal];
  return (result?.results ?? [])
    .filter(({ step }) => step.kind === 'delete')
    .map(({ outcome }) =>
      outcome.kind === 'skipped' ? `${outcomeLabel(outcome)}: ${outcome.detail}` : outcomeLabel(outcome),
    )
    .sort();
}

describe('what was pulled between plan and apply', () => {
  it('is nothing where no pull is recorded since, and costs no look at the history', async () => {
    const { stage, plan } = await forgotten();
    const { historyFacts } = stage.ledger;
    let looks = 0;
    const ledger = {
      ...stage.ledger,
      historyFacts: (repository: string) => {
        looks += 1;
        return historyFacts(repository);
      },
    };
    expect(await deletes(stage, plan, { ledger })).toEqual(Array(3).fill('deleted'));
    // At the run's end, for tags that were lost.
    expect(looks).toBe(1);
  });

  it('stays, by its digest as by its tag, and a pull that came late counts too', async () => {
    const { stage, plan, digests } = await forgotten();
    await stage.ledger.recordPulls(stage.name, [
      { reference: digests[0] ?? '', days: [[TODAY, TODAY]] },
      { reference: 'v2', days: [[TODAY - 1, TODAY - 1]] },
    ]);
    expect(await deletes(stage, plan)).toEqual([
      'deleted',
      'skipped: in use: it was pulled on 2026-01-30',
      'skipped: in use: it was pulled on 2026-01-31',
    ]);
  });

  it('is no news where the plan knew that day', async () => {
    const { stage, plan } = await forgotten();
    await stage.ledger.recordPulls(stage.name, [
      { reference: 'tmp-1', days: [[TODAY - 5, TODAY - 1]] },
      { reference: 'v9', days: [[TODAY, TODAY]] },
    ]);
    expect(await deletes(stage, plan)).toEqual(Array(3).fill('deleted'));
  });

  it('is looked for every ten minutes, and ends the run where it is not known any more', async () => {
    const { stage, plan } = await forgotten();
    let looks = 0;
    const ledger: typeof stage.ledger = {
      ...stage.ledger,
      pullRecording: async (project) => {
        looks += 1;
        return looks === 1 ? stage.ledger.pullRecording(project) : { evidence: [], drained: [] };
      },
    };
    const [result] = await applyPlan(
      { ...stage.ports, ledger, concurrency: 1 },
      plan,
      applyRequest({ onOutcome: () => stage.setDaysAgo(-11 * MINUTES) }),
    );
    expect(result?.refusal).toBe('What is pulled could not be read again: pulls are not recorded');
    expect(stage.registry.requests['DELETE manifests']).toBe(1);
  });
});
