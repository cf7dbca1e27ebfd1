import { keepFindings } from '../../shared/app/keep-findings.ts';
import { artifactNote } from '../../shared/core/artifact-note.ts';
import { assemblePlan } from '../../shared/core/assemble-plan.ts';
import { NEVER_EXPIRES_MS } from '../../shared/core/audit/access.ts';
import { auditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { dayOf } from '../../shared/core/day-ranges.ts';
import type { RuleVoice } from '../../shared/core/decision.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { type Fact, known, unknown } from '../../shared/core/fact.ts';
import { sha256 } from '../../shared/core/hash.ts';
import { deriveHistory, type HistoryFact } from '../../shared/core/history.ts';
import { takeInventory } from '../../shared/core/inventory.ts';
import {
  type Intent,
  type Outcome,
  outcomeLabel,
  type Run,
  type Settlement,
} from '../../shared/core/journal.ts';
import type { ListedManifest, Listing } from '../../shared/core/listing.ts';
import { type Manifest, MEDIA_TYPES } from '../../shared/core/manifest.ts';
import type { RepositoryPlan } from '../../shared/core/plan.ts';
import { planRepository } from '../../shared/core/plan-repository.ts';
import type { PolicySet } from '../../shared/core/policy.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { noteRoster } from '../../shared/core/policy-roster.ts';
import { type RepositorySample, takeSample } from '../../shared/core/repository-sample.ts';
import { decisionSentence } from '../../shared/core/sentence.ts';
import { DAY_MS, HOUR_MS } from '../../shared/core/units.ts';
import type { Usage } from '../../shared/core/usage.ts';
import type { Ledger } from '../../shared/ports.ts';
import {
  NOW_MS as AUDITED_AT_MS,
  accountsWith,
  bind,
  keyWith,
  repliesWith,
  repositoryWith,
} from '../core/audit/replies.ts';

/** The time at which the ledger is looked at. */
export const REPORT_NOW_MS = Date.UTC(2026, 10, 30, 9, 20);

const HOST = 'europe-docker.pkg.dev/acme';

const POLICIES = `
apiVersion: gcr-warden/v1
policy: services
repositories: ["*/acme/services/**", "*/acme/jobs/**"]
schedule: { cron: "0 3 * * *", timeZone: Europe/Berlin }
mode: enforce
limits: { digests: 2000, share: 95% }
owner: platform@example.com
reason: Pull-request images are rebuilt on demand; releases are needed for rollbacks.
keep:
  - releases: { tags: { semver: ">=1.0.0" }, newest: 5, by: semver, per: minor }
  - running: { inUse: true }
delete:
  - untagged: { untaggedFor: 7d }
  - pull-requests: { tags: { glob: "pr-*" }, olderThan: 14d }
---
apiVersion: gcr-warden/v1
policy: playground
repositories: ["*/acme/playground/**"]
schedule: { cron: "30 4 * * 1", timeZone: Europe/Berlin }
mode: plan
owner: ada@example.com
delete:
  - old: { olderThan: 30d }
`;

/** How one repository is pushed to. */
interface Spec {
  readonly name: string;
  readonly pushesADay: number;
  readonly megabytes: number;
  readonly kind: 'image' | 'index';
  /** Days before the policy began to enforce. */
  readonly enforcedDays: number;
}

const SPECS: readonly Spec[] = [
  { name: `${HOST}/services/api`, pushesADay: 4, megabytes: 240, kind: 'image', enforcedDays: 45 },
  { name: `${HOST}/services/web`, pushesADay: 3, megabytes: 180, kind: 'index', enforcedDays: 45 },
  { name: `${HOST}/services/billing`, pushesADay: 2, megabytes: 310, kind: 'image', enforcedDays: 30 },
  { name: `${HOST}/services/search`, pushesADay: 1, megabytes: 620, kind: 'image', enforcedDays: 30 },
  { name: `${HOST}/jobs/nightly`, pushesADay: 1, megabytes: 95, kind: 'image', enforcedDays: 20 },
  { name: `${HOST}/playground/demo`, pushesADay: 2, megabytes: 140, kind: 'image', enforcedDays: 0 },
  { name: `${HOST}/base/runtime`, pushesADay: 0.2, megabytes: 75, kind: 'index', enforcedDays: 0 },
];

const DAYS = 100;
/** Runs are written down of the last nights. */
const RUN_DAYS = 21;

/** Fills a ledger with what a small company's registry leaves behind in a hundred days or less, by the functions that run it. */
export async function fillReportLedger(ledger: Ledger, days = DAYS): Promise<void> {
  const policies = parsePolicyFile({
    file: 'services.yaml',
    text: POLICIES,
    gitRevision: known('8f3c2a91d07b4e65a1c0fd2b7e9a4c1d55e6f708'),
  });
  if (policies.problems.length > 0) throw new Error(JSON.stringify(policies.problems));
  await Promise.all(SPECS.map((spec) => live(ledger, spec, policies, days)));
  await ledger.savePolicyRoster(noteRoster([], policies.policies, REPORT_NOW_MS - 6 * HOUR_MS) ?? []);
  await ledger.savePlanningSince([{ policy: 'playground', sinceMs: REPORT_NOW_MS - 40 * DAY_MS }]);
  for (const { name } of policies.policies) await ledger.claimTick(name, nightOf(0));
  await audit(ledger);
  for (const [at, spec] of SPECS.slice(0, 5).entries()) {
    await ledger.recordEvent({
      version: 1,
      messageId: `event-${at}`,
      publishedAtMs: REPORT_NOW_MS - (at * 37 + 12) * 60_000,
      action: 'INSERT',
      repository: spec.name,
      digest: sha256(`${spec.name} event`),
      tag: at % 2 === 0 ? `pr-${900 + at}` : null,
    });
  }
}

function nightOf(daysAgo: number): number {
  return Math.floor(REPORT_NOW_MS / DAY_MS) * DAY_MS - daysAgo * DAY_MS + 2 * HOUR_MS;
}

/** A repository between two nights. */
class Life {
  readonly spec: Spec;
  readonly facts: HistoryFact[] = [];
  readonly samples: RepositorySample[] = [];
  readonly #manifests = new Map<Digest, ListedManifest>();
  readonly #relations: Record<Digest, Fact<Manifest>> = {};
  readonly #tags = new Map<string, Digest>();
  #pushes = 0;

  constructor(spec: Spec) {
    this.spec = spec;
  }

  push(atMs: number, tags: readonly string[]): Digest {
    this.#pushes += 1;
    const { name, kind } = this.spec;
    const digest = sha256(`${name} ${this.#pushes}`);
    if (kind === 'index') {
      const children = ['amd64', 'arm64'].map((platform) => sha256(`${name} ${this.#pushes} ${platform}`));
      for (const child of children) this.#add(child, atMs, MEDIA_TYPES.ociManifest);
      this.#relations[digest] = known(manifestOf('index', MEDIA_TYPES.ociIndex, children));
      this.#add(digest, atMs, MEDIA_TYPES.ociIndex, 1200);
    } else {
      this.#add(digest, atMs, MEDIA_TYPES.dockerManifest);
    }
    for (const tag of tags) this.#tag(tag, digest, atMs);
    return digest;
  }

  sign(digest: Digest, atMs: number): void {
    const signature = sha256(`${digest} signature`);
    this.#add(signature, atMs, MEDIA_TYPES.ociManifest, 900);
    this.#relations[signature] = known(manifestOf('image', MEDIA_TYPES.ociManifest, []));
    this.#tag(`${digest.replace(':', '-')}.sig`, signature, atMs);
  }

  #add(digest: Digest, atMs: number, mediaType: string, sizeBytes = this.#size(digest)): void {
    this.#manifests.set(digest, {
      digest,
      tags: [],
      mediaType: known(mediaType),
      sizeBytes: known(sizeBytes),
      uploadedAtMs: known(atMs),
    });
    this.facts.push({ atMs, source: 'told', action: 'INSERT', digest, tag: null });
  }

  /** Some megabytes more or less, the same every time. */
  #size(digest: Digest): number {
    const share = Number.parseInt(digest.slice('sha256:'.length, 'sha256:'.length + 4), 16) / 0xffff;
    return Math.round(this.spec.megabytes * (0.8 + 0.4 * share) * 1e6);
  }

  #tag(tag: string, digest: Digest, atMs: number): void {
    this.#tags.set(tag, digest);
    this.facts.push({ atMs, source: 'told', action: 'INSERT', digest, tag });
  }

  untag(tag: string, digest: Digest, atMs: number): void {
    this.#tags.delete(tag);
    this.facts.push({ atMs, source: 'told', action: 'DELETE', digest, tag });
  }

  delete(digest: Digest, atMs: number): void {
    this.#manifests.delete(digest);
    delete this.#relations[digest];
    this.facts.push({ atMs, source: 'told', action: 'DELETE', digest, tag: null });
  }

  listing(takenAtMs: number): Listing {
    const tags = Map.groupBy(this.#tags, ([, digest]) => digest);
    const manifests = [...this.#manifests.values()]
      .map((one) => ({ ...one, tags: (tags.get(one.digest) ?? []).map(([tag]) => tag).sort() }))
      .sort((a, b) => (a.digest < b.digest ? -1 : 1));
    return {
      version: 1,
      repository: this.spec.name,
      takenAtMs,
      completeness: { kind: 'complete' },
      manifests,
      relations: this.#relations,
    };
  }
}

function manifestOf(kind: 'image' | 'index', mediaType: string, children: readonly Digest[]): Manifest {
  return {
    kind,
    mediaType,
    artifactType: null,
    children: children.map((digest) => ({ mediaType: MEDIA_TYPES.ociManifest, digest, sizeBytes: 700 })),
    subject: null,
    blobs: [],
  };
}

async function live(ledger: Ledger, spec: Spec, policies: PolicySet, days: number): Promise<void> {
  const life = new Life(spec);
  let pulls = 0;
  let running: Digest | null = null;
  for (let daysAgo = days; daysAgo >= 0; daysAgo -= 1) {
    const day = days - daysAgo;
    const due = Math.floor((day + 1) * spec.pushesADay) - Math.floor(day * spec.pushesADay);
    for (let at = 0; at < due; at += 1) {
      pulls += 1;
      const atMs = nightOf(daysAgo) - DAY_MS + (at + 1) * 4 * HOUR_MS;
      const isRelease = pulls % 17 === 0;
      const tags = isRelease
        ? [`1.${Math.floor(pulls / 68)}.${Math.floor(pulls / 17) % 4}`, 'main']
        : pulls % 3 === 0
          ? ['main']
          : [`pr-${100 + pulls}`];
      const digest = life.push(atMs, tags);
      if (isRelease) life.sign(digest, atMs + HOUR_MS);
      if (pulls % 17 === 0) running = digest;
    }
    await night(ledger, life, policies, { daysAgo, running });
  }
  await ledger.recordObserved(spec.name, life.facts);
  await Promise.all(life.samples.map((sample) => ledger.recordSample(spec.name, sample)));
  if (running !== null) {
    const today = dayOf(REPORT_NOW_MS);
    await ledger.recordPulls(spec.name, [
      {
        reference: running,
        days: [
          [today - 20, today - 3],
          [today - 1, today],
        ],
      },
    ]);
    await ledger.recordPullEvidence('acme', [[today - 60, today]]);
    await ledger.recordDrained([[today - 60, today]]);
  }
}

async function night(
  ledger: Ledger,
  life: Life,
  policies: PolicySet,
  { daysAgo, running }: { readonly daysAgo: number; readonly running: Digest | null },
): Promise<void> {
  const { spec } = life;
  const atMs = nightOf(daysAgo);
  const listing = life.listing(atMs);
  const usage: Usage = {
    version: 1,
    answers: [
      {
        kind: 'complete',
        source: 'cluster prod',
        asOfMs: atMs,
        uses:
          running === null
            ? []
            : [
                {
                  repository: spec.name,
                  digest: running,
                  tag: null,
                  by: `pod prod/${spec.name.split('/').at(-1)}-7d9f (container app)`,
                },
              ],
      },
    ],
  };
  const history = deriveHistory(spec.name, life.facts);
  const taking = takeInventory({ listing, history, usage });
  const plan = planRepository({ ...taking, listing, policies, scope: 'enforced', nowMs: atMs });
  // All of them are written at once, in the end: each by itself waits for the disk.
  life.samples.push(takeSample(listing, plan, true));
  const made = assemblePlan({
    createdAtMs: atMs,
    target: spec.name,
    catalog: { kind: 'complete' },
    problems: [],
    warnings: [],
    repositories: [plan],
  });
  const planRun = `plan-${daysAgo}-${sha256(spec.name).slice(-6)}`;
  if (daysAgo <= RUN_DAYS) {
    const toDelete = plan.decisions.filter(({ verdict }) => verdict === 'delete').length;
    await ledger.saveRun({
      version: 1,
      id: planRun,
      repository: spec.name,
      planId: made.id,
      startedAtMs: atMs,
      finishedAtMs: atMs + 4_000,
      trigger: 'schedule',
      mode: 'plan',
      kept: plan.decisions.length - toDelete,
      toDelete,
      outcomes: {},
      refusal: plan.refusal?.message ?? null,
    });
  }
  if (daysAgo === 0) {
    await ledger.saveDecisions(spec.name, {
      runId: planRun,
      planId: made.id,
      atMs,
      policies: plan.policies,
      decisions: plan.decisions,
      notes: taking.inventory.artifacts.map((artifact, at) =>
        artifactNote(artifact, taking.graph.rootNodes[at] ?? null),
      ),
    });
    await ledger.recordUsage(spec.name, {
      day: dayOf(atMs),
      standing: 'complete',
      references: running === null ? [] : [running],
    });
    return;
  }
  if (daysAgo < spec.enforcedDays && plan.refusal === null && plan.steps.length > 0) {
    await apply(ledger, life, plan, { daysAgo, planId: made.id });
  }
}

async function apply(
  ledger: Ledger,
  life: Life,
  plan: RepositoryPlan,
  { daysAgo, planId }: { readonly daysAgo: number; readonly planId: Digest },
): Promise<void> {
  const atMs = nightOf(daysAgo) + 60_000;
  const { repository } = plan;
  const runId = `run-${daysAgo}-${sha256(repository).slice(-6)}`;
  const decisions = new Map(plan.decisions.map((decision) => [decision.root, decision]));
  const outcomes: Record<string, number> = {};
  const intents: Intent[] = [];
  const settlements: Settlement[] = [];
  for (const [index, step] of plan.steps.entries()) {
    const decision = decisions.get(step.root);
    const outcome = outcomeOf(daysAgo, index);
    intents.push({
      version: 1,
      runId,
      index,
      repository,
      planId,
      atMs,
      step,
      reason: decision === undefined ? '' : decisionSentence(decision),
      policies: plan.policies,
    });
    settlements.push({ version: 1, runId, repository, index, atMs: atMs + 200 * (index + 1), outcome });
    const label = outcomeLabel(outcome);
    outcomes[label] = (outcomes[label] ?? 0) + 1;
    if (outcome.kind !== 'deleted') continue;
    if (step.kind === 'untag') life.untag(step.tag, step.digest, atMs);
    else life.delete(step.digest, atMs);
  }
  if (daysAgo > RUN_DAYS) return;
  await ledger.writeIntents(intents);
  await ledger.writeSettlements(settlements);
  await ledger.saveRun({
    version: 1,
    id: runId,
    repository,
    planId,
    startedAtMs: atMs,
    finishedAtMs: atMs + 200 * (intents.length + 2),
    trigger: 'schedule',
    mode: 'apply',
    kept: plan.decisions.filter(({ verdict }) => verdict === 'keep').length,
    toDelete: plan.decisions.filter(({ verdict }) => verdict === 'delete').length,
    outcomes,
    refusal: null,
  });
}

/** Nearly all go; now and then one of those that races and refusals leave. */
function outcomeOf(daysAgo: number, index: number): Outcome {
  if (daysAgo === 3 && index === 1)
    return { kind: 'skipped', why: 'moved', detail: 'the tag points elsewhere now' };
  if (daysAgo === 5 && index === 0) return { kind: 'blocked', reason: 'the tag is immutable' };
  return { kind: 'deleted' };
}

async function audit(ledger: Ledger): Promise<void> {
  const replies = repliesWith({
    projectPolicy: known({
      bindings: [
        bind('roles/storage.admin', 'serviceAccount:ci@acme.iam.gserviceaccount.com', 'user:ada@example.com'),
        bind('roles/artifactregistry.reader', 'allAuthenticatedUsers'),
      ],
    }),
    accounts: accountsWith(
      keyWith({
        id: '3f9d0c77',
        validAfterMs: known(AUDITED_AT_MS - 412 * DAY_MS),
        validBeforeMs: known(NEVER_EXPIRES_MS),
      }),
      keyWith({ id: '77aa01be' }),
    ),
    locations: known([
      repositoryWith(bind('roles/artifactregistry.writer', 'serviceAccount:ci@acme.iam.gserviceaccount.com')),
    ]),
    clusters: unknown('permission container.clusters.list is denied'),
  });
  const report = auditReport(replies, REPORT_NOW_MS - 5 * HOUR_MS, DEFAULT_AUDIT_SETTINGS);
  await keepFindings({ ledger }, report);
  const record = await ledger.findings('acme');
  if (record === null) throw new Error('The audit was not kept.');
  const today = dayOf(REPORT_NOW_MS);
  // What was stored fell with each first run of a policy that enforces.
  const stored = (share: number, falls: number) =>
    Array.from(
      { length: 60 },
      (_, at) =>
        [
          today - 59 + at,
          Math.round((40 + at * 0.9 - (at > 14 ? falls : 0) - (at > 29 ? falls / 2 : 0)) * share * 1e9),
        ] as const,
    );
  await ledger.saveFindings('acme', {
    ...record,
    stored: [
      { name: 'projects/acme/locations/europe/repositories/services', days: stored(1, 22) },
      { name: 'projects/acme/locations/europe/repositories/playground', days: stored(0.2, 0) },
    ],
  });
}

/** Names that try to be more than names. */
export const HOSTILE_TEXTS = [
  '<script>window.pwned = 1</script>',
  '"><img src=x onerror="window.pwned = 1">',
  '</style></script><script>window.pwned = 1</script>',
  "' onload='window.pwned = 1",
  '\u202egnp.exe \u001b[2J',
];

/** Fills a ledger in which everything that somebody else writes is hostile. */
export async function fillHostileLedger(ledger: Ledger): Promise<void> {
  const text = HOSTILE_TEXTS.join(' ');
  const root = sha256('hostile');
  const source = { file: text, line: 1, contentHash: root, gitRevision: unknown(text) };
  const voice: RuleVoice = {
    policy: text,
    rule: text,
    effect: 'delete',
    answer: 'yes',
    mode: 'enforce',
    source,
    line: 1,
    evidence: [
      { kind: 'tags', match: 'any', tags: HOSTILE_TEXTS, patterns: HOSTILE_TEXTS },
      { kind: 'in use', by: HOSTILE_TEXTS },
      { kind: 'unknown', what: text, reason: text },
    ],
  };
  for (const [at, repository] of HOSTILE_TEXTS.entries()) {
    const runId = `${text} ${at}`;
    const run: Run = {
      version: 1,
      id: runId,
      repository,
      planId: root,
      startedAtMs: REPORT_NOW_MS - at * DAY_MS,
      finishedAtMs: REPORT_NOW_MS,
      trigger: 'command',
      mode: at % 2 === 0 ? 'apply' : 'plan',
      kept: 1,
      toDelete: 1,
      outcomes: { [text]: 1 },
      refusal: at === 1 ? text : null,
      approval: { planId: root, by: text, reason: text, atMs: REPORT_NOW_MS },
    };
    await ledger.saveRun(run);
    await ledger.saveDecisions(repository, {
      runId,
      planId: root,
      atMs: REPORT_NOW_MS,
      policies: [{ name: text, owner: text, reason: text }],
      decisions: [
        {
          root,
          tags: HOSTILE_TEXTS,
          members: [sha256('member')],
          verdict: 'delete',
          because: null,
          unknown: text,
          voices: [voice, { ...voice, answer: 'unknown' }],
          enforced: true,
        },
      ],
      notes: [
        {
          mediaType: known(text),
          sizeBytes: unknown(text),
          uploadedAtMs: unknown(text),
          lastPulledAtMs: unknown(text),
          usedBy: known(HOSTILE_TEXTS),
          nested: [{ digest: sha256('member'), as: 'about', depth: 1 }],
        },
      ],
    });
    const sample: RepositorySample = {
      version: 1,
      atMs: REPORT_NOW_MS,
      manifests: 2,
      artifacts: 1,
      untaggedArtifacts: 0,
      sizeBytes: 1e9,
      unknownCount: 1,
      garbage: unknown(text),
      goingBy: { [text]: 1 },
    };
    await ledger.recordSample(repository, sample);
    await ledger.writeIntents([
      {
        version: 1,
        runId,
        index: 0,
        repository,
        planId: root,
        atMs: REPORT_NOW_MS,
        step: {
          kind: 'untag',
          tag: text,
          digest: root,
          root,
          chain: 0,
          allowedBy: [{ policy: text, rule: text, mode: 'enforce', source }],
        },
        reason: text,
        policies: [{ name: text, owner: text, reason: text }],
      },
    ]);
    const outcome: Outcome =
      at === 0
        ? { kind: 'failed', retryable: false, reason: text }
        : { kind: 'skipped', why: 'moved', detail: text };
    await ledger.writeSettlements([
      { version: 1, runId, repository, index: 0, atMs: REPORT_NOW_MS, outcome },
    ]);
    await ledger.saveHold({
      version: 1,
      repository,
      on: { kind: 'digest', digest: root },
      reason: text,
      by: text,
      atMs: REPORT_NOW_MS,
      untilMs: null,
    });
    await ledger.recordEvent({
      version: 1,
      messageId: text,
      publishedAtMs: REPORT_NOW_MS,
      action: 'INSERT',
      repository,
      digest: root,
      tag: text,
    });
  }
  await ledger.saveStopOrder({ version: 1, by: text, reason: text, atMs: REPORT_NOW_MS });
  await ledger.savePolicyRoster([
    {
      name: text,
      mode: 'plan',
      schedule: { cron: text, timeZone: text },
      owner: text,
      reason: text,
      source,
      include: HOSTILE_TEXTS,
      seenAtMs: REPORT_NOW_MS,
    },
  ]);
  const replies = repliesWith({
    projectPolicy: known({ bindings: [bind('roles/storage.admin', `user:${text}`)] }),
    accounts: accountsWith(keyWith({ id: text })),
    clusters: unknown(text),
  });
  await keepFindings(
    { ledger },
    { ...auditReport(replies, REPORT_NOW_MS, DEFAULT_AUDIT_SETTINGS), project: text },
  );
}
