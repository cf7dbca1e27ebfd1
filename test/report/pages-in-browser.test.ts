import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { writeReportFile } from '../../cli/report-file.ts';
import { writeReportFolder } from '../../cli/report-folder.ts';
import { reportHandler } from '../../functions/handlers/report.ts';
import { serveFunction } from '../../local/function-server.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import type { Ledger } from '../../shared/ports.ts';
import { type Browser, type BrowserPage, startChromium } from '../support/chromium.ts';
import { describeWithPeers } from '../support/peer.ts';
import { fillHostileLedger, fillReportLedger, REPORT_NOW_MS } from '../support/report-ledger.ts';

const CLOCK = { nowMs: REPORT_NOW_MS, timeZone: 'Europe/Berlin' };

describeWithPeers(['chromium'], 'the pages of the report in a browser', () => {
  let browser: Browser;
  let folder: string;
  let ledger: Ledger;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-pages-'));
    ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'));
    await fillReportLedger(ledger);
    await writeReportFolder(ledger, {
      folder: join(folder, 'report'),
      clock: CLOCK,
      imagesMax: 40,
    });
    browser = await startChromium();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await ledger?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A file of each kind of page. */
  function files(): string[] {
    const names = readdirSync(join(folder, 'report'));
    const first = (pattern: RegExp) => names.filter((name) => pattern.test(name)).slice(0, 1);
    return [
      'index.html',
      'runs.html',
      'policies.html',
      'findings.html',
      'access.html',
      'cost.html',
      ...first(/^repository-.*services-web-[0-9a-f]{16}\.html$/),
      ...first(/^run-/),
      ...first(/^image-/),
    ];
  }

  const urlOf = (file: string): string => `file://${join(folder, 'report', file)}`;

  it('load from files without a complaint, and ask for nothing besides themselves', async () => {
    const page = await browser.page();
    expect(files()).toHaveLength(9);
    for (const file of files()) {
      await page.open(urlOf(file));
      expect(await page.evaluate<string>('document.title')).toContain('gcr-warden');
    }
    expect(page.complaints).toEqual([]);
    expect(page.requests.filter((url) => !url.startsWith(`file://${folder}`))).toEqual([]);
  }, 120_000);

  it('have nothing that keyboards, screen readers or weak eyes stumble over, light and dark', async () => {
    const page = await browser.page();
    for (const scheme of ['light', 'dark'] as const) {
      await page.look({ width: 1280, height: 900, scheme });
      for (const file of files()) {
        await page.open(urlOf(file));
        await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
        await page.evaluate(axe.source);
        const violations = await page.evaluate<string[]>(
          `axe.run(${scheme === 'light' ? '' : '{ runOnly: ["color-contrast"] }'}).then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.slice(0, 3).map(({ html, failureSummary }) => html + " " + failureSummary).join(" | ")))`,
        );
        expect({ file, scheme, violations }).toEqual({ file, scheme, violations: [] });
      }
    }
  }, 180_000);

  it('are no wider than a phone: what is wide scrolls by itself', async () => {
    const page = await browser.page();
    await page.look({ width: 390, height: 800, scheme: 'light' });
    for (const file of files()) {
      await page.open(urlOf(file));
      expect({
        file,
        over: await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
      }).toEqual({ file, over: 0 });
    }
  }, 120_000);

  it('filter and sort their tables', async () => {
    const page = await browser.page();
    await page.open(urlOf('runs.html'));
    const shown = () =>
      page.evaluate<number>(
        "[...document.querySelector('table[data-name=runs]').tBodies[0].rows].filter((row) => !row.hidden).length",
      );
    const all = await shown();
    await type(page, 'runs', 'services/web deleted');
    const some = await shown();
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(all);
    expect(await page.evaluate("document.querySelector('output').textContent")).toBe(`${some} of ${all}`);
    await type(page, 'runs', '');
    expect(await shown()).toBe(all);

    await page.open(urlOf('index.html'));
    await page.evaluate("document.querySelectorAll('table[data-name=repositories] th button')[1].click()");
    const sizes = await page.evaluate<number[]>(
      "[...document.querySelector('table[data-name=repositories]').tBodies[0].rows].map((row) => Number(row.cells[1].dataset.key))",
    );
    expect(sizes).toHaveLength(7);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(
      await page.evaluate(
        "document.querySelectorAll('table[data-name=repositories] th')[1].getAttribute('aria-sort')",
      ),
    ).toBe('ascending');
    expect(page.complaints).toEqual([]);
  }, 120_000);

  it('are one file where that is asked for, which shows one page at a time', async () => {
    const file = join(folder, 'report.html');
    const written = await writeReportFile(ledger, { file, clock: CLOCK, imagesMax: 3 });
    expect(written).toMatchObject({ leftOut: 0, problems: [] });
    const page = await browser.page();
    const shown = () =>
      page.evaluate<string[]>(
        "[...document.querySelectorAll('main > section')].filter((one) => one.checkVisibility()).map(({ id }) => id)",
      );
    await page.open(`file://${file}`);
    expect(await shown()).toEqual(['index']);
    for (const { text, id } of [
      { text: 'Runs', id: /^runs$/ },
      { text: 'Estate', id: /^index$/ },
      { text: 'Keys and access', id: /^access$/ },
    ]) {
      await page.evaluate(
        `[...document.querySelectorAll('nav a')].find((one) => one.textContent === '${text}').click()`,
      );
      expect(await shown()).toEqual([expect.stringMatching(id)]);
    }
    // A table that has the same name on another page is filtered on its own.
    await page.evaluate("location.hash = '#runs'");
    const rows = (hidden: boolean) =>
      page.evaluate<number>(
        `[...document.querySelector('#runs table').tBodies[0].rows].filter((row) => row.hidden === ${hidden}).length`,
      );
    await page.evaluate(
      "{ const box = document.querySelector('#runs .filter input'); box.value = 'services/web deleted'; box.dispatchEvent(new Event('input')); }",
    );
    expect(await rows(false)).toBeGreaterThan(0);
    expect(await rows(true)).toBeGreaterThan(0);
    await page.evaluate(axe.source);
    const repository = await page.evaluate<string>("document.querySelector('section[id^=repository]').id");
    for (const id of ['index', 'runs', repository]) {
      await page.evaluate(`location.hash = '#${id}'`);
      expect(
        await page.evaluate<string[]>(
          `axe.run({ include: [['header'], ['#${id}'], ['footer']] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))`,
        ),
      ).toEqual([]);
    }
    expect(page.complaints).toEqual([]);
    expect(page.requests.filter((url) => !url.startsWith(`file://${file}`))).toEqual([]);
  }, 120_000);

  it('print what they show, without what only a screen needs, and with all that is folded', async () => {
    const page = await browser.page();
    await page.look({ width: 794, height: 1123, scheme: 'dark', media: 'print' });
    for (const file of files()) {
      await page.open(urlOf(file));
      await page.evaluate("dispatchEvent(new Event('beforeprint'))");
      const seen = await page.evaluate<{ bars: number; folded: number; cut: number; ink: string }>(`({
        bars: [...document.querySelectorAll('.bar, .filter, nav')].filter((one) => one.checkVisibility()).length,
        folded: document.querySelectorAll('details:not([open])').length,
        cut: [...document.querySelectorAll('.scroll')].filter((one) => getComputedStyle(one).overflowX !== 'visible').length,
        ink: getComputedStyle(document.body).color,
      })`);
      expect({ file, ...seen }).toEqual({ file, bars: 0, folded: 0, cut: 0, ink: 'rgb(28, 33, 39)' });
    }
  }, 120_000);

  it('work served: a search goes to the server and comes back', async () => {
    const log = { log: () => {} };
    const served = await serveFunction(
      'report',
      reportHandler(log, async () => ({ ledger, clock: () => REPORT_NOW_MS })),
      0,
    );
    onTestFinished(() => served.close());
    const page = await browser.page();
    await page.open(`${served.url}?repository=europe-docker.pkg.dev/acme/services/api&zone=Europe/Berlin`);
    await page.evaluate("document.querySelector('form input[name=q]').value = 'main'");
    const submitted = page.loaded();
    await page.evaluate("document.querySelector('form').requestSubmit()");
    await submitted;
    expect(await page.evaluate('location.search')).toContain('q=main');
    expect(await page.evaluate('location.search')).toContain('zone=Europe');
    expect(await page.evaluate("document.body.textContent.includes('with “main” in tags')")).toBe(true);
    expect(page.complaints).toEqual([]);
  }, 120_000);

  it('show names that try to be more as text', async () => {
    const other = await mkdtemp(join(tmpdir(), 'report-hostile-'));
    const hostile = await openSqliteLedger(join(other, 'ledger.sqlite'));
    onTestFinished(async () => {
      await hostile.close();
      await rm(other, { recursive: true, force: true });
    });
    await fillHostileLedger(hostile);
    const written = await writeReportFolder(hostile, {
      folder: join(other, 'report'),
      clock: CLOCK,
      imagesMax: 20,
    });
    expect(written.problems).toEqual([]);
    const page = await browser.page();
    for (const file of readdirSync(join(other, 'report'))) {
      await page.open(`file://${join(other, 'report', file)}`);
      // What an injected script, handler or style would have done.
      expect(
        await page.evaluate(
          'window.pwned ?? document.querySelectorAll("main script, main img, main iframe, main style, main link, main [onerror], main [onload]").length',
        ),
      ).toBe(0);
    }
    expect(page.complaints).toEqual([]);
    expect(page.requests.filter((url) => !url.startsWith(`file://${other}`))).toEqual([]);
  }, 90_000);
});

async function type(page: BrowserPage, table: string, words: string): Promise<void> {
  await page.evaluate(
    `{ const box = document.querySelector('table[data-name=${table}]').closest('.scroll').previousElementSibling.querySelector('input'); box.value = ${JSON.stringify(words)}; box.dispatchEvent(new Event('input')); }`,
  );
}
