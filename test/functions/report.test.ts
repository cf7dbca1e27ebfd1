import { describe, expect, it, onTestFinished } from 'vitest';
import { reportHandler } from '../../functions/handlers/report.ts';
import { serveFunction } from '../../local/function-server.ts';
import type { Ledger } from '../../shared/ports.ts';
import { fillReportLedger, REPORT_NOW_MS } from '../support/report-ledger.ts';
import { openStage, type Stage } from './stage.ts';

const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
const DIGEST = `sha256:${'cd'.repeat(32)}` as const;

async function serve(stage: Stage, ledger: Ledger = stage.ledger): Promise<string> {
  const served = await serveFunction(
    'report',
    reportHandler(stage.logger, async () => ({ ledger, clock: () => REPORT_NOW_MS })),
    0,
  );
  onTestFinished(() => served.close());
  return served.url;
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return response.text();
}

/** Pushed once, judged never. */
async function pushOne({ ledger }: Stage): Promise<void> {
  await ledger.recordEvent({
    version: 1,
    messageId: '1',
    publishedAtMs: REPORT_NOW_MS,
    action: 'INSERT',
    repository: REPOSITORY,
    digest: DIGEST,
    tag: 'main',
  });
}

/** Long enough for every kind of page, for a machine that has much else to do. */
const DAYS = 25;
const BUSY_MS = 120_000;

const PAGES = ['estate', 'runs', 'policies', 'findings', 'access', 'cost'];

