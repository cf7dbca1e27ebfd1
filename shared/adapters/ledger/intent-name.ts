import { WardenError } from '../../core/error.ts';
import type { Intent, JournalEntry, Settlement } from '../../core/journal.ts';

/** What names an intent and its settlement, as one text. Ids and repositories hold no line break. */
export function intentName(of: Intent | Settlement): string {
  return `${of.runId}\n${of.repository}\n${of.index}`;
}

/** Newest first; of intents written at one time the later step first. */
export function compareEntries(a: JournalEntry, b: JournalEntry): number {
  return (
    b.intent.atMs - a.intent.atMs ||
    compareText(a.intent.repository, b.intent.repository) ||
    compareText(a.intent.runId, b.intent.runId) ||
    b.intent.index - a.intent.index
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** An outcome of something that was never announced would be shown nowhere, so it is refused loudly. */
export function intentUnknown(settlement: Settlement): WardenError<'LEDGER_INTENT_UNKNOWN'> {
  return new WardenError(
    'LEDGER_INTENT_UNKNOWN',
    `An outcome (${settlement.outcome.kind}) was to be written for step ${settlement.index} of run ${settlement.runId} over ${settlement.repository}, whose intent was never written. Write intents before the requests are sent.`,
  );
}
