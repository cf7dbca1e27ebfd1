import { messageOf } from '../../core/error.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import { outcomeLabel } from '../../core/journal.ts';
import type { PolicyEntry } from '../../core/policy-roster.ts';
import { SAMPLE_STANDS_MS } from '../../core/repository-sample.ts';
import { nextTime } from '../../core/schedule.ts';
import type { CoordinationLedger, EstateLedger, RunLedger } from '../../ports.ts';
import { REPOSITORIES_MAX } from './estate.ts';

/** What a policy did, as far back as the journal was read. */
export interface PolicyDeeds {
  /** Manifests that went. */
  readonly deleted: number;
  /** Of those, as listed. */
  readonly deletedBytes: number;
  /** Of those, how many have no size. */
  readonly unknownCount: number;
  /** Whatever else became of its steps, by label. */
  readonly others: Readonly<Record<string, number>>;
  readonly lastAtMs: number | null;
}

/** One policy: what it is, what it did, and what it will do next. */
export interface PolicyRow {
  readonly name: string;
  /** null where it is known from its deeds only: no run has read it for long. */
  readonly entry: PolicyEntry | null;
  /** Since when it is in `mode: plan`; null where it is not, or that is not known. */
  readonly planningSinceMs: number | null;
  readonly lastTickMs: number | null;
  /** null where it has no schedule. */
  readonly nextMs: Fact<number> | null;
  /** Artifacts that it would take, by the last sample of each repository in which it spoke. */
  readonly going: number;
  readonly goingRepositories: number;
  readonly deeds: PolicyDeeds;
}

/** All policies that the ledger knows of. */
export interface PoliciesView {
  readonly atMs: number;
  /** Sorted by name. */
  readonly policies: readonly PolicyRow[];
  /** How many steps `deeds` are counted from, the newest; and whether there are more. */
  readonly steps: number;
  readonly isAllSteps: boolean;
}

const STEPS_READ = 5_000;

/** Reads what policies did, and what they will do. */
export async function readPolicies(
  ledger: EstateLedger & RunLedger & CoordinationLedger,
  nowMs: number,
): Promise<PoliciesView> {
  const [roster, planning, ticks, journal, { series }] = await Promise.all([
    ledger.policyRoster(),
    ledger.planningSince(),
    ledger.lastTicks(),
    ledger.journal({ limit: STEPS_READ + 1 }),
    ledger.samples({ sinceMs: nowMs - SAMPLE_STANDS_MS, untilMs: nowMs, repositoriesMax: REPOSITORIES_MAX }),
  ]);
  const deeds = deedsOf(journal.slice(0, STEPS_READ));
  const entries = new Map(roster.map((entry) => [entry.name, entry]));
  const since = new Map(planning.map(({ policy, sinceMs }) => [policy, sinceMs]));
  const lastTicks = new Map(Object.entries(ticks));
  const going = new Map<string, { artifacts: number; repositories: number }>();
  for (const { samples } of series) {
    // A sample of a run in which a policy was not due says nothing of it.
    const spoken = samples.findLast(({ garbage }) => garbage.kind === 'known') ?? samples.at(-1);
    for (const [name, artifacts] of Object.entries(spoken?.goingBy ?? {})) {
      const so = going.get(name) ?? { artifacts: 0, repositories: 0 };
      going.set(name, { artifacts: so.artifacts + artifacts, repositories: so.repositories + 1 });
    }
  }
  const names = [...new Set([...entries.keys(), ...deeds.keys()])].sort();
  return {
    atMs: nowMs,
    policies: names.map((name) => {
      const entry = entries.get(name) ?? null;
      return {
        name,
        entry,
        planningSinceMs: since.get(name) ?? null,
        lastTickMs: lastTicks.get(name) ?? null,
        nextMs: entry === null ? null : nextOf(entry, nowMs),
        going: going.get(name)?.artifacts ?? 0,
        goingRepositories: going.get(name)?.repositories ?? 0,
        deeds: deeds.get(name) ?? NO_DEEDS,
      };
    }),
    steps: Math.min(journal.length, STEPS_READ),
    isAllSteps: journal.length <= STEPS_READ,
  };
}

const NO_DEEDS: PolicyDeeds = { deleted: 0, deletedBytes: 0, unknownCount: 0, others: {}, lastAtMs: null };

function nextOf({ schedule }: PolicyEntry, nowMs: number): Fact<number> | null {
  if (schedule === null) return null;
  try {
    return known(nextTime(schedule, nowMs));
  } catch (problem) {
    return unknown(messageOf(problem));
  }
}

/** A step that two policies allowed is counted with both. */
function deedsOf(journal: Awaited<ReturnType<RunLedger['journal']>>): ReadonlyMap<string, PolicyDeeds> {
  const all = new Map<string, PolicyDeeds>();
  for (const { intent, settlement } of journal) {
    const { step } = intent;
    const label = settlement === null ? 'interrupted' : outcomeLabel(settlement.outcome);
    for (const name of new Set(step.allowedBy.map(({ policy }) => policy))) {
      const so = all.get(name) ?? NO_DEEDS;
      const lastAtMs = Math.max(so.lastAtMs ?? 0, settlement?.atMs ?? intent.atMs);
      if (label !== 'deleted') {
        all.set(name, { ...so, others: { ...so.others, [label]: (so.others[label] ?? 0) + 1 }, lastAtMs });
      } else if (step.kind === 'untag') {
        all.set(name, { ...so, lastAtMs });
      } else {
        all.set(name, {
          ...so,
          deleted: so.deleted + 1,
          deletedBytes: so.deletedBytes + (step.sizeBytes ?? 0),
          unknownCount: so.unknownCount + (step.sizeBytes === null ? 1 : 0),
          lastAtMs,
        });
      }
    }
  }
  return all;
}