describe('the pages of the report, served', () => {
  it('allow nothing from outside, one script and one style sheet by their hashes', async () => {
    const stage = await openStage();
    const response = await fetch(await serve(stage));
    expect(response.status).toBe(200);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'/,
    );
    expect(policy).not.toContain('unsafe');
    const page = await response.text();
    expect(page).not.toMatch(/ style=| on[a-z]+=|https?:/);
    expect(page.match(/<script/g)).toHaveLength(1);
  });

  it('say of an empty ledger that nothing is known yet, each in its words', async () => {
    const stage = await openStage();
    const url = await serve(stage);
    const said = [
      'No run is written down in this ledger yet',
      'No run is written down in this ledger',
      'No run and no tick has read a policy yet',
      'No project was audited yet',
      'No project was audited yet',
      'No run has deleted anything',
    ];
    for (const [at, page] of PAGES.entries()) expect(await textOf(`${url}?page=${page}`)).toContain(said[at]);
  });

  it(
    'lead from each to the others, to every repository, run and image that they name',
    async () => {
      const stage = await openStage();
      await fillReportLedger(stage.ledger, DAYS);
      const url = await serve(stage);
      const seen = new Map<string, number>();
      const open = PAGES.map((page) => `?page=${page}`);
      const kinds = new Map<string, number>();
      for (let link = open.pop(); link !== undefined; link = open.pop()) {
        if (seen.has(link)) continue;
        const response = await fetch(`${url}${link}`);
        seen.set(link, response.status);
        const page = await response.text();
        for (const [, found = ''] of page.matchAll(/href="(\?[^"#]*)/g)) {
          const next = found.replaceAll('&amp;', '&');
          const kind = [...new URLSearchParams(next).keys()].join();
          const count = kinds.get(kind) ?? 0;
          // Some of each kind: there are hundreds.
          if (seen.has(next) || count >= 8) continue;
          kinds.set(kind, count + 1);
          open.push(next);
        }
      }
      expect([...kinds.keys()].sort()).toEqual(
        expect.arrayContaining(['image', 'page', 'repository', 'repository,show', 'run,repository']),
      );
      expect([...seen.values()].every((status) => status === 200)).toBe(true);
    },
    BUSY_MS,
  );

  it(
    'answer a search in a repository by tags, digests and rules',
    async () => {
      const stage = await openStage();
      await fillReportLedger(stage.ledger, DAYS);
      const url = `${await serve(stage)}?repository=${encodeURIComponent(REPOSITORY)}`;
      const found = await textOf(`${url}&q=${encodeURIComponent('PR- pull-requests')}`);
      expect(found).toMatch(/\d+ artifacts? with “PR- pull-requests”/);
      expect(found).toContain('pull-requests of policy services');
      expect(await textOf(`${url}&q=nothing-is-named-so`)).toContain(
        '0 artifacts with “nothing-is-named-so”',
      );
      expect(await textOf(`${url}&part=99999`)).toContain('<table data-name="artifact-table">');
      expect(await textOf(`${url}&part=x&show=y`)).toContain('<table data-name="artifact-table">');
    },
    BUSY_MS,
  );

  it('show times in the zone that is asked for, on the next page as well, and in UTC otherwise', async () => {
    const stage = await openStage();
    await pushOne(stage);
    const url = await serve(stage);
    const image = `image=${encodeURIComponent(`${REPOSITORY}@${DIGEST}`)}`;
    expect(await textOf(`${url}?${image}`)).toContain('2026-11-30 09:20 UTC');
    const zoned = await textOf(`${url}?${image}&zone=Asia/Tokyo`);
    expect(zoned).toContain('2026-11-30 18:20 +09:00');
    expect(zoned).toContain('zone=Asia%2FTokyo');
    expect(await textOf(`${url}?${image}&zone=Mars/Base`)).toContain('2026-11-30 09:20 UTC');
  });

  it("show an image's life, also by its tag", async () => {
    const stage = await openStage();
    await pushOne(stage);
    const url = await serve(stage);
    for (const name of [`${REPOSITORY}@${DIGEST}`, `${REPOSITORY}:main`]) {
      const page = await textOf(`${url}?image=${encodeURIComponent(name)}`);
      expect(page).toContain('Pushed, as the registry told.');
      expect(page).toContain('Got the tag <span class="tag">main</span>');
    }
  });

  const missing: readonly { readonly what: string; readonly query: string }[] = [
    { what: 'an image that the ledger never heard of', query: `image=${REPOSITORY}@${DIGEST}` },
    { what: 'what is no image', query: `image=${encodeURIComponent('<script>')}` },
    { what: 'a repository that no run looked at', query: 'repository=gcr.io/acme/none' },
    { what: 'a name that no repository can have', query: `repository=${encodeURIComponent('"><script>')}` },
    { what: 'a run that there is not', query: 'run=r1&repository=gcr.io/acme/none' },
    { what: 'a page that there is not', query: `page=${encodeURIComponent('<script>x')}` },
  ];
  it.each(missing)('answer 404 to $what', async ({ query }) => {
    const stage = await openStage();
    const response = await fetch(`${await serve(stage)}?${query}`);
    expect(response.status).toBe(404);
    const page = await response.text();
    expect(page).toContain('Not found');
    expect(page.match(/<script/g)).toHaveLength(1);
  });

  it(
    'say that the ledger could not be read, and not why, where a part of it is broken',
    async () => {
      const stage = await openStage();
      await fillReportLedger(stage.ledger, DAYS);
      const lastDecisions = () => Promise.reject(new Error('secret place'));
      const url = await serve(stage, { ...stage.ledger, lastDecisions });
      const response = await fetch(`${url}?repository=${encodeURIComponent(REPOSITORY)}`);
      expect(response.status).toBe(500);
      const page = await response.text();
      expect(page).toContain('The ledger could not be read');
      expect(page).not.toContain('secret place');
      // The estate does not ask for it.
      expect((await fetch(url)).status).toBe(200);
    },
    BUSY_MS,
  );

  it('can only be read', async () => {
    const stage = await openStage();
    expect((await fetch(await serve(stage), { method: 'POST' })).status).toBe(405);
  });
});

it('answers 500 without a word of why when its settings are missing', async () => {
  const stage = await openStage();
  const served = await serveFunction(
    'report',
    reportHandler(stage.logger, async () => {
      throw new Error('secret place');
    }),
    0,
  );
  onTestFinished(() => served.close());
  const response = await fetch(served.url);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('secret place');
});
