import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApplyPorts } from '../../shared/app/apply-request.ts';
import type { Digest } from '../../shared/core/digest.ts';
import type { Plan, Step } from '../../shared/core/plan.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Ledger } from '../../shared/ports.ts';
import { openTheatre, type Planted, playCase, type Theatre } from './case.ts';
import { violations } from './checker.ts';
import type { RequestFault } from './gateway.ts';
import type { Life } from './life.ts';
import { type OthersAct, type Schedule, scheduleOf } from './schedule.ts';

let theatre: Theatre;
beforeAll(async () => {
  theatre = await openTheatre();
});
afterAll(() => theatre.close());

/** Cases that are tried with each fault, at most; those that can't show it are passed over. */
const CASES_MAX = 5_000;

/** Whether some case shows a planted fault, by a complaint of this form. */
async function isCaught(
  plant: () => Planted,
  complaint: RegExp,
  canShow: (schedule: Schedule) => boolean,
): Promise<boolean> {
  for (let seed = 1; seed <= CASES_MAX; seed += 1) {
    const schedule = scheduleOf(seed);
    if (!canShow(schedule)) continue;
    const found = violations(await playCase(theatre, schedule, plant()));
    if (found.some((text) => complaint.test(text))) return true;
  }
  return false;
}

/** The ledger with some of its methods in another form. */
function withLedger(ports: ApplyPorts, methods: Partial<Ledger>): ApplyPorts {
  const ledger = new Proxy(ports.ledger, {
    get: (of, name) => Reflect.get(methods, name) ?? Reflect.get(of, name),
  });
  return { ...ports, ledger };
}

/** Takes tags away without looking where they point now. */
function blindTagDelete(): Planted {
  const planned = new Map<string, Digest>();
  return {
    plan(plan) {
      for (const step of plan.repositories.flatMap(({ steps }) => steps)) {
        if (step.kind === 'untag') planned.set(step.tag, step.digest);
      }
      return plan;
    },
    ports: (ports) => ({
      ...ports,
      registry: { ...ports.registry, resolveTag: async (_repository, tag) => planned.get(tag) ?? null },
    }),
  };
}

/** Deletes what an index points at before the index. */
function unorderedChildren(): Planted {
  const turned = (steps: readonly Step[]): readonly Step[] => [
    ...steps.filter(({ kind }) => kind === 'untag'),
    ...steps.filter(({ kind }) => kind === 'delete').reverse(),
  ];
  return {
    plan: (plan: Plan) => ({
      ...plan,
      repositories: plan.repositories.map((one) => ({ ...one, steps: turned(one.steps) })),
    }),
  };
}

function outcomeNotWritten(): Planted {
  return { ports: (ports) => withLedger(ports, { writeSettlements: async () => {} }) };
}

/** Takes a repository that another process works on. */
function doubleWorker(): Planted {
  return {
    ports: (ports) => {
      const { ledger } = ports;
      return withLedger(ports, {
        acquireLease: async (repository, holder, _nowMs, untilMs) => ({
          kind: 'taken',
          lease: { repository, holder, fencingToken: 1, untilMs },
        }),
        renewLease: async (lease, untilMs) => ({ ...lease, untilMs }),
        saveRun: (run) => ledger.saveRun(run),
        saveManifests: (manifests, untilMs) => ledger.saveManifests(manifests, untilMs),
        writeIntents: (intents) => ledger.writeIntents(intents),
        writeSettlements: (settlements) => ledger.writeSettlements(settlements),
        saveBlockages: (repository, all) => ledger.saveBlockages(repository, all),
        saveQuarantine: (repository, marks) => ledger.saveQuarantine(repository, marks),
      });
    },
  };
}

/** Counts what may go a day by itself. */
function limitPerWorker(): Planted {
  const taken = new Map<Life, number>();
  return {
    ports: (ports, life) =>
      withLedger(ports, {
        reserveDeletions: async (_policy, _day, wanted, max) => {
          const before = taken.get(life) ?? 0;
          const got = Math.min(wanted, (typeof max === 'number' ? max : await max()) - before);
          taken.set(life, before + got);
          return got;
        },
      }),
  };
}

/** Takes every listing for whole. */
function incompleteListingTrusted(): Planted {
  return {
    ports: (ports) => ({
      ...ports,
      registry: {
        ...ports.registry,
        list: async (repository) => ({
          ...(await ports.registry.list(repository)),
          completeness: { kind: 'complete' },
        }),
      },
    }),
  };
}

/** Takes what was marked for marked long ago. */
function quarantineCutShort(): Planted {
  return {
    ports: (ports) => {
      const { ledger } = ports;
      return withLedger(ports, {
        quarantine: async (repository) =>
          (await ledger.quarantine(repository)).map((mark) => ({
            ...mark,
            sinceMs: mark.sinceMs - 30 * DAY_MS,
          })),
      });
    },
  };
}

function befalls(schedule: Schedule, what: OthersAct): boolean {
  return schedule.shifts.some(({ incidents }) => incidents.some((one) => one.what === what));
}

function isFaulty(schedule: Schedule, fault: RequestFault): boolean {
  return schedule.shifts.some(({ requestFaults }) => [...requestFaults.values()].includes(fault));
}

/** Deletes what it can't bring back: what it keeps ends in the moment in which it is kept. */
function manifestsNotKept(): Planted {
  return {
    ports: (ports) =>
      withLedger(ports, {
        saveManifests: (manifests, _untilMs, lease) => ports.ledger.saveManifests(manifests, 1, lease),
      }),
  };
}

describe('the checker of the fault tests', () => {
  it.each<[string, () => Planted, RegExp, (schedule: Schedule) => boolean]>([
    [
      'a tag that is deleted blindly',
      blindTagDelete,
      /^tag pr-\S+ was taken from/,
      (schedule) => schedule.guard === 'google' && befalls(schedule, 'moves a tag'),
    ],
    [
      'children that go before their index',
      unorderedChildren,
      /was to be deleted while the index/,
      ({ guard, images }) => guard === 'google' && images.some(({ shape }) => shape === 'index'),
    ],
    ['an outcome that is not written', outcomeNotWritten, /has no outcome in the journal/, () => true],
    [
      'two processes at once',
      doubleWorker,
      /went on after \S+ had taken over/,
      ({ shifts }) => shifts.some(({ besideAt }) => besideAt !== null && besideAt < 60),
    ],
    ['manifests that are not kept', manifestsNotKept, /was deleted, and did not come back/, () => true],
    [
      'a limit that each process counts by itself',
      limitPerWorker,
      /and a day may take/,
      ({ limits }) => limits.perDay !== null,
    ],
    [
      'a quarantine that is cut short',
      quarantineCutShort,
      /which is in quarantine/,
      ({ guard, quarantineDays, images }) =>
        guard === 'google' &&
        quarantineDays !== null &&
        images.some(({ tags, daysOld }) => daysOld > 14 && tags.length === 1 && tags[0]?.startsWith('pr-')),
    ],
    [
      'a cut listing that passes for whole',
      incompleteListingTrusted,
      /was shown a cut listing/,
      (schedule) => schedule.guard === 'google' && isFaulty(schedule, 'cut listing'),
    ],
  ])(
    'catches %s',
    async (_fault, plant, complaint, canShow) => {
      expect(await isCaught(plant, complaint, canShow)).toBe(true);
    },
    600_000,
  );
});
