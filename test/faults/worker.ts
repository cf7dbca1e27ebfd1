import { createRegistryDeleter, createRegistryReader } from '../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { createTransport } from '../../shared/adapters/registry/transport.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import type { ApplyPorts } from '../../shared/app/apply-request.ts';
import { planOne } from '../../shared/app/plan-target.ts';
import { WardenError } from '../../shared/core/error.ts';
import { known } from '../../shared/core/fact.ts';
import type { Intent } from '../../shared/core/journal.ts';
import type { Plan } from '../../shared/core/plan.ts';
import type { PolicySet } from '../../shared/core/policy.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import type { Repository } from '../../shared/core/reference.ts';
import type { Ledger, TagKeeper, UsageReader } from '../../shared/ports.ts';
import { stepText, type Told } from './event.ts';
import type { Life } from './life.ts';
import type { LedgerFault, Schedule } from './schedule.ts';

/** Requests that one process has under way. */
export const CONCURRENCY = 3;

/** The policy of all cases, with the limits of one. */
export function policyOf({
  limits,
  perDayScope,
  quarantineDays,
}: Pick<Schedule, 'limits' | 'perDayScope' | 'quarantineDays'>): PolicySet {
  const most = `perDay: ${limits.perDay}`;
  const scoped = perDayScope === 'policy' ? most : `${perDayScope}: { ${most} }`;
  const perDay = limits.perDay === null ? '' : `, ${scoped}`;
  const waiting =
    quarantineDays === null ? '' : `, quarantine: ${quarantineDays}d, quarantineWithout: [pulls, inUse]`;
  const text = `
apiVersion: gcr-warden/v1
policy: everything
repositories: ["**"]
mode: enforce
limits: { digests: ${limits.digests}, share: 100%${perDay} }
keep:
  - stable: { tags: { exact: stable } }
  - running: { inUse: true }
delete:
  - untagged: { untaggedFor: 7d }
  - pull-requests: { tags: { glob: "pr-*" }, olderThan: 14d${waiting} }
`;
  return parsePolicyFile({ file: 'everything.yaml', text, gitRevision: known('0f1e2d3c4b5a') });
}

/** What a process under test is given. */
export interface WorkerSetting {
  readonly repository: Repository;
  readonly life: Life;
  readonly ledger: Ledger;
  readonly usage: UsageReader;
  readonly clock: () => number;
  /** Waits without waiting: moves the clock. */
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly policies: PolicySet;
  readonly ledgerFaults: readonly LedgerFault[];
  readonly tell: (event: Told) => void;
  /** Puts lost tags back; null where nobody can. */
  readonly tags: TagKeeper | null;
  /** Puts a fault of the program itself in its place, for tests of the checker. */
  readonly plant?: (ports: ApplyPorts) => ApplyPorts;
  readonly plantPlan?: (plan: Plan) => Plan;
}

/** Plans and applies once, as a function's run does. Never settles where the process died on the way. */
export async function work(setting: WorkerSetting): Promise<Plan> {
  const { life, repository, clock, sleep, policies } = setting;
  const ledger = mortalLedger(setting);
  const transport = createTransport({
    clock,
    sleep,
    random: () => 0,
    concurrency: { global: CONCURRENCY, perHost: CONCURRENCY },
    attemptsMax: 3,
    userAgent: life.name,
    paceOf: () => null,
  });
  const client = { transport, credentials: fixedCredentials({}), clock };
  let ids = 0;
  const honest: ApplyPorts = {
    registry: createRegistryReader({ ...client, laneCount: CONCURRENCY, manifestCache: ledger }),
    deleter: createRegistryDeleter(client),
    ledger,
    usage: setting.usage,
    clock,
    newId: () => {
      ids += 1;
      return `${life.name}-${ids}`;
    },
    logger: { log: () => {} },
    concurrency: CONCURRENCY,
    ...(setting.tags === null ? {} : { tags: mortalKeeper(setting.tags, life) }),
  };
  const ports = setting.plant?.(honest) ?? honest;
  try {
    const request = { policies, scope: 'enforced', trigger: 'schedule', deleting: null } as const;
    const planned = await planOne(ports, repository, request);
    const plan = setting.plantPlan?.(planned) ?? planned;
    await applyPlan(ports, plan, {
      trigger: 'schedule',
      untilMs: null,
      isStopped: () => false,
      onOutcome: () => {},
    });
    return plan;
  } finally {
    await transport.close();
  }
}

/** The ledger as a process sees it that can die before and after each call, and whose calls can fail. */
function mortalLedger({ ledger, life, ledgerFaults, tell }: WorkerSetting): Ledger {
  let calls = 0;
  return new Proxy(ledger, {
    get(of, name) {
      const method: unknown = Reflect.get(of, name);
      if (typeof method !== 'function') return method;
      return async (...given: unknown[]) => {
        calls += 1;
        const fault = ledgerFaults.find(({ call }) => call === calls);
        await life.boundary();
        if (fault?.kind === 'refuses') throw lost(String(name));
        if (fault?.kind === 'is slow') await new Promise((resolve) => setTimeout(resolve, 5));
        const answer: unknown = await method.apply(of, given);
        if (name === 'writeIntents') {
          const steps = (given[0] as readonly Intent[]).map(({ step }) => ({
            text: stepText(step),
            digest: step.digest,
          }));
          tell({ kind: 'intended', by: life.name, steps });
        }
        await life.boundary();
        if (fault !== undefined && fault.kind !== 'is slow') throw lost(String(name));
        return answer;
      };
    },
  });
}

function mortalKeeper(tags: TagKeeper, life: Life): TagKeeper {
  return {
    keeps: (repository) => tags.keeps(repository),
    async createTag(repository, tag, digest) {
      await life.boundary();
      const made = await tags.createTag(repository, tag, digest);
      await life.boundary();
      return made;
    },
  };
}

function lost(name: string): WardenError {
  return new WardenError('LEDGER_UNAVAILABLE', `the ledger did not answer ${name}`, { retryable: true });
}
