import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { keepFindings } from '../../shared/app/keep-findings.ts';
import { readCost } from '../../shared/app/report/cost.ts';
import { readEstate } from '../../shared/app/report/estate.ts';
import { readImage } from '../../shared/app/report/image.ts';
import { readPolicies } from '../../shared/app/report/policies.ts';
import { ROWS_A_PART, readRepository, repositoryPart } from '../../shared/app/report/repository.ts';
import type { ArtifactNote } from '../../shared/core/artifact-note.ts';
import { auditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { dayOf } from '../../shared/core/day-ranges.ts';
import type { Decision } from '../../shared/core/decision.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { Outcome } from '../../shared/core/journal.ts';
import { MEDIA_TYPES } from '../../shared/core/manifest.ts';
import { parseImageReference } from '../../shared/core/reference.ts';
import type { RepositorySample } from '../../shared/core/repository-sample.ts';
import type { StoredNow } from '../../shared/core/stored-size.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Ledger } from '../../shared/ports.ts';
import { servedLinks } from '../../shared/report/page-links.ts';
import { renderPage } from '../../shared/report/pages/frame.ts';
import { imagePage } from '../../shared/report/pages/image-page.ts';
import { repositoryPage } from '../../shared/report/pages/repository-page.ts';
import { repliesWith } from '../core/audit/replies.ts';

const NOW_MS = Date.UTC(2026, 10, 30, 9);
const API = 'europe-docker.pkg.dev/acme/services/api';
const LOCAL = 'localhost:5050/acme/api';
const SOURCE = {
  file: 'services.yaml',
  line: 1,
  contentHash: sha256('services.yaml'),
  gitRevision: known('4f1c'),
};
const CONTEXT = { links: servedLinks(null), clock: { nowMs: NOW_MS, timeZone: 'UTC' }, isServed: true };

async function openLedger(): Promise<Ledger> {
  const folder = await mkdtemp(join(tmpdir(), 'report-views-'));
  const ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'));
  onTestFinished(async () => {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  });
  return ledger;
}

function decision(name: string, more: Partial<Decision> = {}): Decision {
  return {
    root: sha256(name),
    tags: [name],
    members: [],
    verdict: 'keep',
    because: 'no rule names it',
    unknown: null,
    voices: [],
    enforced: false,
    ...more,
  };
}

function note(daysAgo: number, more: Partial<ArtifactNote> = {}): ArtifactNote {
  return {
    mediaType: known(MEDIA_TYPES.ociManifest),
    sizeBytes: known(1_000),
    uploadedAtMs: known(NOW_MS - daysAgo * DAY_MS),
    lastPulledAtMs: unknown('no rule asks for it'),
    usedBy: unknown('no rule asks for it'),
    nested: [],
    ...more,
  };
}

function sample(daysAgo: number, more: Partial<RepositorySample> = {}): RepositorySample {
  return {
    version: 1,
    atMs: NOW_MS - daysAgo * DAY_MS,
    manifests: 1,
    artifacts: 1,
    untaggedArtifacts: 0,
    sizeBytes: 1_000,
    unknownCount: 0,
    garbage: known({ artifacts: 0, manifests: 0, sizeBytes: 0, unknownCount: 0 }),
    goingBy: {},
    ...more,
  };
}

async function judge(
  ledger: Ledger,
  decisions: readonly Decision[],
  notes: readonly ArtifactNote[] | null,
  { repository = API, daysAgo = 0 } = {},
): Promise<void> {
  await ledger.saveDecisions(repository, {
    runId: 'run-1',
    planId: sha256('plan'),
    atMs: NOW_MS - daysAgo * DAY_MS,
    policies: [],
    decisions,
    notes,
  });
}

/** Deletes manifests, as a run writes it down. */
async function remove(
  ledger: Ledger,
  digests: readonly Digest[],
  more: {
    readonly repository?: string;
    readonly sizeBytes?: number | null;
    readonly outcome?: Outcome;
    readonly runId?: string;
    readonly daysAgo?: number;
  } = {},
): Promise<void> {
  const {
    repository = API,
    sizeBytes = 5_000,
    outcome = { kind: 'deleted' },
    runId = 'run-1',
    daysAgo = 2,
  } = more;
  const atMs = NOW_MS - daysAgo * DAY_MS;
  await ledger.writeIntents(
    digests.map((digest, index) => ({
      version: 1,
      runId,
      index,
      repository,
      planId: sha256('plan'),
      atMs,
      step: {
        kind: 'delete',
        digest,
        root: digest,
        chain: index,
        tags: [],
        sizeBytes,
        allowedBy: [{ policy: 'services', rule: 'untagged', mode: 'enforce', source: SOURCE }],
      },
      reason: 'deleted: rule untagged',
    })),
  );
  await ledger.writeSettlements(
    digests.map((_, index) => ({ version: 1, runId, repository, index, atMs: atMs + 1, outcome })),
  );
}

/** A manifest with layers of so many bytes each, and its digest. */
function manifestOf(layers: Readonly<Record<string, number>>): {
  readonly digest: Digest;
  readonly content: string;
} {
  const content = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256('config'), size: 10 },
    layers: Object.entries(layers).map(([name, size]) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: sha256(name),
      size,
    })),
  });
  return { digest: sha256(content), content };
}

