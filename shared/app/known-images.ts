import type { EventLedger, RunLedger } from '../ports.ts';

/** Looked at for names: what happened lately is what people ask about. */
const EVENTS_READ = 1_000;
const RUNS_READ = 200;

/** Repositories that the ledger told of lately, sorted. */
export async function knownRepositories(ledger: EventLedger & RunLedger): Promise<readonly string[]> {
  const [events, runs] = await Promise.all([
    ledger.recentEvents(EVENTS_READ),
    ledger.runs({ limit: RUNS_READ }),
  ]);
  return [...new Set([...events, ...runs].map(({ repository }) => repository))].sort();
}

/**
 * Images that begin with a text: repositories, and below a whole repository its tags, or its digests where the
 * text has come to the `@`. Sorted; all that is known lately, and nothing is asked of a registry.
 */
export async function knownImages(
  ledger: EventLedger & RunLedger,
  begun: string,
): Promise<readonly string[]> {
  const repositories = await knownRepositories(ledger);
  const repository = repositories.find((one) => begun.startsWith(`${one}:`) || begun.startsWith(`${one}@`));
  if (repository === undefined) return repositories.filter((one) => one.startsWith(begun));
  const [events, judged] = await Promise.all([
    ledger.recentEvents(EVENTS_READ),
    ledger.lastDecisions(repository),
  ]);
  const names = new Set<string>();
  for (const { root, tags } of judged?.decisions ?? []) {
    names.add(`${repository}@${root}`);
    for (const tag of tags) names.add(`${repository}:${tag}`);
  }
  for (const { repository: of, tag, digest } of events) {
    if (of !== repository) continue;
    if (tag !== null) names.add(`${repository}:${tag}`);
    if (digest !== null) names.add(`${repository}@${digest}`);
  }
  return [...names].filter((one) => one.startsWith(begun)).sort();
}
