import { WardenError } from '../core/error.ts';
import type { HistoryFact } from '../core/history.ts';
import type { Intent, Settlement } from '../core/journal.ts';
import { type LedgerRecord, type Noun, parseLine } from '../core/ledger-record.ts';
import { type NotedDecision, splitNotes } from '../core/noted-decision.ts';
import type { AccessRecord, DecisionRecord, Ledger } from '../ports.ts';
import { mapConcurrently } from './concurrency.ts';

/** Records that are written together, or side by side. */
const BATCH_RECORDS = 5_000;

/** The text of a batch: what is kept of it in memory. */
const BATCH_CHARACTERS = 16_000_000;

/** Runs of one repository that are looked at for what is there already. */
const RUNS_MAX = 100_000;

type Of<N extends Noun> = Extract<LedgerRecord, { noun: N }>;

/** What was read, and what became of it. */
export interface ImportedLedger {
  readonly records: number;
  /** Records that replace others and were left out, because there was one already. */
  readonly kept: number;
}

/**
 * Reads an export into a ledger. What is there stays: of a record that replaces others (a run, last decisions, a
 * hold) the one that is there, of sets (events, facts, days, outcomes) both. So it may be done again, over the
 * whole of it or over what is left, whatever ended it before.
 * @throws WardenError LEDGER_EXPORT_INVALID where a line is none of an export, or the end is missing; what came
 * before is in the ledger then
 */
export async function importLedger(
  ledger: Ledger,
  lines: AsyncIterable<string>,
  concurrency: number,
): Promise<ImportedLedger> {
  const writing = writerOf(ledger, concurrency);
  let number = 0;
  let records = 0;
  let isBegun = false;
  let end: number | null = null;
  let batch: LedgerRecord[] = [];
  let characters = 0;
  const flush = async (): Promise<void> => {
    const [first] = batch;
    if (first !== undefined) await writing.write(first.noun, batch);
    batch = [];
    characters = 0;
  };
  for await (const text of lines) {
    number += 1;
    if (text === '') continue;
    if (end !== null) throw invalid(number, 'it comes after the end');
    const line = parseLine(text, number);
    if (line.kind === 'first') {
      if (isBegun) throw invalid(number, 'the export begins a second time');
      isBegun = true;
      continue;
    }
    if (!isBegun) throw invalid(number, 'the export has no first line');
    if (line.kind === 'last') {
      end = line.records;
      continue;
    }
    const isOther = batch[0] !== undefined && batch[0].noun !== line.record.noun;
    if (isOther || batch.length >= BATCH_RECORDS || characters + text.length > BATCH_CHARACTERS) {
      await flush();
    }
    batch.push(line.record);
    characters += text.length;
    records += 1;
  }
  await flush();
  writing.end();
  if (end !== records) {
    throw invalid(
      number,
      end === null
        ? `the export ends after ${records} records without its last line, and was cut`
        : `the export counts ${end} records, and has ${records}`,
    );
  }
  return { records, kept: writing.kept() };
}

function invalid(number: number, why: string): WardenError<'LEDGER_EXPORT_INVALID'> {
  return new WardenError('LEDGER_EXPORT_INVALID', `Line ${number} is no line of a ledger's export: ${why}.`);
}

interface Writer {
  write(noun: Noun, batch: readonly LedgerRecord[]): Promise<void>;
  /** Throws where something began and did not end. */
  end(): void;
  kept(): number;
}

type Writers = {
  readonly [N in Noun]: (batch: readonly Of<N>[]) => Promise<void>;
};

