import { WardenError } from '../core/error.ts';
import { FIRST_LINE, lastLine, NOUNS, recordLine } from '../core/ledger-record.ts';
import type { ArchiveLedger, RecordSorter } from '../ports.ts';

/**
 * Writes everything that a ledger holds, a line a record, sorted: two ledgers that hold the same have the same lines,
 * however they keep it. What is written to the ledger meanwhile is in them or not.
 * @returns how many records there were
 * @throws WardenError LEDGER_EXPORT_INCOMPLETE where something can't be read: a copy without it would pass for all
 */
export async function exportLedger(
  ledger: ArchiveLedger,
  sorter: RecordSorter,
  write: (line: string) => Promise<void>,
): Promise<number> {
  let records = 0;
  await write(FIRST_LINE);
  for (const noun of NOUNS) {
    for await (const found of ledger.archived(noun)) {
      if (found.kind === 'problem') {
        throw new WardenError(
          'LEDGER_EXPORT_INCOMPLETE',
          `${found.place} can't be exported (${found.code}): ${found.detail} "gcr-warden ledger verify" finds everything of that kind.`,
        );
      }
      sorter.add(found.record);
    }
    for (const record of sorter.sorted(noun)) {
      await write(recordLine(record));
      records += 1;
    }
  }
  await write(lastLine(records));
  return records;
}
