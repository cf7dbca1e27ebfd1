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
import { accessGraph } from '../../shared/core/audit/graph.ts';
import { AccessResolver } from '../../shared/core/audit/holders.ts';
import type { AuditReplies } from '../../shared/core/audit/replies.ts';
import { auditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { renderTableCsv } from '../../shared/report/audit-csv.ts';
import { accessTable } from '../../shared/report/audit-views.ts';

/**
 * The evaluation of a million bindings: 2,000 repositories with 500 each, 20 roles, 10,000 members. `usual`: one
 * binding in a thousand is a finding; `worst`: one in seven. Prints and asserts nothing:
 * `node --expose-gc test/bench/audit-million.ts usual`, or with the whole of `test/bench/audit.ts`.
 */
const REPOSITORIES = 2000;
const BINDINGS = 500;
const NOW_MS = Date.UTC(2026, 10, 21, 3);
const MIB = 1024 * 1024;

const KIND = process.argv[2] === 'worst' ? 'worst' : 'usual';

const CUSTOM = Array.from({ length: 13 }, (_, index) => `projects/acme/roles/custom${index}`);
const TOO_WIDE = 'roles/artifactregistry.repoAdmin';
const ROLES = [
  'roles/artifactregistry.reader',
  'roles/artifactregistry.writer',
  'roles/storage.objectViewer',
  'roles/viewer',
  ...(KIND === 'worst'
    ? [TOO_WIDE, 'roles/artifactregistry.admin', 'roles/editor']
    : ['roles/storage.legacyBucketReader', 'roles/storage.objectCreator', 'roles/storage.objectUser']),
  ...CUSTOM,
];

/** What Artifact Registry would answer about one repository. */
function policyText(repository: number): string {
  const bindings = Array.from({ length: BINDINGS }, (_, index) => ({
    role:
      KIND === 'usual' && (repository * BINDINGS + index) % 1000 === 0
        ? TOO_WIDE
        : ROLES[index % ROLES.length],
    members: [`user:person-${(repository * 37 + index * 11) % 10_000}@example.com`],
    ...(index % 50 === 0
      ? { condition: { title: 'for now', expression: 'request.time < timestamp("2027-01-31T00:00:00Z")' } }
      : {}),
  }));
  return JSON.stringify({ version: 3, etag: 'BwWKmjvelug=', bindings });
}

if (process.argv[3] !== undefined) {
  const out = createWriteStream(process.argv[3]);
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
execFileSync(process.execPath, [import.meta.filename, KIND, file]);

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
  organization: known({ name: 'organizations/77', domain: 'example.com', customerId: 'C0abc' }),
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
    CUSTOM.map((role, index) => [
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

const peakMiB = (): number => Math.round(process.resourceUsage().maxRSS / 1024);
const row = (name: string, ms: number, more = ''): void =>
  console.log(
    `${name.padEnd(44)}${String(Math.round(ms)).padStart(7)} ms  ${(ms / parsingMs).toFixed(2)} ×${more}`,
  );
console.log(
  `\na million bindings, ${KIND}: ${Math.round(sizeBytes / MIB)} MiB of replies, ${Math.round(heldMiB)} MiB held`,
);
row('JSON.parse of them', parsingMs);
// What a deployed audit does with them: the graph, all checks, the inventory of keys.
const report = cpuMs(() => auditReport(replies, NOW_MS, DEFAULT_AUDIT_SETTINGS));
const failing = report.value.findings.filter(({ status }) => status === 'FAIL').length;
row('the report, with all checks', report.ms, `, ${failing} FAIL, peak ${peakMiB()} MiB resident`);
// What the command line does beside that, where somebody asks for the access matrix.
const matrix = cpuMs(() => {
  let characters = 0;
  for (const line of renderTableCsv(accessTable(report.value))) characters += line.length;
  return characters;
});
row('the access matrix, as CSV', matrix.ms, `, ${Math.round(matrix.value / MIB)} MiB, peak ${peakMiB()} MiB`);
const graph = cpuMs(() => accessGraph(replies));
row('of the report, the graph', graph.ms);
const questions = cpuMs(() => {
  const resolver = new AccessResolver(graph.value, NOW_MS);
  let holdings = 0;
  for (const node of graph.value.registries) {
    holdings += resolver.direct(node, 'artifactregistry.repositories.uploadArtifacts').holdings.length;
  }
  return holdings;
});
row('who may push, of each repository', questions.ms, `, ${questions.value} holdings`);
