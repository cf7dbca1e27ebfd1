import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  acmeWarden,
  type Estate,
  type EstateProject,
  startGoogleApis,
} from '../../local/google-apis/index.ts';
import { openDeployment } from '../../shared/adapters/google/open-deployment.ts';
import { ledgerSeen } from '../../shared/adapters/ledger/ledger-seen.ts';
import { openLedger } from '../../shared/adapters/ledger/open-ledger.ts';
import { readPolicyFolder } from '../../shared/adapters/policies/folder.ts';
import { type ExamineRequest, examineDeployment } from '../../shared/app/examine-deployment.ts';
import type { Status } from '../../shared/core/doctor/answer.ts';
import { CHECKS, type DoctorReport, isHealthy } from '../../shared/core/doctor/report.ts';
import { WardenError } from '../../shared/core/error.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { isValid } from '../support/json-schema.ts';

const SCHEMA = JSON.parse(readFileSync('docs/schemas/doctor-report.schema.json', 'utf8'));
const NOW_MS = Date.parse('2026-11-30T12:00:00Z');
const PROJECT = 'acme-warden';
const REGION = 'europe-west1';
const REQUEST: ExamineRequest = {
  project: PROJECT,
  region: REGION,
  name: 'gcr-warden',
  targets: null,
  ledger: null,
  policies: 'policies',
};

interface Case {
  readonly title: string;
  readonly estate?: (healthy: EstateProject) => EstateProject;
  readonly lacking?: Estate['lacking'];
  readonly denied?: readonly string[];
  readonly request?: Partial<ExamineRequest>;
  /** The machine's clock, beside that of the stand-ins. */
  readonly clockMs?: number;
  /** Checks that are not fine, with their status and a part of what they say. */
  readonly expected: Readonly<Record<string, readonly [Status, string]>>;
}

async function examine({
  estate = (healthy) => healthy,
  lacking = {},
  denied = [],
  request = {},
  clockMs,
}: Omit<Case, 'title' | 'expected'>): Promise<{
  report: DoctorReport;
  requests: Readonly<Record<string, number>>;
}> {
  const apis = await startGoogleApis({
    estate: { projects: [estate(acmeWarden(NOW_MS))], lacking },
    now: NOW_MS,
    denied,
  });
  const google = openDeployment(apis.url, () => clockMs ?? Date.now());
  try {
    const report = await examineDeployment(
      {
        deployment: google.reader,
        access: google.access,
        ledgerSeen: (name) => ledgerSeen(name, google.rest),
        readPolicies: (place) => readPolicyFolder(place).read(),
      },
      { ...REQUEST, ...request },
    );
    return { report, requests: apis.requests };
  } finally {
    await google.close();
    await apis.close();
  }
}

/** Checks that are neither fine nor not used, with what they say. */
function amiss(report: DoctorReport): Record<string, { status: Status; text: string; mends: boolean }> {
  const open = report.checks.filter(({ status }) => status === 'missing' || status === 'unknown');
  return Object.fromEntries(
    open.map(({ id, status, answers }) => {
      const worst = answers.filter(({ kind }) => kind === status);
      const mends = worst.some((answer) => 'mend' in answer && answer.mend.length > 0);
      return [id, { status, text: worst.map(({ text }) => text).join('\n'), mends }];
    }),
  );
}

const without = <T extends Readonly<Record<string, unknown>>>(all: T | undefined, key: string): T =>
  Object.fromEntries(Object.entries(all ?? {}).filter(([name]) => name !== key)) as unknown as T;

const withFunction = (healthy: EstateProject, name: string, change: object): EstateProject => ({
  ...healthy,
  functions: (healthy.functions ?? []).map((each) => (each.name === name ? { ...each, ...change } : each)),
});

const withSubscription = (healthy: EstateProject, name: string, change: object): EstateProject => {
  const subscription = healthy.subscriptions?.[name];
  if (subscription === undefined) throw new Error(name);
  return { ...healthy, subscriptions: { ...healthy.subscriptions, [name]: { ...subscription, ...change } } };
};

const withJob = (healthy: EstateProject, change: object): EstateProject => ({
  ...healthy,
  jobs: (healthy.jobs ?? []).map((job) => (job.name === 'gcr-warden-dispatch' ? { ...job, ...change } : job)),
});

