import { describe, expect, it } from 'vitest';
import type { RepositoryResult } from '../../shared/app/apply-request.ts';
import { heldAsListed } from '../../shared/app/exact-size.ts';
import type { ImageLife } from '../../shared/app/explain-image.ts';
import type { Decision } from '../../shared/core/decision.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import type { Run } from '../../shared/core/journal.ts';
import type { Listing } from '../../shared/core/listing.ts';
import { MEDIA_TYPES } from '../../shared/core/manifest.ts';
import type { Allowance, Plan, RepositoryPlan, Step } from '../../shared/core/plan.ts';
import type { PolicySummary } from '../../shared/core/policy.ts';
import { renderResults } from '../../shared/report/apply-text.ts';
import { renderRuns } from '../../shared/report/history-text.ts';
import { renderImageLife } from '../../shared/report/image-text.ts';
import { renderListings } from '../../shared/report/listing-text.ts';
import { renderPlan, renderRepositoryPlan } from '../../shared/report/plan-text.ts';
import { printable, table } from '../../shared/report/text.ts';
import { READER } from '../support/reader-clock.ts';

const STYLE = { widthColumns: 100, colour: false, clock: READER };
const NOW_MS = Date.parse('2026-03-01T10:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1000;
const A = `sha256:${'aa'.repeat(32)}` as const;
const B = `sha256:${'bb'.repeat(32)}` as const;
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';

const source = { file: 'services.yaml', line: 1, contentHash: B, gitRevision: known('4f2a91c') };
const allowedBy: Allowance[] = [{ policy: 'services', rule: 'pull-requests', mode: 'enforce', source }];
const untag: Step = { kind: 'untag', tag: 'pr-1', digest: A, root: A, chain: 0, allowedBy };
const remove: Step = {
  kind: 'delete',
  digest: A,
  root: A,
  chain: 0,
  tags: ['pr-1'],
  sizeBytes: 10,
  allowedBy,
};

describe('what a run did', () => {
  const cases: readonly {
    readonly what: string;
    readonly results: readonly RepositoryResult[];
    readonly text: string;
  }[] = [
    {
      what: 'says so where there was nothing to do',
      results: [],
      text: 'Nothing to do: the plan has no steps.\n',
    },
    {
      what: 'shows every step with its outcome and counts them',
      results: [
        {
          repository: REPOSITORY,
          runId: 'r1',
          refusal: null,
          results: [
            {
              step: untag,
              outcome: { kind: 'skipped', why: 'moved', detail: `tag pr-1 points at ${B} now` },
            },
            { step: remove, outcome: { kind: 'deleted' } },
          ],
        },
      ],
      text: [
        `${REPOSITORY}  run r1`,
        'STEP      DIGEST        OUTCOME',
        'tag pr-1  aaaaaaaaaaaa  skipped: moved (tag pr-1 points at',
        `                        ${B} now)`,
        'digest    aaaaaaaaaaaa  deleted',
        'skipped: moved 1 tag, deleted 1 digest',
        '',
      ].join('\n'),
    },
    {
      what: 'says what was left alone, with nothing from outside that a terminal would obey',
      results: [{ repository: REPOSITORY, runId: null, refusal: 'held by \u001b[31mr0', results: [] }],
      text: `${REPOSITORY}\nLeft alone: held by \\u001b[31mr0\n`,
    },
  ];
  it.each(cases)('$what', ({ results, text }) => {
    expect(renderResults(results, STYLE)).toBe(text);
  });
});

const spoken: Decision = {
  root: A,
  tags: ['pr-1'],
  members: [],
  verdict: 'delete',
  because: null,
  unknown: null,
  voices: [
    {
      policy: 'services',
      rule: 'pull-requests',
      effect: 'delete',
      answer: 'yes',
      mode: 'enforce',
      source,
      line: 9,
      evidence: [{ kind: 'everything' }],
    },
  ],
  enforced: true,
};
const OWNED: PolicySummary = { name: 'services', owner: 'me\u001b[31m', reason: 'Rebuilt on demand.' };

it('names the owner of a policy and its reason in the plan of a repository, made printable', () => {
  const plan: RepositoryPlan = {
    repository: REPOSITORY,
    listedAtMs: NOW_MS,
    completeness: { kind: 'complete' },
    manifestCount: 0,
    artifactCount: 0,
    inventoryHash: A,
    policies: [
      { name: 'bare', owner: null, reason: null },
      { name: 'owned', owner: 'me@example.com', reason: null },
      { name: 'reasoned', owner: null, reason: 'To save.' },
      OWNED,
    ],
    asksUsage: false,
    decisions: [],
    steps: [],
    limits: null,
    refusal: null,
    warnings: [],
  };
  expect(renderRepositoryPlan(plan, { ...STYLE, widthColumns: 200 }).split('\n')).toEqual([
    `${REPOSITORY}  0 artifacts, 0 manifests, policies bare, owned, reasoned, services`,
    'policy owned (me@example.com)',
    'policy reasoned: To save.',
    'policy services (me\\u001b[31m): Rebuilt on demand.',
  ]);
});

it('puts warnings about a whole target before its repositories, made printable', () => {
  const plan: Plan = {
    version: 1,
    kind: 'gcr-warden/plan',
    id: A,
    createdAtMs: NOW_MS,
    target: 'gcr.io/acme',
    catalog: { kind: 'complete' },
    problems: [],
    warnings: ['a.yaml:1: one\u001b', 'a.yaml:2: two'],
    repositories: [],
  };
  expect(renderPlan(plan, STYLE)).toMatch(/^a\.yaml:1: one\\u001b\na\.yaml:2: two\n\nPlan /);
});

it("names the owner and the reason of a policy in an image's life", () => {
  const decision = { atMs: NOW_MS, runId: 'r1', decision: spoken, policies: [OWNED], alsoIn: [] };
  const life: ImageLife = {
    repository: REPOSITORY,
    digest: A,
    history: null,
    doers: null,
    decision,
    quarantine: [
      {
        version: 1,
        root: A,
        tags: ['pr-1'],
        seenAtMs: NOW_MS,
        sinceMs: NOW_MS,
        runId: 'r1',
        rules: [{ policy: 'services', rule: 'old', graceMs: 7 * DAY_MS, meaning: B }],
        end: { atMs: NOW_MS + DAY_MS, why: 'pulled', detail: 'it was pulled by noon' },
      },
    ],
    lastUse: { lastSeenDay: 20_500, unseenDay: 20_510, isBestEffort: true },
    pulled: [
      [20_480, 20_482],
      [20_490, 20_490],
    ],
    journal: [],
    restorations: [],
    holds: [],
  };
  const text = renderImageLife(life, { ...STYLE, widthColumns: 200 });
  expect(text).toContain('          policy services (me\\u001b[31m): Rebuilt on demand.\n');
  expect(text).toContain(
    'Waited    in quarantine since 2026-03-01 10:00 UTC for 7 d by rule old of policy services; ended on 2026-03-02 10:00 UTC, pulled: it was pulled by noon\n',
  );
  expect(text).toContain(
    'Used      last seen in use on 2026-02-16, not on 2026-02-26, as far as best effort tells\nPulled    on 4 days, last on 2026-02-06\n',
  );
});

it('shows runs newest first as they come, and what became of each', () => {
  const run: Run = {
    version: 1,
    id: 'r1',
    repository: REPOSITORY,
    planId: A,
    startedAtMs: NOW_MS,
    finishedAtMs: NOW_MS,
    trigger: 'schedule',
    mode: 'apply',
    kept: 3,
    toDelete: 1,
    outcomes: { deleted: 2, 'skipped: moved': 1 },
    refusal: null,
  };
  const runs = [
    run,
    { ...run, mode: 'plan' as const, outcomes: {} },
    { ...run, finishedAtMs: null, outcomes: {} },
    { ...run, outcomes: {}, refusal: 'Another run works on it.' },
  ];
  const start = `2026-03-01 10:00 UTC (264 d ago)`;
  expect(renderRuns(runs, { ...STYLE, widthColumns: 160 })).toBe(
    [
      `STARTED                           MODE   BY        RUN  REPOSITORY                               OUTCOME`,
      `${start}  apply  schedule  r1   ${REPOSITORY}  2 deleted, 1 skipped: moved`,
      `${start}  plan   schedule  r1   ${REPOSITORY}  1 artifact to delete, 3 to keep`,
      `${start}  apply  schedule  r1   ${REPOSITORY}  under way, or interrupted`,
      `${start}  apply  schedule  r1   ${REPOSITORY}  Another run works on it.`,
      '',
    ].join('\n'),
  );
});

it("tells an image's life with the rule, the file, its content and revision, and the reason once", () => {
  const life: ImageLife = {
    repository: REPOSITORY,
    digest: A,
    history: {
      firstSeenAtMs: NOW_MS - 30 * DAY_MS,
      firstSeenBy: 'told',
      presentSinceMs: NOW_MS - 30 * DAY_MS,
      absentAtMs: null,
      tags: [{ tag: 'pr-1', digest: A, fromMs: NOW_MS - 30 * DAY_MS, untilMs: NOW_MS, source: 'told' }],
      untaggedSinceMs: NOW_MS,
      untaggedBy: 'told',
      deletedAtMs: NOW_MS,
    },
    doers: {
      pushed: { kind: 'account', email: 'ann@example.com' },
      tags: [{ set: { kind: 'unknown' }, removed: { kind: 'warden' } }],
      deleted: { kind: 'warden' },
    },
    decision: null,
    quarantine: [],
    lastUse: { lastSeenDay: null, unseenDay: null, isBestEffort: false },
    pulled: [],
    journal: [remove, untag].map((step, index) => ({
      intent: {
        version: 1,
        runId: 'r1',
        index,
        repository: REPOSITORY,
        planId: B,
        atMs: NOW_MS,
        step,
        reason: 'deleted: because',
      },
      settlement: {
        version: 1,
        runId: 'r1',
        repository: REPOSITORY,
        index,
        atMs: NOW_MS,
        outcome: { kind: 'deleted' },
      },
    })),
    restorations: [],
    holds: [],
  };
  const text = renderImageLife(life, { ...STYLE, widthColumns: 200 });
  expect(text.split('\n').slice(1)).toEqual([
    'Seen      2026-01-30 10:00 UTC (294 d ago), told by the registry; pushed by ann@example.com',
    'Tag       pr-1 from 2026-01-30 10:00 UTC (294 d ago), set by unknown until 2026-03-01 10:00 UTC (264 d ago), taken away by gcr-warden',
    'Untagged  since 2026-03-01 10:00 UTC (264 d ago)',
    'Gone      2026-03-01 10:00 UTC (264 d ago), deleted by gcr-warden',
    'Decided   never judged',
    'Done      2026-03-01 10:00 UTC (264 d ago): delete the manifest: deleted (run r1)',
    '          deleted: because',
    '          allowed by rule pull-requests of policy services, services.yaml with content sha256:bbbbbbbbbbbb at git revision 4f2a91c',
    'Done      2026-03-01 10:00 UTC (264 d ago): remove tag pr-1: deleted (run r1)',
    '',
  ]);
});

it('lists what a registry holds, youngest first, and says what is not known and not all', () => {
  const listing: Listing = {
    version: 1,
    repository: REPOSITORY,
    takenAtMs: NOW_MS,
    completeness: { kind: 'incomplete', reason: 'the list may be cut' },
    manifests: [
      { digest: A, tags: [], mediaType: unknown('x'), sizeBytes: unknown('x'), uploadedAtMs: unknown('x') },
      {
        digest: B,
        tags: ['1.0.0', 'latest'],
        mediaType: known(MEDIA_TYPES.ociIndex),
        sizeBytes: known(1_500_000),
        uploadedAtMs: known(NOW_MS - 2 * DAY_MS),
      },
    ],
    relations: {},
  };
  const text = renderListings(
    {
      catalog: { completeness: { kind: 'complete' }, repositories: [REPOSITORY] },
      listings: [listing],
      sizes: [heldAsListed(listing)],
    },
    NOW_MS,
    STYLE,
  );
  expect(text).toBe(
    [
      `${REPOSITORY}  2 manifests, up to 1.5 MB and 1 of unknown size`,
      'This may not be all: the list may be cut',
      'DIGEST          SIZE  UPLOADED  TYPE   TAGS',
      'bbbbbbbbbbbb  1.5 MB   2 d ago  index  1.0.0, latest',
      'aaaaaaaaaaaa       ?         ?  ?      -',
      '',
    ].join('\n'),
  );
});

describe('a table', () => {
  it('wraps its last column under itself', () => {
    const text = table([{ title: 'A' }, { title: 'B' }], [['1', 'one two three four five six']], {
      widthColumns: 28,
      colour: false,
      clock: READER,
    });
    expect(text).toBe('A  B\n1  one two three four five\n   six');
  });
});

describe('a text from outside', () => {
  const hostile: readonly { readonly what: string; readonly text: string; readonly shown: string }[] = [
    { what: 'an escape sequence', text: '\u001b]0;x\u0007', shown: '\\u001b]0;x\\u0007' },
    { what: 'a new line', text: 'a\nkeep  b', shown: 'a\\u000akeep  b' },
    { what: 'a change of direction', text: 'a\u202eb', shown: 'a\\u202eb' },
    { what: 'other languages', text: 'größe 大きさ', shown: 'größe 大きさ' },
  ];
  it.each(hostile)('shows $what without obeying it', ({ text, shown }) => {
    expect(printable(text)).toBe(shown);
  });
});
