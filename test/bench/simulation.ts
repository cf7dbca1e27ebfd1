import { known, unknown } from '../../shared/core/fact.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { HistoryFact } from '../../shared/core/history.ts';
import type { ListedManifest } from '../../shared/core/listing.ts';
import { MEDIA_TYPES } from '../../shared/core/manifest.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { simulate } from '../../shared/core/simulate.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import { NO_USAGE_RECORD } from '../../shared/core/usage-record.ts';

/**
 * What a replay of a year of nights over 10,000 digests costs: CPU of the whole process. `pushed over the year`
 * is a repository as it is; `all there, every night stopped` is the worst, since nothing ever leaves it.
 * `node test/bench/simulation.ts`; ends with 1 where either takes more than `CPU_MAX_MS`.
 */
const DIGESTS = Number(process.env['DIGESTS'] ?? 10_000);
const NIGHTS = 365;
const CPU_MAX_MS = 30_000;
const NOW_MS = Date.UTC(2026, 0, 31, 4);
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';

function tagOf(at: number): string {
  const tags = [`1.${at % 50}.${at}`, `pr-${at}`, `main-${at}`];
  return tags[at % 4] ?? 'latest';
}

function replay(pushedOverDays: number, share: string): { cpuMs: number; deleted: number } {
  const facts: HistoryFact[] = [];
  const manifests: ListedManifest[] = [];
  for (let at = 0; at < DIGESTS; at += 1) {
    const digest = sha256(`manifest ${at}`);
    const atMs = NOW_MS - 400 * DAY_MS + Math.floor((at / DIGESTS) * pushedOverDays * DAY_MS);
    facts.push({ atMs, source: 'told', action: 'INSERT', digest, tag: tagOf(at) });
    manifests.push({
      digest,
      tags: [],
      mediaType: known(MEDIA_TYPES.ociManifest),
      sizeBytes: known(50_000_000),
      uploadedAtMs: known(atMs),
    });
  }
  const policies = parsePolicyFile({
    file: 'services.yaml',
    gitRevision: unknown('a bench'),
    text: `apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
schedule: { cron: "0 3 * * *", timeZone: Europe/Berlin }
limits: { share: ${share} }
keep:
  - releases: { tags: { semver: ">=1.0.0" }, newest: 10, per: minor }
  - running: { inUse: true }
  - pulled: { pulledWithin: 30d }
delete:
  - untagged: { untaggedFor: 7d }
  - pull-requests: { tags: { regex: "^pr-(?<pr>[0-9]+)" }, olderThan: 14d }
`,
  });
  const before = process.cpuUsage();
  const { deletions } = simulate({
    repository: REPOSITORY,
    facts,
    listing: {
      version: 1,
      repository: REPOSITORY,
      takenAtMs: NOW_MS,
      completeness: { kind: 'complete' },
      manifests: manifests.sort((a, b) => (a.digest < b.digest ? -1 : 1)),
      relations: {},
    },
    manifests: [],
    usage: { version: 1, answers: [] },
    used: NO_USAGE_RECORD,
    pulls: { sinceMs: unknown('pulls are not recorded'), pulls: [] },
    policies,
    sinceMs: NOW_MS - NIGHTS * DAY_MS,
    untilMs: NOW_MS,
    unrecorded: 'unused',
  });
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1000, deleted: deletions.length };
}

for (const [title, days, share] of [
  ['pushed over the year', 400, '50%'],
  ['all there, every night stopped', 1, '1%'],
] as const) {
  const { cpuMs, deleted } = replay(days, share);
  process.stdout.write(
    `${DIGESTS} digests, ${NIGHTS} nights, ${title}: ${(cpuMs / 1000).toFixed(1)} s CPU, ${deleted} artifacts would have gone\n`,
  );
  if (cpuMs > CPU_MAX_MS) process.exitCode = 1;
}