const withDatabase = (healthy: EstateProject, change: object): EstateProject => {
  const database = healthy.databases?.['gcr-warden'];
  if (database === undefined) throw new Error('no database');
  return { ...healthy, databases: { 'gcr-warden': { ...database, ...change } } };
};

const CLEAN = `gcr-warden-clean@${PROJECT}.iam.gserviceaccount.com`;

const CASES: readonly Case[] = [
  {
    title: 'a clock that is two minutes ahead',
    clockMs: Date.now() + 120_000,
    expected: { clock: ['missing', 'ahead of'] },
  },
  {
    title: 'a clock that is two minutes behind',
    clockMs: Date.now() - 120_000,
    expected: { clock: ['missing', 'behind of'] },
  },
  {
    title: 'an API that is off',
    estate: (healthy) => ({
      ...healthy,
      services: healthy.services?.filter((name) => name !== 'cloudscheduler.googleapis.com') ?? [],
    }),
    expected: { apis: ['missing', 'cloudscheduler.googleapis.com'] },
  },
  { title: 'APIs that may not be listed', denied: ['serviceusage'], expected: { apis: ['unknown', '403'] } },
  {
    title: 'a function that failed to deploy',
    estate: (healthy) => withFunction(healthy, 'gcr-warden-clean', { state: 'FAILED' }),
    expected: { functions: ['missing', 'gcr-warden-clean is FAILED'] },
  },
  {
    title: 'a function that is being deployed',
    estate: (healthy) => withFunction(healthy, 'gcr-warden-audit', { state: 'DEPLOYING' }),
    expected: { functions: ['unknown', 'being deployed'] },
  },
  {
    title: 'functions of which one reads other policies',
    estate: (healthy) =>
      withFunction(healthy, 'gcr-warden-dispatch', { environment: { GCR_WARDEN_POLICIES: 'gs://b/older' } }),
    expected: { functions: ['missing', 'different values of GCR_WARDEN_POLICIES'] },
  },
  {
    title: 'a target that is none',
    estate: (healthy) => ({
      ...healthy,
      functions: (healthy.functions ?? []).map((each) => ({
        ...each,
        environment: { ...each.environment, GCR_WARDEN_TARGETS: 'no target' },
      })),
    }),
    expected: {
      'notification-topic': ['unknown', 'a target that is none'],
      'push-subscriptions': ['unknown', 'a target that is none'],
    },
  },
  {
    title: 'a project without the topic',
    estate: (healthy) => ({ ...healthy, topics: without(healthy.topics, 'gcr') }),
    expected: { 'notification-topic': ['missing', 'no topic gcr'] },
  },
  {
    title: 'a registry that may not publish',
    estate: (healthy) => ({ ...healthy, topics: { ...healthy.topics, gcr: [] } }),
    expected: { 'publisher-binding': ['missing', 'may not publish'] },
  },
  {
    title: 'a registry with a role of somebody’s own',
    estate: (healthy) => ({
      ...healthy,
      topics: {
        ...healthy.topics,
        gcr: (healthy.topics?.['gcr'] ?? []).map((each) => ({ ...each, role: 'projects/p/roles/mine' })),
      },
    }),
    expected: { 'publisher-binding': ['unknown', 'not seen'] },
  },
  {
    title: 'Pub/Sub that may not be read',
    denied: ['pubsub'],
    expected: {
      'account-permissions': ['unknown', '403'],
      'dead-letters': ['unknown', '403'],
      'notification-topic': ['unknown', '403'],
      'publisher-binding': ['unknown', '403'],
      'push-subscriptions': ['unknown', '403'],
    },
  },
  {
    title: 'a subscription that is gone',
    estate: (healthy) => ({ ...healthy, subscriptions: without(healthy.subscriptions, 'gcr-warden-work') }),
    expected: { 'push-subscriptions': ['missing', 'no subscription gcr-warden-work'] },
  },
  {
    title: 'a subscription whose topic was deleted',
    estate: (healthy) => withSubscription(healthy, 'gcr-warden-work', { topic: '_deleted-topic_' }),
    expected: { 'push-subscriptions': ['missing', '_deleted-topic_'] },
  },
  {
    title: 'a push without an identity',
    estate: (healthy) => withSubscription(healthy, 'gcr-warden-work', { push: { endpoint: 'https://x' } }),
    expected: { 'push-subscriptions': ['missing', 'without an identity'] },
  },
  {
    title: 'a push without a dead-letter topic',
    estate: (healthy) => withSubscription(healthy, 'gcr-warden-work', { deadLetterTopic: undefined }),
    expected: { 'push-subscriptions': ['missing', 'no dead-letter topic'] },
  },
  {
    title: 'dead letters that Pub/Sub can’t take away',
    estate: (healthy) => withSubscription(healthy, 'gcr-warden-work', { bindings: [] }),
    expected: { 'push-subscriptions': ['missing', "can't move dead letters"] },
  },
  {
    title: 'dead letters that Pub/Sub may not publish',
    estate: (healthy) => ({ ...healthy, topics: { ...healthy.topics, 'work-dead-letter': [] } }),
    expected: { 'dead-letters': ['missing', 'may not publish to work-dead-letter'] },
  },
  {
    title: 'dead letters that nobody keeps',
    estate: (healthy) => ({
      ...healthy,
      subscriptions: without(healthy.subscriptions, 'gcr-warden-gcr-dead-letter'),
    }),
    expected: { 'dead-letters': ['missing', 'dead letters are lost'] },
  },
  {
    title: 'a job that is gone',
    estate: (healthy) => ({ ...healthy, jobs: [] }),
    expected: { scheduler: ['missing', 'no job gcr-warden-dispatch'] },
  },
  {
    title: 'a job that is paused',
    estate: (healthy) => withJob(healthy, { state: 'PAUSED' }),
    expected: { scheduler: ['missing', 'is PAUSED'] },
  },
  {
    title: 'a job whose last attempt failed',
    estate: (healthy) => withJob(healthy, { lastCode: 7 }),
    expected: { scheduler: ['missing', 'with code 7'] },
  },
  {
    title: 'a job that has not run yet',
    estate: (healthy) => withJob(healthy, { lastAttempt: undefined }),
    expected: { scheduler: ['unknown', 'not run yet'] },
  },
  {
    title: 'a scheduler that may not be read',
    denied: ['cloudscheduler'],
    expected: { scheduler: ['unknown', '403'] },
  },
  {
    title: 'no database',
    estate: (healthy) => ({ ...healthy, databases: {} }),
    expected: { ledger: ['missing', 'There is no ledger'] },
  },
  {
    title: 'a ledger of a newer version',
    estate: (healthy) => withDatabase(healthy, { documents: { runs: 2 } }),
    expected: { ledger: ['missing', 'of version 2'] },
  },
  {
    title: 'documents that never expire',
    estate: (healthy) => withDatabase(healthy, { expiring: ['runs'] }),
    expected: { ledger: ['missing', 'events, manifests, '] },
  },
  {
    title: 'a database of another type',
    estate: (healthy) => withDatabase(healthy, { type: 'DATASTORE_MODE' }),
    expected: { ledger: ['unknown', 'DATASTORE_MODE'] },
  },
  {
    title: 'a database that may not be read',
    denied: ['firestore'],
    expected: { ledger: ['unknown', '403'] },
  },
  {
    title: 'a folder of policies that is not there',
    request: { policies: '/nowhere' },
    expected: { policies: ['unknown', '/nowhere'] },
  },
  {
    title: 'policies of which one is broken',
    request: { policies: 'terraform/tests/fixtures/broken' },
    expected: { policies: ['missing', 'more problem'] },
  },
  {
    title: 'a project that logs no reads',
    estate: (healthy) => ({ ...healthy, auditConfigs: [] }),
    expected: { 'audit-logs': ['unknown', 'DATA_READ'] },
  },
  {
    title: 'policies that ask for pulls which nobody records',
    estate: (healthy) =>
      withFunction(healthy, 'gcr-warden-record-audit-logs', {
        environment: {
          GCR_WARDEN_AUDIT_LOG_SUBSCRIPTIONS: '',
        },
      }),
    expected: { 'audit-logs': ['missing', 'these policies ask for them'] },
  },
  {
    title: 'a caller who may not read the registry',
    lacking: { caller: ['artifactregistry.repositories.downloadArtifacts'] },
    expected: { 'caller-permissions': ['missing', 'You lack on repository'] },
  },
  {
    title: 'a registry that may not be asked',
    denied: ['artifactregistry'],
    expected: { 'account-permissions': ['unknown', '403'], 'caller-permissions': ['unknown', '403'] },
  },
  {
    title: 'policies that delete, and an account that may not',
    lacking: { [CLEAN]: ['artifactregistry.repositories.deleteArtifacts'] },
    request: { policies: 'terraform/tests/fixtures/everywhere' },
    expected: { 'account-permissions': ['missing', 'deleteArtifacts'] },
  },
  {
    title: 'accounts that the caller may not act as',
    denied: ['iamcredentials'],
    expected: { 'account-permissions': ['unknown', "can't act as"] },
  },
];

