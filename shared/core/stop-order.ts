/** Ends every run, wherever it works, and lets none begin until it is lifted. */
export interface StopOrder {
  readonly version: 1;
  readonly by: string;
  /** null where nobody gave one. */
  readonly reason: string | null;
  readonly atMs: number;
}

/** Why nothing is done, as every output shows it. */
export function stopSentence({ by, reason, atMs }: StopOrder): string {
  const why = reason === null ? '' : `: ${reason}`;
  return `Everything is stopped since ${new Date(atMs).toISOString()} by ${by}${why}. Lift it with "gcr-warden start".`;
}
