/** What can be wrong with a ledger, and what to do about it. */
export const LEDGER_REMEDIES = {
  DELETION_WITHOUT_EVIDENCE:
    'Ask who wrote to the ledger. A deletion is written down with the rules that allowed it; this one was not, or was changed.',
  EVENT_NOT_PACKED:
    'Export the ledger, and import it into a new one: events are packed anew there. Report it.',
  INTENT_OPEN:
    'Run "gcr-warden apply", or wait for the next scheduled run over the repository: it asks the registry what became of the step.',
  JOURNAL_WITHOUT_RUN:
    'Nothing has to be done for the registry. The run can\'t be listed by "gcr-warden history".',
  LEASE_IN_FUTURE:
    'No run begins on the repository until then. Look at the clock of whoever held it; export the ledger without that line and import it elsewhere to be rid of it sooner.',
  LEDGER_TOO_LARGE: 'Report it, with the document that is named.',
  LEDGER_UNREADABLE:
    'Restore the document from a backup of the database, or delete it if what it held can be missed.',
  LEDGER_VERSION: 'Upgrade gcr-warden, and look again.',
  MANIFEST_CHANGED:
    'It is not put back: restoring checks what it writes. Delete the document, and the manifest is read anew where the registry still has it.',
  OUTCOME_WITHOUT_INTENT: 'Ask who wrote to the ledger; report it if it was gcr-warden alone.',
  RUN_UNFINISHED: 'The next run over the repository finishes it. If none comes, look at "gcr-warden doctor".',
  TAG_WITHOUT_DIGEST:
    'The registry told of a tag and not of what it points at. The next run over the repository adds what its listing shows.',
  TIME_IN_FUTURE:
    'Look at the clock of whoever wrote it. Until then what it tells is newer than everything else.',
  UNTAGGED_UNSEEN:
    'A run took a tag from a digest that nothing else in the ledger tells of: facts are missing. The next run over the repository adds what is there still.',
} as const;

export type LedgerFindingCode = keyof typeof LEDGER_REMEDIES;

/** A contradiction in a ledger. */
export interface LedgerFinding {
  readonly code: LedgerFindingCode;
  /** Which record or document. */
  readonly place: string;
  readonly detail: string;
}

export function isLedgerFindingCode(code: string): code is LedgerFindingCode {
  return Object.hasOwn(LEDGER_REMEDIES, code);
}