describe('the view of the estate', () => {
  it('has every repository that has a sample or a run, the largest first, those of unknown size last', async () => {
    const ledger = await openLedger();
    await ledger.recordSample('small', sample(1));
    await ledger.recordSample('large', sample(1, { sizeBytes: 9_000 }));
    await ledger.saveRun({
      version: 1,
      id: 'r',
      repository: 'unread',
      planId: sha256('plan'),
      startedAtMs: NOW_MS,
      finishedAtMs: NOW_MS,
      trigger: 'command',
      mode: 'plan',
      kept: 0,
      toDelete: 0,
      outcomes: {},
      refusal: 'The repository could not be read',
    });
    const view = await readEstate(ledger, NOW_MS);
    expect(view.repositories.map(({ repository }) => repository)).toEqual(['large', 'small', 'unread']);
    expect(view.days.at(-1)).toMatchObject({ sizeBytes: 10_000, repositories: 2 });
    expect(view.lastRun?.repository).toBe('unread');
  });

  it('is of nothing where nothing was written down', async () => {
    const view = await readEstate(await openLedger(), NOW_MS);
    expect(view).toMatchObject({ repositories: [], days: [], lastRun: null, isAll: true, stopOrder: null });
  });
});

describe('the view of a repository', () => {
  it('puts what goes first, then the youngest, in parts, and finds by every word', async () => {
    const ledger = await openLedger();
    const many = Array.from({ length: ROWS_A_PART + 5 }, (_, at) => decision(`build-${at}`));
    const going = decision('pr-7', { verdict: 'delete', because: null, tags: [] });
    await judge(ledger, [...many, going], [...many.map((_, at) => note(at)), note(400)]);
    const record = await readRepository(ledger, API, NOW_MS);
    const first = repositoryPart(record, { shown: 'all', part: 1 });
    expect(first.rows).toHaveLength(ROWS_A_PART);
    expect(first.rows.slice(0, 3).map(({ decision: { root } }) => root)).toEqual(
      ['pr-7', 'build-0', 'build-1'].map((name) => sha256(name)),
    );
    expect(record.counts).toEqual({
      all: ROWS_A_PART + 6,
      going: 1,
      waiting: 0,
      kept: ROWS_A_PART + 5,
      untagged: 1,
      used: 0,
    });
    expect(repositoryPart(record, { shown: 'all', part: 2 }).rows).toHaveLength(6);
    expect(repositoryPart(record, { shown: 'all', part: 999 }).part).toBe(2);
    expect(repositoryPart(record, { shown: 'kept', part: 1, search: 'BUILD-204' }).found).toBe(1);
    expect(repositoryPart(record, { shown: 'going', part: 1, search: 'build' })).toMatchObject({
      found: 0,
      parts: 1,
    });
  });

  it('tells pulls and use by day, of a member and a tag too, and says what is not known', async () => {
    const ledger = await openLedger();
    const member = sha256('member');
    const today = dayOf(NOW_MS);
    await judge(
      ledger,
      [decision('a', { members: [member] }), decision('b'), decision('c')],
      [note(1), note(2, { usedBy: known(['pod web']) }), note(3)],
    );
    await ledger.recordPulls(API, [
      { reference: member, days: [[today - 5, today - 4]] },
      { reference: 'b', days: [[today - 9, today - 9]] },
    ]);
    await ledger.recordUsage(API, { day: today, standing: 'complete', references: [member] });
    const record = await readRepository(ledger, API, NOW_MS);
    const rows = record.rows.map(({ lastPullDay, lastUseDay }) => [lastPullDay, lastUseDay]);
    expect(rows).toEqual([
      [today - 4, today],
      [today - 9, null],
      [null, null],
    ]);
    expect(record.counts.used).toBe(2);
    expect(record.pullsSinceMs.kind).toBe('unknown');
    const page = renderPage(
      repositoryPage(repositoryPart(record, { shown: 'all', part: 1 }), CONTEXT),
      CONTEXT,
    );
    // Nothing waits, so nobody is asked to look at what does.
    expect(page).not.toContain('In quarantine');
    expect(page).toContain('none known');
    expect(page).toContain('in use</span> pod web');
  });

  it('names what is in quarantine, and has a list of it', async () => {
    const ledger = await openLedger();
    const waiting = decision('waits', {
      because: 'in quarantine',
      quarantine: { kind: 'waiting', sinceMs: NOW_MS - DAY_MS, untilMs: NOW_MS + DAY_MS, unknown: null },
    });
    await judge(ledger, [waiting, decision('kept')], [note(1), note(2)]);
    const record = await readRepository(ledger, API, NOW_MS);
    const view = repositoryPart(record, { shown: 'waiting', part: 1 });
    expect(view.rows.map(({ decision: { root } }) => root)).toEqual([waiting.root]);
    const page = renderPage(repositoryPage(view, CONTEXT), CONTEXT);
    expect(page).toContain('In quarantine 1');
    expect(page).toContain('<span class="chip warn">in quarantine</span>');
    expect(page).toContain('in quarantine since 2026-11-29');
  });

  it('shows what an earlier version judged, and that size and age were not written down', async () => {
    const ledger = await openLedger();
    await judge(ledger, [decision('old')], null);
    const record = await readRepository(ledger, API, NOW_MS);
    const page = renderPage(
      repositoryPage(repositoryPart(record, { shown: 'all', part: 1 }), CONTEXT),
      CONTEXT,
    );
    expect(page).toContain('an earlier version judged it');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('is refused where the ledger never heard of it', async () => {
    const ledger = await openLedger();
    await expect(readRepository(ledger, API, NOW_MS)).rejects.toMatchObject({ code: 'REPOSITORY_UNKNOWN' });
  });
});

describe('the view of cost', () => {
  it('counts a layer once where manifests are kept, and none that something there still has', async () => {
    const ledger = await openLedger();
    const [one, two, stays] = [
      manifestOf({ base: 1_000, app: 200 }),
      manifestOf({ base: 1_000, shared: 500 }),
      manifestOf({ base: 1_000 }),
    ];
    await ledger.saveManifests(
      [one, two, stays].map(({ digest, content }) => ({
        repository: API,
        digest,
        mediaType: MEDIA_TYPES.ociManifest,
        content,
      })),
      null,
    );
    await remove(ledger, [one.digest, two.digest], { sizeBytes: 1_700 });
    await judge(ledger, [decision('stays', { root: stays.digest })], [note(1)]);
    const view = await readCost(ledger, NOW_MS);
    const own = one.content.length + two.content.length;
    expect(view.repositories).toMatchObject([
      {
        repository: API,
        deleted: 2,
        freed: { kind: 'at most', sizeBytes: 200 + 500 + own, unknownCount: 0 },
      },
    ]);
    expect(view.months).toMatchObject([{ month: '2026-11', deleted: 2, sizeBytes: 3_400 }]);
    expect(view.dollarsPerMonth).toBeCloseTo(((700 + own) / 2 ** 30) * 0.1, 12);
  });

  it('does not count what came back, was skipped, or was listed again, and says what has no size', async () => {
    const ledger = await openLedger();
    const [gone, again, back, unsized] = ['gone', 'again', 'back', 'unsized'].map(sha256) as [
      Digest,
      Digest,
      Digest,
      Digest,
    ];
    await remove(ledger, [gone, again, back]);
    await remove(ledger, [sha256('moved')], {
      runId: 'run-2',
      outcome: { kind: 'skipped', why: 'moved', detail: 'it' },
    });
    await remove(ledger, [unsized], { runId: 'run-3', sizeBytes: null });
    await judge(ledger, [decision('again', { root: again })], [note(1)]);
    await ledger.saveRestoration({
      version: 1,
      id: 'restoration-1',
      repository: API,
      source: { kind: 'image', digest: back },
      by: 'ann@example.com',
      atMs: NOW_MS - DAY_MS,
      finishedAtMs: NOW_MS,
      heldUntilMs: null,
      manifests: [{ digest: back, outcome: { kind: 'restored' } }],
      tags: [],
    });
    const view = await readCost(ledger, NOW_MS);
    expect(view.repositories).toMatchObject([
      { deleted: 2, freed: { kind: 'at most', sizeBytes: 5_000, unknownCount: 1 } },
    ]);
  });

  it('counts what was deleted, came back and was deleted again as gone', async () => {
    const ledger = await openLedger();
    const digest = sha256('twice');
    await remove(ledger, [digest], { daysAgo: 9 });
    await judge(ledger, [decision('twice')], [note(1)], { daysAgo: 5 });
    await remove(ledger, [digest], { runId: 'run-2', daysAgo: 1 });
    expect((await readCost(ledger, NOW_MS)).repositories).toMatchObject([
      { deleted: 1, freed: { sizeBytes: 5_000 } },
    ]);
  });

  it('tells what is really stored where audits saw it, day by day, and what that costs', async () => {
    const ledger = await openLedger();
    expect((await readCost(ledger, NOW_MS)).stored).toEqual({ repositories: [], days: [] });
    const audit = (day: number, sizes: readonly StoredNow[]) =>
      keepFindings(
        { ledger },
        auditReport(repliesWith(), NOW_MS + day * DAY_MS, DEFAULT_AUDIT_SETTINGS),
        sizes,
      );
    await audit(0, [
      { name: 'a', sizeBytes: known(5) },
      { name: 'b', sizeBytes: known(2 ** 30) },
    ]);
    await audit(0, [{ name: 'a', sizeBytes: known(7) }]);
    await audit(1, [{ name: 'a', sizeBytes: unknown('denied') }]);
    await audit(2, [{ name: 'a', sizeBytes: known(9) }]);
    await audit(20, [{ name: 'a', sizeBytes: known(1) }]);
    const { stored } = await readCost(ledger, NOW_MS);
    expect(stored.repositories).toEqual([
      { name: 'b', day: dayOf(NOW_MS), sizeBytes: 2 ** 30, dollarsPerMonth: 0.1 },
      { name: 'a', day: dayOf(NOW_MS) + 20, sizeBytes: 1, dollarsPerMonth: expect.any(Number) },
    ]);
    // What was not seen for longer than a week is not counted on.
    expect(stored.days.map(({ sizeBytes }) => sizeBytes)).toEqual([7 + 2 ** 30, 9 + 2 ** 30, 1]);
  });

  it('has no price for registries that are not Google’s, and none where nothing happened', async () => {
    const ledger = await openLedger();
    expect(await readCost(ledger, NOW_MS)).toMatchObject({
      repositories: [],
      months: [],
      dollarsPerMonth: 0,
    });
    await remove(ledger, [sha256('gone')], { repository: LOCAL });
    expect((await readCost(ledger, NOW_MS)).repositories).toMatchObject([{ dollarsPerMonth: null }]);
  });
});

describe('the view of policies', () => {
  it('tells what each did and would take, and when it is due next', async () => {
    const ledger = await openLedger();
    await ledger.savePolicyRoster([
      {
        name: 'services',
        mode: 'enforce',
        schedule: { cron: '0 3 * * *', timeZone: 'UTC' },
        owner: null,
        reason: null,
        source: SOURCE,
        include: ['**'],
        seenAtMs: NOW_MS,
      },
    ]);
    await ledger.claimTick('services', NOW_MS - 6 * 3_600_000);
    await remove(ledger, [sha256('a'), sha256('b')]);
    await remove(ledger, [sha256('c')], {
      runId: 'run-2',
      outcome: { kind: 'blocked', reason: 'immutable' },
    });
    await ledger.recordSample(API, sample(1, { goingBy: { services: 4 } }));
    // Only another policy was due: that says nothing of this one.
    await ledger.recordSample(API, sample(0, { garbage: unknown('only the policies that were due spoke') }));
    await ledger.recordSample('other', sample(60, { goingBy: { services: 9 } }));
    const { policies } = await readPolicies(ledger, NOW_MS);
    expect(policies).toMatchObject([
      {
        name: 'services',
        nextMs: known(Date.UTC(2026, 11, 1, 3)),
        lastTickMs: NOW_MS - 6 * 3_600_000,
        going: 4,
        goingRepositories: 1,
        deeds: { deleted: 2, deletedBytes: 10_000, unknownCount: 0, others: { blocked: 1 } },
      },
    ]);
  });

  it('tells of one that no run reads any more by its deeds, and of a schedule that gives no time', async () => {
    const ledger = await openLedger();
    await remove(ledger, [sha256('a')]);
    const broken = { cron: 'never', timeZone: 'Mars/Base' };
    await ledger.savePolicyRoster([
      {
        name: 'broken',
        mode: 'plan',
        schedule: broken,
        owner: null,
        reason: null,
        source: SOURCE,
        include: [],
        seenAtMs: NOW_MS,
      },
    ]);
    const { policies } = await readPolicies(ledger, NOW_MS);
    expect(policies.map(({ name, entry, nextMs }) => [name, entry === null, nextMs?.kind])).toEqual([
      ['broken', false, 'unknown'],
      ['services', true, undefined],
    ]);
  });
});

describe("the view of an image's life", () => {
  it('has everything in order, and pulls of a tag only while it was this image’s', async () => {
    const ledger = await openLedger();
    const digest = sha256('image');
    const at = (daysAgo: number) => NOW_MS - daysAgo * DAY_MS;
    await ledger.recordObserved(API, [
      { atMs: at(40), source: 'told', action: 'INSERT', digest, tag: null },
      { atMs: at(40), source: 'told', action: 'INSERT', digest, tag: 'main' },
      { atMs: at(20), source: 'told', action: 'INSERT', digest: sha256('next'), tag: 'main' },
      { atMs: at(2) + 1, source: 'told', action: 'DELETE', digest, tag: null },
    ]);
    const day = (daysAgo: number) => dayOf(at(daysAgo));
    await ledger.recordPulls(API, [
      {
        reference: 'main',
        days: [
          [day(30), day(29)],
          [day(10), day(10)],
        ],
      },
      { reference: digest, days: [[day(15), day(15)]] },
    ]);
    const deed = { digest, isOwn: false } as const;
    await ledger.recordDeeds(API, [
      { ...deed, atMs: at(40), kind: 'push', tag: null, by: 'ci@acme.example' },
    ]);
    await remove(ledger, [digest]);
    const view = await readImage(ledger, parseImageReference(`${API}@${digest}`), NOW_MS);
    const page = renderPage(imagePage(view, CONTEXT), CONTEXT);
    expect(page).toContain('Pushed by ci@acme.example, as the registry told.');
    expect(page).toContain('Gone from the registry, deleted by gcr-warden.');
    expect(page).toMatch(/Lost the tag <span class="tag">main<\/span></);
    expect(view.moments.map(({ kind }) => kind)).toEqual([
      'seen',
      'tagged',
      'pulled',
      'tag gone',
      'pulled',
      'gone',
      'step',
    ]);
    expect(view.moments.map(({ atMs }) => atMs)).toEqual(
      view.moments.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
    );
  });
});
