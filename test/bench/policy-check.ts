import { execFileSync } from 'node:child_process';
import { parseAllDocuments } from 'yaml';
import { unknown } from '../../shared/core/fact.ts';
import { checkPolicyFolder } from '../../shared/core/policy-file/check.ts';
import type { PolicyFile } from '../../shared/core/policy-file/parse.ts';

/**
 * What checking 1,000 policy files costs, as a ratio to parsing the same texts as YAML into plain values with the
 * `yaml` package as it comes. CPU of the whole process, garbage collection included, both in turn in the same run;
 * reading files is in neither. Checking is everything that `policy check` does after that: places, patterns,
 * schedules, defaults, hashes, names, warnings. `node test/bench/policy-check.ts`; ends with 1 over the limit.
 */
const ROUNDS = Number(process.env['ROUNDS'] ?? 15);
const FILES = Number(process.env['FILES'] ?? 1000);
const RATIO_MAX = 1.3;
const NOW_MS = Date.UTC(2026, 10, 21);

/** As a company has them: written from one example, each with its own names, times and a pattern or two. */
function policyText(at: number, round: number): string {
  const own =
    at % 10 === 0
      ? `\n  - team: { tags: { regex: "^team${at}-(?:feature|fix)-${round}" }, olderThan: 30d }`
      : '';
  return `# yaml-language-server: $schema=./schema.json
# What team ${at} keeps.
apiVersion: gcr-warden/v1
policy: services-${at}
repositories: ["europe-docker.pkg.dev/acme/team-${at}/**", "!**/base-*"]
schedule: { cron: "${at % 60} ${at % 5} * * *", timeZone: Europe/Berlin }
mode: plan                     # enforce, once the plan looks right
limits: { digests: ${100 + at}, share: 25% }
owner: team-${at}@example.com
reason: Pull-request images are rebuilt on demand.
keep:
  - releases: { tags: { semver: ">=${at % 4}.0.0" }, newest: 10, per: minor }
  - running: { inUse: true }
  - pulled: { pulledWithin: 30d }
delete:
  - untagged: { untaggedFor: ${1 + (at % 30)}d }
  - pull-requests: { tags: { regex: "^pr-(?<pr>[0-9]+)" }, olderThan: 14d }${own}
`;
}

/** Texts of one round. Their own patterns are new in each, so that none is remembered from the round before. */
function filesOf(round: number): readonly PolicyFile[] {
  return Array.from({ length: FILES }, (_, at) => ({
    file: `team-${at}.yaml`,
    text: policyText(at, round),
    gitRevision: unknown('a bench'),
  }));
}

function parseBare(files: readonly PolicyFile[]): void {
  for (const { text } of files) for (const document of parseAllDocuments(text)) document.toJS();
}

function check(files: readonly PolicyFile[]): void {
  const { policies, problems } = checkPolicyFolder({ files, unread: [] }, NOW_MS);
  if (policies.length !== FILES || problems.length > 0)
    throw new Error('the policies of the bench are wrong');
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

interface Round {
  readonly bareMs: number;
  readonly checkMs: number;
}

function ratioOf(rounds: readonly Round[]): number {
  return median(rounds.map(({ bareMs, checkMs }) => checkMs / bareMs));
}

/** CPU of one piece of work in a process of its own, in which nothing is compiled before it. */
function aloneMs(work: 'bare' | 'check'): number {
  return Number(execFileSync(process.execPath, [import.meta.filename, work], { encoding: 'utf8' }));
}

function main(): void {
  const rounds: Round[] = [];
  // One uncounted round first, so that everything is compiled.
  for (let round = -1; round < ROUNDS; round += 1) {
    const files = filesOf(round);
    const measured = { bareMs: cpuMs(() => parseBare(files)), checkMs: cpuMs(() => check(files)) };
    if (round >= 0) rounds.push(measured);
  }
  const cold = Array.from({ length: 5 }, () => ({ bareMs: aloneMs('bare'), checkMs: aloneMs('check') }));
  const ratio = ratioOf(rounds);
  process.stdout.write(
    `${FILES} policy files, CPU, median of ${ROUNDS} rounds: YAML alone ${median(rounds.map((one) => one.bareMs)).toFixed(0)} ms, checked ${median(rounds.map((one) => one.checkMs)).toFixed(0)} ms, ratio ${ratio.toFixed(2)} (at most ${RATIO_MAX})\n` +
      `in new processes, which compile themselves first: ${median(cold.map((one) => one.bareMs)).toFixed(0)} ms, ${median(cold.map((one) => one.checkMs)).toFixed(0)} ms, ratio ${ratioOf(cold).toFixed(2)}\n`,
  );
  if (ratio > RATIO_MAX) process.exitCode = 1;
}

const [work] = process.argv.slice(2);
if (work === 'bare') process.stdout.write(`${cpuMs(() => parseBare(filesOf(0)))}`);
else if (work === 'check') process.stdout.write(`${cpuMs(() => check(filesOf(0)))}`);
else main();