describe('a deployment', () => {
  it('lacks nothing where nothing is amiss', async () => {
    const { report, requests } = await examine({});
    expect(amiss(report)).toEqual({});
    expect(isHealthy(report)).toBe(true);
    // Reads, and POSTs that Google made of reads.
    expect(
      Object.keys(requests)
        .filter((each) => each.startsWith('POST'))
        .sort(),
    ).toEqual([
      'POST access token',
      'POST project permissions',
      'POST project policy',
      'POST repository permissions',
      'POST subscription permissions',
      'POST topic permissions',
    ]);
  });

  it.each(CASES)('tells of $title, and of nothing else', async ({ expected, ...one }) => {
    const { report } = await examine(one);
    expect(isValid(SCHEMA, JSON.parse(JSON.stringify(report)))).toBe(true);
    const found = amiss(report);
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [id, [status, text]] of Object.entries(expected)) {
      expect(found[id]?.status).toBe(status);
      expect(found[id]?.text).toContain(text);
      // What is missing can be mended, or nobody would know how.
      if (status === 'missing') expect(found[id]?.mends).toBe(true);
    }
    expect(isHealthy(report)).toBe(false);
  });

  it('has a schema that names every check, and takes no other form', () => {
    const ids = CHECKS.map(({ id }) => id);
    expect(SCHEMA.properties.checks.items.properties.id.enum).toEqual(ids);
    expect(isValid(SCHEMA, { version: 2, project: 'p', region: 'r', checks: [] })).toBe(false);
  });

  it('has a case in which each check finds something missing, and one in which it can’t see', () => {
    const seen = (status: Status): Set<string> =>
      new Set(
        CASES.flatMap(({ expected }) =>
          Object.entries(expected).flatMap(([id, [found]]) => (found === status ? [id] : [])),
        ),
      );
    const ids = CHECKS.map(({ id }) => id);
    expect(ids.filter((id) => !seen('missing').has(id))).toEqual([]);
    // That no clock answers is a case of its own, below.
    expect(ids.filter((id) => !seen('unknown').has(id))).toEqual(['clock']);
  });

  it('is fine in nothing where nothing can be seen', async () => {
    const { report } = await examine({
      denied: [PROJECT, 'cloudresourcemanager', 'iamcredentials', 'firestore'],
    });
    const fine = report.checks.filter(({ status }) => status === 'fine').map(({ id }) => id);
    // What is on this machine: its clock, and the folder of policies.
    expect(fine).toEqual(['clock', 'policies']);
    expect(isHealthy(report)).toBe(false);
  });

  it('is fine in nothing where Google does not answer', async () => {
    const google = openDeployment('http://127.0.0.1:9', Date.now);
    const clock = await google.reader.serverClock();
    await google.close();
    expect(clock).toMatchObject({ kind: 'unknown' });
  });

  it('that audits several projects hands them over, and is told of what that lacks', async () => {
    const several = (healthy: EstateProject): EstateProject => ({
      ...healthy,
      functions: (healthy.functions ?? []).map((each) => ({
        ...each,
        environment: { ...each.environment, GCR_WARDEN_AUDIT_PROJECTS: `${PROJECT},acme` },
      })),
    });
    const { report } = await examine({ estate: several });
    const found = amiss(report);
    expect(found['push-subscriptions']).toMatchObject({
      status: 'missing',
      text: `There is no subscription gcr-warden-audits in ${PROJECT}.`,
    });
    const work = { ...acmeWarden(NOW_MS).subscriptions?.['gcr-warden-work'] };
    const handing = (healthy: EstateProject): EstateProject => ({
      ...several(healthy),
      subscriptions: { ...healthy.subscriptions, 'gcr-warden-audits': work as never },
    });
    expect(amiss((await examine({ estate: handing })).report)).not.toHaveProperty('push-subscriptions');
    const alone = await examine({ estate: handing, request: { targets: [] } });
    expect(Object.keys(amiss(alone.report))).not.toContain('push-subscriptions');
    expect(JSON.stringify(alone.report)).toContain('gcr-warden-audits pushes');
    expect(JSON.stringify(alone.report)).not.toContain('takes dead letters, and gcr-warden-gcr-dead-letter');
  });

  it('needs no account that may delete where policies delete elsewhere alone', async () => {
    const lacking = { [CLEAN]: ['artifactregistry.repositories.deleteArtifacts'] };
    const { report } = await examine({ lacking });
    expect(amiss(report)).toEqual({});
    expect(isHealthy(report)).toBe(true);
  });

  it('asks before anything is deployed whether the caller can deploy, and what is there already', async () => {
    const { report } = await examine({
      estate: ({ topics, services, ...empty }) => ({
        ...empty,
        services: services ?? [],
        topics: { gcr: topics?.['gcr'] ?? [] },
        functions: [],
        jobs: [],
        subscriptions: {},
        databases: {},
      }),
      lacking: { caller: ['pubsub.topics.create'] },
      request: { targets: [parseTarget(`${REGION}-docker.pkg.dev/${PROJECT}/images`)] },
    });
    const found = amiss(report);
    expect(found['caller-permissions']?.text).toContain('pubsub.topics.create (deploys with Terraform)');
    expect(found['functions']?.text).toContain('Nothing is deployed');
    expect(Object.keys(found).sort()).toEqual([
      'audit-logs',
      'caller-permissions',
      'dead-letters',
      'functions',
      'ledger',
      'push-subscriptions',
      'scheduler',
    ]);
  });

  it('of the audit alone needs nothing that cleans', async () => {
    const { report } = await examine({
      estate: (healthy) => ({
        ...healthy,
        functions: (healthy.functions ?? [])
          .filter(({ name }) => /-(audit|report)$/.test(name))
          .map((each) => ({ ...each, environment: { ...each.environment, GCR_WARDEN_TARGETS: '' } })),
        jobs: (healthy.jobs ?? []).filter(({ name }) => name.endsWith('-audit')),
        subscriptions: {},
        topics: { 'gcr-warden-notifications': [] },
      }),
      request: { policies: 'terraform/examples/audit-only/policies' },
    });
    expect(amiss(report)).toEqual({});
    const unused = report.checks.filter(({ status }) => status === 'not used').map(({ id }) => id);
    expect(unused).toContain('push-subscriptions');
    expect(unused).toContain('dead-letters');
  });

  it('that nothing names is unknown, and says how to name it', async () => {
    const { report } = await examine({ denied: ['cloudfunctions'], request: { policies: null } });
    const found = amiss(report);
    expect(found['notification-topic']?.text).toContain('--target');
    expect(found['policies']?.text).toContain('--policies');
    expect(found['functions']?.status).toBe('unknown');
  });
});