function writerOf(ledger: Ledger, concurrency: number): Writer {
  let kept = 0;
  const parts: Of<'decisions'>[] = [];
  const each = async <T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> => {
    await mapConcurrently(all, concurrency, work);
  };
  /** Writes what is not there, asking once for each repository. */
  const missing = async <T>(
    all: readonly T[],
    repositoryOf: (one: T) => string,
    there: (repository: string) => Promise<(one: T) => boolean>,
    write: (one: T) => Promise<void>,
  ): Promise<void> => {
    for (const [repository, some] of Map.groupBy(all, repositoryOf)) {
      const isThere = await there(repository);
      const wanted = some.filter((one) => !isThere(one));
      kept += some.length - wanted.length;
      await each(wanted, write);
    }
  };

  const saveDecisions = async (all: readonly Of<'decisions'>[]): Promise<void> => {
    const [first] = all;
    if (first === undefined) return;
    if ((await ledger.lastDecisions(first.repository)) !== null) {
      kept += all.length;
      return;
    }
    await ledger.saveDecisions(
      first.repository,
      decisionRecord(
        first,
        all.flatMap(({ items }) => items),
      ),
    );
  };

  const writers: Writers = {
    event: (batch) =>
      each(batch, async ({ event }) => {
        await ledger.recordEvent(event);
      }),
    fact: async (batch) => {
      const byRepository = Map.groupBy(batch, ({ repository }) => repository);
      await each([...byRepository], async ([repository, some]) => {
        await ledger.recordObserved(
          repository,
          some.map(({ fact }): HistoryFact => fact),
        );
      });
    },
    run: (batch) =>
      missing(
        batch,
        ({ run }) => run.repository,
        async (repository) => {
          const ids = new Set((await ledger.runs({ repository, limit: RUNS_MAX })).map(({ id }) => id));
          return ({ run }) => ids.has(run.id);
        },
        ({ run }) => ledger.saveRun(run),
      ),
    step: async (batch) => {
      // Settled ones first: an intent without an outcome is open until there is one.
      for (const some of Map.groupBy(batch, ({ intent }) => intent.repository).values()) {
        await ledger.writeIntents(some.map(({ intent }): Intent => intent));
        const settlements = some.flatMap(({ settlement }): Settlement[] =>
          settlement === null ? [] : [settlement],
        );
        await ledger.writeSettlements(settlements);
      }
    },
    decisions: async (batch) => {
      for (const one of batch) {
        const [first] = parts;
        if (one.part !== parts.length || (first !== undefined && first.repository !== one.repository)) {
          throw brokenDecisions(one);
        }
        parts.push(one);
        if (parts.length === one.parts) await saveDecisions(parts.splice(0));
      }
    },
    manifest: async (batch) => {
      for (const [untilMs, some] of Map.groupBy(batch, (one) => one.untilMs ?? null)) {
        const manifests = some.map(({ manifest }) => manifest);
        await ledger.saveManifests(manifests, untilMs);
      }
    },
    restoration: (batch) =>
      missing(
        batch,
        ({ restoration }) => restoration.repository,
        async (repository) => {
          const ids = new Set((await ledger.restorations(repository)).map(({ id }) => id));
          return ({ restoration }) => ids.has(restoration.id);
        },
        ({ restoration }) => ledger.saveRestoration(restoration),
      ),
    lease: (batch) => each(batch, ({ noun: _, ...lease }) => ledger.restoreLease(lease)),
    tick: (batch) =>
      each(batch, async ({ policy, lastMs }) => {
        await ledger.claimTick(policy, lastMs);
      }),
    push: (batch) => each(batch, ({ noun: _, ...mark }) => ledger.markPush(mark)),
    planning: async (batch) => {
      const there = await ledger.planningSince();
      const names = new Set(there.map(({ policy }) => policy));
      const coming = batch.filter(({ policy }) => !names.has(policy)).map(({ noun: _, ...since }) => since);
      kept += batch.length - coming.length;
      if (coming.length > 0) await ledger.savePlanningSince([...there, ...coming]);
    },
    policy: async (batch) => {
      const there = await ledger.policyRoster();
      const names = new Set(there.map(({ name }) => name));
      const coming = batch.map(({ policy }) => policy).filter(({ name }) => !names.has(name));
      kept += batch.length - coming.length;
      if (coming.length === 0) return;
      const all = [...there, ...coming].sort((a, b) => (a.name < b.name ? -1 : 1));
      await ledger.savePolicyRoster(all);
    },
    hold: (batch) =>
      missing(
        batch,
        ({ hold }) => hold.repository,
        async (repository) => {
          const there = new Set(
            (await ledger.holds(repository)).flatMap((hold) =>
              hold.repository === repository ? JSON.stringify(subjectOf(hold.on)) : [],
            ),
          );
          return ({ hold }) => there.has(JSON.stringify(subjectOf(hold.on)));
        },
        ({ hold }) => ledger.saveHold(hold),
      ),
    'stop order': (batch) =>
      each(batch, async ({ order }) => {
        if ((await ledger.stopOrder()) !== null) kept += 1;
        else await ledger.saveStopOrder(order);
      }),
    // As many as were reserved, and none more where they are.
    reservation: (batch) =>
      each(batch, async ({ policy, day, reserved }) => {
        await ledger.reserveDeletions(policy, day, reserved, reserved);
      }),
    blockages: (batch) =>
      each(batch, async ({ repository, blockages }) => {
        if ((await ledger.blockages(repository)).length > 0) kept += 1;
        else await ledger.saveBlockages(repository, blockages);
      }),
    quarantine: (batch) =>
      each(batch, async ({ repository, marks }) => {
        if ((await ledger.quarantine(repository)).length > 0) kept += 1;
        else await ledger.saveQuarantine(repository, marks);
      }),
    sample: (batch) =>
      missing(
        batch,
        ({ repository }) => repository,
        async (repository) => {
          const { series } = await ledger.samples({
            repository,
            sinceMs: Math.min(...batch.map(({ sample }) => sample.atMs)),
            untilMs: Math.max(...batch.map(({ sample }) => sample.atMs)),
            repositoriesMax: 1,
          });
          const days = new Set(series.flatMap(({ samples }) => samples.map(({ atMs }) => dayOf(atMs))));
          return ({ sample }) => days.has(dayOf(sample.atMs));
        },
        // One after the other: those of a year are one document.
        ({ repository, sample }) => ledger.recordSample(repository, sample),
      ),
    pulls: (batch) => restoreDays('pulls', batch),
    uses: (batch) => restoreDays('uses', batch),
    deed: async (batch) => {
      const byRepository = Map.groupBy(batch, ({ repository }) => repository);
      await each([...byRepository], async ([repository, some]) => {
        await ledger.recordDeeds(
          repository,
          some.map(({ deed }) => deed),
        );
      });
    },
    findings: (batch) =>
      each(batch, async ({ project, atMs, findings, followed, access, stored = [] }) => {
        if ((await ledger.findings(project)) !== null) kept += 1;
        else {
          await ledger.saveFindings(project, {
            atMs,
            findings,
            followed,
            access: access as AccessRecord | null,
            stored,
          });
        }
      }),
  };

  async function restoreDays(noun: 'pulls' | 'uses', batch: readonly Of<'pulls' | 'uses'>[]): Promise<void> {
    const byName = Map.groupBy(batch, ({ of }) => of);
    await each([...byName], async ([of, some]) => {
      await ledger.restoreDays(
        noun,
        of,
        some.map(({ reference, days }) => ({ reference, days })),
      );
    });
  }

  return {
    async write(noun, batch) {
      // A batch is of one noun, which TypeScript can't see.
      await (writers[noun] as (all: readonly LedgerRecord[]) => Promise<void>)(batch);
    },
    end() {
      const [first] = parts;
      if (first !== undefined) throw brokenDecisions(first);
    },
    kept: () => kept,
  };
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** A subject with its fields in one order. */
function subjectOf(on: Of<'hold'>['hold']['on']): readonly string[] {
  return on.kind === 'digest' ? [on.kind, on.digest] : [on.kind, on.tag];
}

function decisionRecord({ head }: Of<'decisions'>, items: readonly unknown[]): DecisionRecord {
  return {
    ...(head as Omit<DecisionRecord, 'decisions' | 'notes'>),
    ...splitNotes(items as readonly NotedDecision[]),
  };
}

function brokenDecisions({ repository }: Of<'decisions'>): WardenError<'LEDGER_EXPORT_INVALID'> {
  return new WardenError(
    'LEDGER_EXPORT_INVALID',
    `The decisions of ${repository} in the export are not whole.`,
  );
}
