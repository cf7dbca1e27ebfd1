/**
 * Takes the pictures of the report pages that the documentation shows, over a ledger of a made-up company:
 * `npm run screenshots`. Needs chromium.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeReportFolder } from '../../cli/report-folder.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { startChromium } from '../support/chromium.ts';
import { fillReportLedger, REPORT_NOW_MS } from '../support/report-ledger.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));

/** A picture for a page that is read on a slow line. */
const BYTES_MAX = 200_000;

/** Which page, and how much of it. */
const PICTURES: readonly { readonly name: string; readonly file: RegExp; readonly height: number }[] = [
  { name: 'report-estate', file: /^index\.html$/, height: 1180 },
  { name: 'report-repository', file: /^repository-.*services-api-[0-9a-f]{16}\.html$/, height: 1180 },
  { name: 'report-runs', file: /^runs\.html$/, height: 640 },
];

const WIDTH = 1280;

const folder = await mkdtemp(join(tmpdir(), 'report-screenshots-'));
const browser = await startChromium();
try {
  const ledger = await openSqliteLedger(join(folder, 'ledger.sqlite'));
  await fillReportLedger(ledger);
  const report = join(folder, 'report');
  const clock = { nowMs: REPORT_NOW_MS, timeZone: 'Europe/Berlin' };
  await writeReportFolder(ledger, { folder: report, clock, imagesMax: 50 });
  await ledger.close();
  const files = await readdir(report);
  await mkdir(IMAGES, { recursive: true });
  const page = await browser.page();
  for (const { name, file, height } of PICTURES) {
    const found = files.find((one) => file.test(one));
    if (found === undefined) throw new Error(`The report has no page ${file}.`);
    for (const scheme of ['light', 'dark'] as const) {
      await page.look({ width: WIDTH, height, scheme });
      await page.open(`file://${join(report, found)}`);
      const picture = await page.screenshot();
      if (picture.byteLength > BYTES_MAX) throw new Error(`${name} has ${picture.byteLength} bytes.`);
      await writeFile(join(IMAGES, `${name}-${scheme}.png`), picture);
      process.stdout.write(`docs/images/${name}-${scheme}.png ${picture.byteLength} bytes\n`);
    }
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
