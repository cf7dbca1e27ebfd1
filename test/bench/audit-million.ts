import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { factReads } from '../../shared/adapters/google/fact-reads.ts';
import { POLICY, policyOf } from '../../shared/adapters/google/iam-policy.ts';
import { GoogleRest } from '../../shared/adapters/google/rest.ts';
import type { IamPolicy, RegistryRepository } from '../../shared/core/audit/access.ts';
import { grants } from '../../shared/core/audit/grants.ts';
import { accessGraph } from '../../shared/core/audit/graph.ts';
import { AccessResolver } from '../../shared/core/audit/holders.ts';
import { runChecks } from '../../shared/core/audit/index.ts';
import type { AuditReplies } from '../../shared/core/audit/replies.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { known, unknown } from '../../shared/core/fact.ts';

/**
 * The evaluation of a million bindings: 2,000 repositories with 500 each, 20 roles, 10,000 members. Prints and
 * asserts nothing: `node --expose-gc test/bench/audit-million.ts`, or with the whole of `test/bench/audit.ts`.
 */
const REPOSITORIES = 2000;
const BINDINGS = 500;
const NOW_MS = Date.UTC(2026, 10, 21, 3);
const MIB = 1024 * 1024;

const ROLES = [
  'roles/artifactregistry.reader',
  'roles/artifactregistry.writer',
  'roles/artifactregistry.repoAdmin',
  'roles/artifactregistry.admin',
  'roles/storage.objectViewer',
  'roles/viewer',
  'roles/editor',
  ...Array.from({ length: 13 }, (_, index) => `projects/acme/roles/custom${index}`),
];

/** What Artifact Registry would answer about one repository. */
function policyText(repository: number): string {
  const bindings = Array.from({ length: BINDINGS }, (_, index) => ({
    role: ROLES[index % ROLES.length],
    members: [`user:person-${(repository * 37 + index * 11) % 10_000}@example.com`],
    ...(index % 50 === 0
      ? { condition: { title: 'for now', expression: 'request.time < timestamp("2027-01-31T00:00:00Z")' } }
      : {}),
  }));
  return JSON.stringify({ version: 3, etag: 'BwWKmjvelug=', bindings });
}

if (process.argv[2] === 'write') {
  const out = createWriteStream(process.argv[3] ?? '');
  for (let index = 0; index < REPOSITORIES; index += 1) {
    if (!out.write(`${policyText(index)}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  process.exit();
}

function cpuMs<T>(work: () => T): { readonly ms: number; readonly value: T } {
  const before = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, value };
}

// Written by a process of its own: what it takes to make the texts is not counted here.
const dir = mkdtempSync(join(tmpdir(), 'audit-million-'));
const file = join(dir, 'policies.jsonl');
execFileSync(process.execPath, [import.meta.filename, 'write', file]);

async function* texts(): AsyncGenerator<string> {
  yield* createInterface({ input: createReadStream(file) });
}

let sizeBytes = 0;
// Once to warm the parser up; the second time counts.
for await (const text of texts()) sizeBytes += JSON.parse(text) === null ? 0 : text.length;
let parsingMs = 0;
const policies: IamPolicy[] = [];
// As the adapter makes them of replies.
const { shared } = factReads(new GoogleRest({ token: async () => 'none' }));
for await (const text of texts()) {
  const parsed = cpuMs((): unknown => JSON.parse(text));
  parsingMs += parsed.ms;
  policies.push(policyOf(POLICY.parse(parsed.value), shared));
}
rmSync(dir, { recursive: true });

const collect = (globalThis as { gc?: () => void }).gc ?? (() => {});

const repositoryOf = (index: number): RegistryRepository => ({
  name: `projects/acme/locations/us/repositories/r${index}`,
  location: 'us',
  id: `r${index}`,
  format: 'DOCKER',
  mode: 'STANDARD_REPOSITORY',
  immutableTags: true,
  cleanupPolicies: known([]),
  cleanupDryRun: false,
  scanning: { config: null, state: null, reason: null },
  sizeBytes: known(0),
  createdMs: known(0),
  updatedMs: known(0),
  labels: {},
});
const notRead = unknown('not in this bench');
const replies: AuditReplies = {
  version: 2,
  project: 'acme',
  identity: notRead,
  projectPolicy: known({ bindings: [] }),
  ancestors: known([]),
  organization: known(null),
  orgPolicies: {
    'iam.allowedPolicyMemberDomains': notRead,
    'iam.disableServiceAccountKeyCreation': notRead,
    'iam.managed.disableServiceAccountKeyCreation': notRead,
    'storage.publicAccessPrevention': notRead,
  },
  accounts: known([]),
  keyActivity: known([]),
  accountActivity: known([]),
  locations: known([
    {
      location: 'us',
      repositories: known(
        policies.map((policy, index) => ({ repository: repositoryOf(index), policy: known(policy) })),
      ),
    },
  ]),
  buckets: [],
  redirection: notRead,
  topicPolicy: known(null),
  clusters: known([]),
  groups: {},
  roles: Object.fromEntries(
    ROLES.slice(7).map((role, index) => [
      role,
      known([
        ['storage.objects.get', 'artifactregistry.repositories.downloadArtifacts', 'x.y.z'][
          index % 3
        ] as string,
      ]),
    ]),
  ),
  pullSecrets: null,
};
collect();
const heldMiB = process.memoryUsage().heapUsed / MIB;

const graph = cpuMs(() => accessGraph(replies));
const matrix = cpuMs(() => grants(graph.value));
const questions = cpuMs(() => {
  const resolver = new AccessResolver(graph.value, NOW_MS);
  let holdings = 0;
  for (const node of graph.value.registries) {
    holdings += resolver.direct(node, 'artifactregistry.repositories.uploadArtifacts').holdings.length;
  }
  return holdings;
});
const peakMiB = process.resourceUsage().maxRSS / 1024;
const evaluationMs = graph.ms + matrix.ms + questions.ms;
const row = (name: string, ms: number, more = ''): void =>
  console.log(
    `${name.padEnd(44)}${String(Math.round(ms)).padStart(7)} ms  ${(ms / parsingMs).toFixed(2)} ×${more}`,
  );
console.log(
  `\na million bindings, ${Math.round(sizeBytes / MIB)} MiB of replies, ${Math.round(heldMiB)} MiB held`,
);
row('JSON.parse of them', parsingMs);
row('the graph', graph.ms);
row('the access matrix', matrix.ms, `, ${matrix.value.length} rows`);
row('who may push, of each repository', questions.ms, `, ${questions.value} holdings`);
row('graph, matrix and questions', evaluationMs, `, peak ${Math.round(peakMiB)} MiB resident`);
const checks = cpuMs(() => runChecks(replies, NOW_MS, DEFAULT_AUDIT_SETTINGS));
row(
  'all checks',
  checks.ms,
  `, ${checks.value.length} findings, peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`,
);
