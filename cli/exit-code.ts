/** How a command ends. Listed in docs/commands.md. */
export const EXIT = {
  /** It did what it was asked, whether or not there was something to do. */
  done: 0,
  /** Something failed, a policy is broken, or not all that was asked about could be read. */
  failed: 1,
  /** It was asked for something that can't be done: wrong arguments, an input that is refused. */
  refused: 2,
} as const;

/** Codes that mean that the caller has to change the request. */
export const REFUSED_CODES: ReadonlySet<string> = new Set([
  'APPROVAL_INVALID',
  'CONFIRMATION_MISSING',
  'EXCEPTIONS_INVALID',
  'GOOGLE_ENDPOINT_REFUSED',
  'IMPORT_INVALID',
  'IMPORT_UNSUPPORTED',
  'INIT_FILE_EXISTS',
  'INIT_NOTHING_FOUND',
  'IN_USE_INVALID',
  'LEDGER_EXPORT_INVALID',
  'LEDGER_UNKNOWN',
  'LOCAL_DIRECTORY_REFUSED',
  'OPTION_INVALID',
  'PLAN_FROM_FUTURE',
  'PLAN_INVALID',
  'PLAN_NOT_ENFORCED',
  'PLAN_TOO_OLD',
  'REFERENCE_INVALID',
  'REPORT_PLACE_TAKEN',
  'SETTING_INVALID',
  'SNAPSHOT_INVALID',
]);
