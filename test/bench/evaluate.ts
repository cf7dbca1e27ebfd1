import { unknown } from '../../shared/core/fact.ts';
import { planListing } from '../../shared/core/plan-repository.ts';
import type { PolicySet } from '../../shared/core/policy.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { benchRepository, historyOf, NOW_MS } from './repository.ts';

/**
 * What judging a repository of 100,000 manifests costs, as a ratio to parsing the JSON in which the registry
 * lists it. CPU of the whole process, garbage collection included, both in turn in the same run. Judging is
 * everything from the listing to the plan: graph, inventory, decisions with evidence, steps, hashes. The
 * listing and the history are values by then. `node test/bench/evaluate.ts`; ends with 1 over a limit.
 */
const ROUNDS = Number(process.env['ROUNDS'] ?? 9);
const MANIFESTS = Number(process.env['MANIFESTS'] ?? 100_000);
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';

/** The policy that the language's page begins with. */
const USUAL = `
apiVersion: gcr-warden/v1
policy: services
repositories: ["europe-docker.pkg.dev/acme/services/**", "!**/base-*"]
schedule: { cron: "0 3 * * *", timeZone: Europe/Berlin }
mode: plan
limits: { digests: 500, share: 25% }
keep:
  - releases: { tags: { semver: ">=1.0.0" }, newest: 10, per: minor }
  - running: { inUse: true }
  - pulled: { pulledWithin: 30d }
delete:
  - untagged: { state: untagged, untaggedFor: 7d }
  - pull-requests: { tags: { regex: "^pr-(?<pr>[0-9]+)" }, olderThan: 14d }
`;

/** Twenty rules, ten of them with a regular expression. */
const LARGE = `
apiVersion: gcr-warden/v1
policy: services
repositories: ["europe-docker.pkg.dev/acme/services/**"]
mode: enforce
limits: { digests: 1000000, share: 100% }
keep:
  - releases: { tags: { semver: ">=1.0.0" }, newest: 10, by: semver, per: minor }
  - running: { inUse: true }
  - main: { tags: { regex: "^main-[0-9]+$" }, newest: 20 }
  - per-line: { tags: { regex: "^release-(?<line>[0-9]+)" }, newest: 3, per: line }
  - candidates: { tags: { regex: "^v[0-9.]+-rc" }, newerThan: 60d }
  - hotfixes: { tags: { regex: "^(?:hotfix|urgent)-" }, newerThan: 90d }
  - environments: { tags: { regex: "^(?:prod|staging|test)-[a-z]+$" } }
  - latest: { tags: { exact: [latest, stable, edge] } }
  - fresh: { newerThan: 2d }
  - tagged-lately: { taggedWithin: 3d }
  - charts: { mediaTypes: application/vnd.cncf.helm.config.v1+json }
delete:
  - untagged: { untaggedFor: 7d }
  - pull-requests: { tags: { regex: "^pr-(?<pr>[0-9]+)" }, olderThan: 14d }
  - builds: { tags: { regex: "^[0-9a-f]{7,8}-[0-9]+$" }, olderThan: 30d }
  - dependabot: { tags: { regex: "^(?:dependabot|renovate)[/-]" }, olderThan: 3d }
  - nightly: { tags: { regex: "^nightly-[0-9]{8}$" }, olderThan: 14d }
  - temporary: { tags: { regex: "^(?:tmp|temp|wip)-" }, olderThan: 7d }
  - branches: { tags: { prefix: feature- }, olderThan: 30d }
  - huge: { largerThan: 20GiB, olderThan: 7d, tags: { glob: "build-*" } }
  - old-builds: { tags: { glob: ["build-*", "main-*"] }, olderThan: 90d }
`;

function policySet(text: string): PolicySet {
  const { policies, problems } = parsePolicyFile({
    file: 'bench.yaml',
    text,
    gitRevision: unknown('a bench'),
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return { policies, problems };
}

/** CPU time of the process while something runs, in milliseconds. */
function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function main(): void {
  const repository = benchRepository(REPOSITORY, MANIFESTS);
  const history = historyOf(repository);
  const { listing, text, usage } = repository;
  const subjects = [
    { name: 'example policy', limit: 1, policies: policySet(USUAL) },
    { name: '20 rules, 10 regular expressions', limit: 2, policies: policySet(LARGE) },
  ];
  const judge = (policies: PolicySet) =>
    planListing({ listing, history, usage, policies, scope: 'all', nowMs: NOW_MS });

  console.log(
    `${MANIFESTS} manifests, ${(text.length / 1e6).toFixed(1)} MB of JSON, median of ${ROUNDS} rounds, CPU`,
  );
  const parsing: number[] = [];
  const judging = subjects.map((): number[] => []);
  // One uncounted round first, so that everything is compiled.
  for (let round = -1; round < ROUNDS; round++) {
    const parseMs = cpuMs(() => JSON.parse(text));
    if (round >= 0) parsing.push(parseMs);
    for (const [at, { policies }] of subjects.entries()) {
      const judgeMs = cpuMs(() => judge(policies));
      if (round >= 0) judging[at]?.push(judgeMs);
    }
  }
  const parseMs = median(parsing);
  console.log(`JSON.parse  ${parseMs.toFixed(0)} ms`);
  for (const [at, { name, limit, policies }] of subjects.entries()) {
    const ms = median(judging[at] ?? []);
    const ratio = ms / parseMs;
    const { decisions, steps } = judge(policies);
    const deleted = decisions.filter(({ verdict }) => verdict === 'delete').length;
    console.log(
      `${name.padEnd(34)} ${ms.toFixed(0)} ms  ${ratio.toFixed(2)} x (at most ${limit.toFixed(1)} x)  ${decisions.length} artifacts, ${deleted} go, ${steps.length} steps`,
    );
    if (ratio > limit) process.exitCode = 1;
  }
}

main();
