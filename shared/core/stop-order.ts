/** Ends every run, wherever it works, and lets none begin until it is lifted. */
export interface StopOrder {
  readonly version: 1;
  readonly by: string;
  /** null where nobody gave one. */
  readonly reason: string | null;
  readonly atMs: number;
}

/** Who gave the order, when and why. */
export function orderSentence({ by, reason, atMs }: StopOrder): string {
  const why = reason === null ? '' : `: ${reason}`;
  return `${by} stopped everything on ${new Date(atMs).toISOString()}${why}.`;
}

/** Why nothing is done, as every output shows it. */
export function stopSentence(order: StopOrder): string {
  return `${orderSentence(order)} Lift it with "gcr-warden start".`;
}
