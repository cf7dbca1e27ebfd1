import { readFile } from 'node:fs/promises';
import { unknown } from '../../shared/core/fact.ts';
import { deriveHistory, reconcile } from '../../shared/core/history.ts';
import { planListing } from '../../shared/core/plan-repository.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { benchRepository, NOW_MS } from './repository.ts';

/**
 * Plans 200 repositories with together up to a million digests in one process, one repository after the other
 * as the function `clean` gets them, with the policy of policies/services.yaml: history, reconciliation,
 * inventory, decisions, steps. Prints CPU a digest for each total and the most memory that was ever resident,
 * which includes making the repositories up: `node test/bench/million.ts`; ends with 1 over a limit.
 */
const REPOSITORIES = 200;
const TOTALS = [10_000, 100_000, 1_000_000];
const RESIDENT_MIB_MAX = 512;

/** What counts as flat: the largest total may cost so much more a digest than the smallest. */
const GROWTH_MAX = 1.25;

const file = new URL('../../policies/services.yaml', import.meta.url);
const policies = parsePolicyFile({
  file: 'services.yaml',
  text: await readFile(file, 'utf8'),
  gitRevision: unknown('a bench'),
});

/** CPU microseconds a digest, and how many digests would go. */
function planAll(total: number): { readonly perDigestUs: number; readonly goingCount: number } {
  let spentUs = 0;
  let goingCount = 0;
  for (let at = 0; at < REPOSITORIES; at++) {
    const name = `europe-docker.pkg.dev/acme/services/app-${at}`;
    const { listing, facts, usage } = benchRepository(name, total / REPOSITORIES, at + 1);
    const before = process.cpuUsage();
    const missed = reconcile(deriveHistory(name, facts), listing);
    const history = deriveHistory(name, [...facts, ...missed]);
    const plan = planListing({ listing, history, usage, policies, scope: 'all', nowMs: NOW_MS });
    const { user, system } = process.cpuUsage(before);
    spentUs += user + system;
    goingCount += plan.steps.filter(({ kind }) => kind === 'delete').length;
  }
  return { perDigestUs: spentUs / total, goingCount };
}

// Uncounted: compiles everything.
planAll(100_000);
const costs: number[] = [];
for (const total of TOTALS) {
  const { perDigestUs, goingCount } = planAll(total);
  costs.push(perDigestUs);
  const residentMib = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${String(total).padStart(8)} digests in ${REPOSITORIES} repositories  ${perDigestUs.toFixed(2)} µs a digest  ${goingCount} go  at most ${residentMib.toFixed(0)} MiB resident`,
  );
  if (residentMib > RESIDENT_MIB_MAX) process.exitCode = 1;
}
const growth = (costs.at(-1) ?? 0) / (costs[0] ?? 1);
console.log(
  `a digest of the largest costs ${growth.toFixed(2)} x one of the smallest (at most ${GROWTH_MAX} x)`,
);
if (growth > GROWTH_MAX) process.exitCode = 1;
