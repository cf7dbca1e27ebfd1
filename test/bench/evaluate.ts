import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { unknown } from '../../shared/core/fact.ts';
import type { RepositoryPlan } from '../../shared/core/plan.ts';
import { planListing } from '../../shared/core/plan-repository.ts';
import type { PolicySet } from '../../shared/core/policy.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { benchRepository, historyOf, NOW_MS } from './repository.ts';

/**
 * What judging a repository of 100,000 manifests costs, as a ratio to parsing the JSON in which the registry
 * lists it. CPU of the whole process, garbage collection included. Judging is everything from the listing to
 * the plan: graph, inventory, decisions with evidence, steps, hashes. The listing and the history are values
 * by then. `node test/bench/evaluate.ts`; ends with 1 over a limit.
 *
 * Each is run several times in a row, so that it pays for its own garbage and not for another's; such rows
 * take turns, and the median of the turns' ratios counts. Then the same as the first thing that a process
 * does, and for a repository of which every image is of OCI's type, so that every manifest was read: these
 * have no limit.
 */
const ROUNDS = Number(process.env['ROUNDS'] ?? 9);
const ROW = 4;
const COLD_PROCESSES = 5;
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

const SUBJECTS = [
  { name: 'example policy', limit: 1, policies: policySet(USUAL) },
  { name: '20 rules, 10 regular expressions', limit: 2, policies: policySet(LARGE) },
];

/** CPU time of the process while something runs a number of times, in milliseconds for each. */
function cpuMs(times: number, work: () => unknown): number {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

type Images = 'docker' | 'oci';

function prepare(images: Images) {
  const repository = benchRepository(REPOSITORY, MANIFESTS, 1, images);
  const history = historyOf(repository);
  const { listing, text, usage } = repository;
  const judge = (policies: PolicySet): RepositoryPlan =>
    planListing({ listing, history, usage, policies, scope: 'all', nowMs: NOW_MS });
  return { text, judge };
}

function measureWarm(images: Images, hasLimits: boolean): void {
  const { text, judge } = prepare(images);
  const parsing: number[] = [];
  const judging = SUBJECTS.map((): number[] => []);
  // One uncounted round first, so that everything is compiled.
  for (let round = -1; round < ROUNDS; round++) {
    const parseMs = cpuMs(ROW, () => JSON.parse(text));
    const judgeMs = SUBJECTS.map(({ policies }) => cpuMs(ROW, () => judge(policies)));
    if (round < 0) continue;
    parsing.push(parseMs);
    for (const [at, ms] of judgeMs.entries()) judging[at]?.push(ms / parseMs);
  }
  const parseMs = median(parsing);
  console.log(`\n${images} images, ${(text.length / 1e6).toFixed(1)} MB of JSON, ${ROUNDS} rounds`);
  console.log(`JSON.parse  ${parseMs.toFixed(0)} ms`);
  for (const [at, { name, limit, policies }] of SUBJECTS.entries()) {
    const ratio = median(judging[at] ?? []);
    const { decisions, steps } = judge(policies);
    const deleted = decisions.filter(({ verdict }) => verdict === 'delete').length;
    const wanted = hasLimits ? ` (at most ${limit.toFixed(1)} x)` : '';
    console.log(
      `${name.padEnd(34)} ${(ratio * parseMs).toFixed(0)} ms  ${ratio.toFixed(2)} x${wanted}  ${decisions.length} artifacts, ${deleted} go, ${steps.length} steps`,
    );
    if (hasLimits && ratio > limit) process.exitCode = 1;
  }
}

/** What a child process runs: parses once, judges once, and prints what that cost. */
function measureFirst(subject: string): void {
  const { text, judge } = prepare('docker');
  const policies = SUBJECTS.find(({ name }) => name === subject)?.policies;
  if (policies === undefined) throw new Error(`no policy ${subject}`);
  const parseMs = cpuMs(1, () => JSON.parse(text));
  const judgeMs = cpuMs(1, () => judge(policies));
  console.log(JSON.stringify([parseMs, judgeMs]));
}

function measureCold(): void {
  console.log(`\nthe first time in a process, ${COLD_PROCESSES} processes`);
  for (const { name } of SUBJECTS) {
    const runs = Array.from({ length: COLD_PROCESSES }, () => {
      const printed = execFileSync(process.execPath, [fileURLToPath(import.meta.url), name]);
      return JSON.parse(String(printed)) as [parseMs: number, judgeMs: number];
    });
    const judgeMs = median(runs.map(([, ms]) => ms));
    const ratio = median(runs.map(([parseMs, ms]) => ms / parseMs));
    console.log(`${name.padEnd(34)} ${judgeMs.toFixed(0)} ms  ${ratio.toFixed(2)} x`);
  }
}

const [, , subject] = process.argv;
if (subject === undefined) {
  measureWarm('docker', true);
  measureWarm('oci', false);
  measureCold();
} else {
  measureFirst(subject);
}