it('tells of questions that were too many to ask', async () => {
  const many = Array.from({ length: 400 }, (_, index) => `${REGION}-docker.pkg.dev/${PROJECT}/r${index}`);
  const { report, requests } = await examine({ request: { targets: many.map(parseTarget) } });
  expect(amiss(report)['account-permissions']).toMatchObject({ status: 'unknown' });
  expect(requests['POST repository permissions']).toBeLessThanOrEqual(1_000);
});

describe('a ledger in a file', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'warden-doctor-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('is read and not touched', async () => {
    const path = join(directory, 'ledger.sqlite');
    await (await openLedger(path)).close();
    const before = readFileSync(path);
    const { report } = await examine({ request: { ledger: path } });
    expect(amiss(report)).toEqual({});
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(directory)).toEqual(['ledger.sqlite']);
  });

  it('that somebody works with is read as it is by now', async () => {
    const path = join(directory, 'open.sqlite');
    const open = await openLedger(path);
    const { report } = await examine({ request: { ledger: path } });
    await open.close();
    expect(amiss(report)).toEqual({});
  });

  it('that is not there is not made', async () => {
    const { report } = await examine({ request: { ledger: join(directory, 'none.sqlite') } });
    expect(amiss(report)).toMatchObject({ ledger: { status: 'missing' } });
    expect(readdirSync(directory)).not.toContain('none.sqlite');
  });

  it('that is none is unknown', async () => {
    const { report } = await examine({ request: { ledger: 'package.json' } });
    expect(amiss(report)).toMatchObject({ ledger: { status: 'unknown' } });
  });
});

it('takes no endpoint that is not on this machine', () => {
  expect(() => openDeployment('https://example.com', Date.now)).toThrow(WardenError);
});
