import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { WardenError } from '../shared/core/error.ts';
import { MAIN_PAGES, type Place } from '../shared/core/report-place.ts';
import type { Ledger } from '../shared/ports.ts';
import { documentAround, GENERATOR } from '../shared/report/document.ts';
import { type Html, html } from '../shared/report/html.ts';
import { sectionIdOf, sectionLinks } from '../shared/report/page-links.ts';
import { bodyOf, footer, navigation } from '../shared/report/pages/frame.ts';
import { onReportDisk } from './report-disk.ts';
import { type ReportRequest, type WrittenReport, writePages } from './report-pages.ts';

/** What a browser still opens at once. */
const BYTES_MAX = 64 * 1024 * 1024;

/** Parts of each list of one repository: 1,000 artifacts, so that one does not fill the file. */
const PARTS_MAX = 5;

/** Enough of a file to see what wrote it. */
const HEAD_BYTES = 4096;

const LEFT_OUT: Html = html`<h1>Left out</h1><p>This page no longer fits into one file. A report in a folder has it: <code>gcr-warden report --out report</code></p>`;

/** Whether what a report is to be written to is named as one file. */
export function isReportFile(out: string): boolean {
  return /\.html?$/i.test(out);
}

/**
 * Writes the report into one file, which shows one of its pages at a time: beside its place first, then there.
 * @throws WardenError REPORT_PLACE_TAKEN, REPORT_UNWRITABLE, LEDGER_*
 */
export async function writeReportFile(
  ledger: Ledger,
  request: ReportRequest & { readonly file: string; readonly bytesMax?: number },
): Promise<WrittenReport> {
  const file = resolve(request.file);
  const beside = join(dirname(file), `.${basename(file)}.${process.pid}`);
  const onDisk = <T>(work: () => Promise<T>): Promise<T> => onReportDisk(file, work);
  const handle = await onDisk(async () => {
    await refuseOther(file);
    await mkdir(dirname(file), { recursive: true });
    // It tells what runs where.
    return open(beside, 'w', 0o600);
  });
  try {
    const sections = new SectionWriter(handle, request.bytesMax ?? BYTES_MAX);
    const context = { links: sectionLinks(() => true) };
    const { before, after } = documentAround({
      title: 'gcr-warden',
      navigation: navigation(null, context),
      footer: footer(request.clock),
    });
    await onDisk(() => sections.append(before));
    const written = await writePages(ledger, request, {
      links: sectionLinks,
      partsMax: PARTS_MAX,
      write: (place, page, { clock }) => onDisk(() => sections.write(place, bodyOf(page.body, clock))),
    });
    await onDisk(async () => {
      await sections.append(after);
      await handle.close();
      await rename(beside, file);
    });
    return written;
  } finally {
    await handle.close().catch(() => {});
    await rm(beside, { force: true });
  }
}

/** Pages as sections of one file, as long as they fit. The main pages always do: they are bounded. */
class SectionWriter {
  readonly #handle: FileHandle;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(handle: FileHandle, bytesMax: number) {
    this.#handle = handle;
    this.#bytesMax = bytesMax;
  }

  async write(place: Place, body: Html): Promise<boolean> {
    const id = sectionIdOf(place);
    const section = html`<section class="page" id="${id}">${body}</section>`.safe;
    const isMain = (MAIN_PAGES as readonly string[]).includes(place.page);
    const fits = isMain || this.#bytes + Buffer.byteLength(section) <= this.#bytesMax;
    await this.append(fits ? section : html`<section class="page" id="${id}">${LEFT_OUT}</section>`.safe);
    return fits;
  }

  async append(text: string): Promise<void> {
    this.#bytes += Buffer.byteLength(text);
    await this.#handle.writeFile(text);
  }
}

/** Nothing is overwritten but an earlier report. */
async function refuseOther(file: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw problem;
  }
  try {
    if ((await handle.stat()).isFile()) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      if (bytesRead === 0 || buffer.toString('utf8', 0, bytesRead).includes(GENERATOR)) return;
    }
  } finally {
    await handle.close();
  }
  throw new WardenError(
    'REPORT_PLACE_TAKEN',
    `${file} is there and is no report, so nothing was written. Name a new file, or one with an earlier report.`,
  );
}
