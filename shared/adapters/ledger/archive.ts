import { WardenError } from '../../core/error.ts';
import { DECISIONS_A_LINE, type LedgerRecord, type Noun } from '../../core/ledger-record.ts';
import { joinNotes } from '../../core/noted-decision.ts';
import type {
  Archived,
  CoordinationLedger,
  EstateLedger,
  FindingLedger,
  QuarantineLedger,
  RestraintLedger,
  RunLedger,
} from '../../ports.ts';

/** What is read as it is for anybody, name by name or at once. */
export type Readers = Pick<RunLedger, 'lastDecisions'> &
  Pick<RestraintLedger, 'blockages' | 'stopOrder'> &
  Pick<CoordinationLedger, 'lastTicks' | 'planningSince'> &
  Pick<EstateLedger, 'policyRoster'> &
  Pick<QuarantineLedger, 'quarantine'> &
  Pick<FindingLedger, 'findings' | 'auditedProjects'>;

type ReadNoun =
  | 'decisions'
  | 'blockages'
  | 'quarantine'
  | 'findings'
  | 'tick'
  | 'planning'
  | 'policy'
  | 'stop order';

/** What only the adapter can go through. */
export interface ArchiveSource {
  /** Repositories that have last decisions, blockages, or something in quarantine. */
  repositoriesWith(noun: 'decisions' | 'blockages' | 'quarantines'): AsyncIterable<string>;
  scan(noun: Exclude<Noun, ReadNoun>): AsyncIterable<Archived>;
}

function record(of: LedgerRecord): Archived {
  return { kind: 'record', record: of };
}

/** What can't be read: told, so that a look over the ledger finds the rest too. */
export function problemOf(thrown: unknown, place: string): Archived {
  if (!(thrown instanceof WardenError)) throw thrown;
  return { kind: 'problem', code: thrown.code, place, detail: thrown.message };
}

/** Everything of a ledger, noun by noun. */
export async function* archivedOf(
  readers: Readers,
  source: ArchiveSource,
  noun: Noun,
): AsyncIterable<Archived> {
  switch (noun) {
    case 'decisions':
      for await (const repository of source.repositoriesWith('decisions')) {
        yield* named(repository, async () => await decisionsOf(readers, repository));
      }
      return;
    case 'blockages':
      for await (const repository of source.repositoriesWith('blockages')) {
        yield* named(repository, async () => {
          const blockages = await readers.blockages(repository);
          return blockages.length === 0 ? [] : [{ noun, repository, blockages }];
        });
      }
      return;
    case 'quarantine':
      for await (const repository of source.repositoriesWith('quarantines')) {
        yield* named(repository, async () => {
          const marks = await readers.quarantine(repository);
          return marks.length === 0 ? [] : [{ noun, repository, marks }];
        });
      }
      return;
    case 'findings':
      for (const project of await readers.auditedProjects()) {
        yield* named(project, async () => {
          const found = await readers.findings(project);
          return found === null ? [] : [{ noun, project, ...found }];
        });
      }
      return;
    case 'tick':
      yield* named('the last ticks', async () =>
        Object.entries(await readers.lastTicks()).map(([policy, lastMs]) => ({ noun, policy, lastMs })),
      );
      return;
    case 'planning':
      yield* named('since when policies plan', async () =>
        (await readers.planningSince()).map((since) => ({ noun, ...since })),
      );
      return;
    case 'policy':
      yield* named('the roster of policies', async () =>
        (await readers.policyRoster()).map((policy) => ({ noun, policy })),
      );
      return;
    case 'stop order':
      yield* named('the stop order', async () => {
        const order = await readers.stopOrder();
        return order === null ? [] : [{ noun, order }];
      });
      return;
    default:
      yield* source.scan(noun);
  }
}

async function* named(place: string, read: () => Promise<readonly LedgerRecord[]>): AsyncIterable<Archived> {
  let found: readonly LedgerRecord[];
  try {
    found = await read();
  } catch (thrown) {
    yield problemOf(thrown, place);
    return;
  }
  for (const one of found) yield record(one);
}

async function decisionsOf(readers: Readers, repository: string): Promise<readonly LedgerRecord[]> {
  const last = await readers.lastDecisions(repository);
  if (last === null) return [];
  const { decisions, notes, ...head } = last;
  const items = joinNotes(decisions, notes);
  const parts = Math.max(1, Math.ceil(items.length / DECISIONS_A_LINE));
  return Array.from({ length: parts }, (_, part) => ({
    noun: 'decisions',
    repository,
    part,
    parts,
    head,
    items: items.slice(part * DECISIONS_A_LINE, (part + 1) * DECISIONS_A_LINE),
  }));
}
