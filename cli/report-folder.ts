import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { WardenError } from '../shared/core/error.ts';
import type { Ledger } from '../shared/ports.ts';
import { fileNameOf, folderLinks } from '../shared/report/page-links.ts';
import { renderPage } from '../shared/report/pages/frame.ts';
import { onReportDisk } from './report-disk.ts';
import { type ReportRequest, type WrittenReport, writePages } from './report-pages.ts';

/** Pages that a report writes, and so all that a folder may hold that is overwritten by one. */
const OURS = /^(?:(?:index|runs|policies|findings|access|cost)|(?:run|repository|image)-[a-z0-9-]+)\.html$/;

/** Parts of each list of one repository: 100,000 artifacts. */
const PARTS_MAX = 500;

/**
 * Writes the report into a folder: complete beside it first, then in its place, so that a reader never meets half of
 * one.
 * @throws WardenError REPORT_PLACE_TAKEN, REPORT_UNWRITABLE, LEDGER_*
 */
export async function writeReportFolder(
  ledger: Ledger,
  request: ReportRequest & { readonly folder: string },
): Promise<WrittenReport> {
  const folder = resolve(request.folder);
  const beside = join(dirname(folder), `.${basename(folder)}.${process.pid}`);
  const onDisk = <T>(work: () => Promise<T>): Promise<T> => onReportDisk(folder, work);
  await onDisk(async () => {
    await refuseOthers(folder);
    await mkdir(dirname(folder), { recursive: true });
    await rm(beside, { recursive: true, force: true });
    // It tells what runs where.
    await mkdir(beside, { mode: 0o700 });
  });
  try {
    const written = await writePages(ledger, request, {
      links: folderLinks,
      partsMax: PARTS_MAX,
      write: async (place, page, context) => {
        await onDisk(() => writeFile(join(beside, fileNameOf(place)), renderPage(page, context)));
        return true;
      },
    });
    await onDisk(async () => {
      await refuseOthers(folder);
      await rm(folder, { recursive: true, force: true });
      await rename(beside, folder);
    });
    return written;
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** Nothing is removed that a report did not write. */
async function refuseOthers(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw problem;
  }
  const other = names.find((name) => !OURS.test(name));
  if (other === undefined) return;
  throw new WardenError(
    'REPORT_PLACE_TAKEN',
    `${folder} holds ${other}, which is no page of a report, so nothing was written. Name a new folder, an empty one, or one with an earlier report.`,
  );
}
