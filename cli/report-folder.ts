import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { readEstate } from '../shared/app/report/estate.ts';
import { readImages } from '../shared/app/report/image.ts';
import { readPage } from '../shared/app/report/read-page.ts';
import { type RepositoryRecord, readRepository, repositoryPart } from '../shared/app/report/repository.ts';
import { readRuns } from '../shared/app/report/runs.ts';
import { SHOWN } from '../shared/core/artifact-row.ts';
import type { Digest } from '../shared/core/digest.ts';
import { messageOf, WardenError } from '../shared/core/error.ts';
import { MAIN_PAGES, type Place } from '../shared/core/report-place.ts';
import type { Ledger } from '../shared/ports.ts';
import { fileNameOf, folderLinks } from '../shared/report/page-links.ts';
import { type PageContext, renderProblemPage } from '../shared/report/pages/frame.ts';
import { renderPageView } from '../shared/report/pages/index.ts';
import type { ReaderClock } from '../shared/report/time-text.ts';

export interface FolderRequest {
  readonly folder: string;
  readonly clock: ReaderClock;
  /** Pages of single images, at most. */
  readonly imagesMax: number;
  readonly onWritten: (pages: number) => void;
}

/** What was written. */
export interface WrittenReport {
  readonly pages: number;
  readonly images: number;
  /** What could not be read, one sentence each; its page says so. */
  readonly problems: readonly string[];
}

/** Parts of each list of one repository: 100,000 artifacts. */
const PARTS_MAX = 500;

/** Images of one repository that get a page, so that one does not take the pages of all. */
const IMAGES_A_REPOSITORY = 200;

/** Pages that a report writes, and so all that a folder may hold that is overwritten by one. */
const OURS = /^(?:(?:index|runs|policies|findings|access|cost)|(?:run|repository|image)-[a-z0-9-]+)\.html$/;

/**
 * Writes the report into a folder: complete beside it first, then in its place, so that a reader never meets half of
 * one.
 * @throws WardenError REPORT_FOLDER_TAKEN, REPORT_UNWRITABLE, LEDGER_*
 */
export async function writeReportFolder(ledger: Ledger, request: FolderRequest): Promise<WrittenReport> {
  const folder = resolve(request.folder);
  const beside = join(dirname(folder), `.${basename(folder)}.${process.pid}`);
  await onDisk(folder, async () => {
    await refuseOthers(folder);
    await mkdir(dirname(folder), { recursive: true });
    await rm(beside, { recursive: true, force: true });
    // It tells what runs where.
    await mkdir(beside, { mode: 0o700 });
  });
  try {
    const written = await new FolderWriter(ledger, beside, request).write();
    await onDisk(folder, async () => {
      await refuseOthers(folder);
      await rm(folder, { recursive: true, force: true });
      await rename(beside, folder);
    });
    return written;
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function onDisk<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof WardenError) throw cause;
    throw new WardenError(
      'REPORT_UNWRITABLE',
      `The report can't be written to ${folder}: ${messageOf(cause)}.`,
      {
        cause,
      },
    );
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
    'REPORT_FOLDER_TAKEN',
    `${folder} holds ${other}, which is no page of a report, so nothing was written. Name a new folder, an empty one, or one with an earlier report.`,
  );
}

class FolderWriter {
  readonly #ledger: Ledger;
  readonly #folder: string;
  readonly #request: FolderRequest;
  readonly #context: PageContext;
  readonly #repositories = new Set<string>();
  readonly #runs = new Set<string>();
  readonly #images = new Set<string>();
  readonly #problems: string[] = [];
  #pages = 0;

  constructor(ledger: Ledger, folder: string, request: FolderRequest) {
    this.#ledger = ledger;
    this.#folder = folder;
    this.#request = request;
    this.#context = {
      links: folderLinks((place) => this.#has(place)),
      clock: request.clock,
      isServed: false,
    };
  }

  async write(): Promise<WrittenReport> {
    const { nowMs } = this.#request.clock;
    const estate = await readEstate(this.#ledger, nowMs);
    for (const { repository } of estate.repositories) this.#repositories.add(repository);
    const { runs } = await readRuns(this.#ledger, nowMs);
    for (const { id, repository } of runs) this.#runs.add(fileNameOf({ page: 'run', runId: id, repository }));
    // Pages of runs and the main ones link to images, so they come after all of those are known.
    for (const { repository } of estate.repositories) await this.#writeRepository(repository);
    for (const { id, repository } of runs) await this.#writePlace({ page: 'run', runId: id, repository });
    for (const page of MAIN_PAGES) await this.#writePlace({ page });
    return { pages: this.#pages, images: this.#images.size, problems: this.#problems };
  }

  #has(place: Place): boolean {
    switch (place.page) {
      case 'repository':
        return this.#repositories.has(place.repository) && place.part <= PARTS_MAX;
      case 'run':
        return this.#runs.has(fileNameOf(place));
      case 'image':
        return this.#images.has(fileNameOf(place));
      default:
        return true;
    }
  }

  async #writeRepository(repository: string): Promise<void> {
    const first: Place = { page: 'repository', repository, shown: 'all', part: 1 };
    await this.#guarded(first, `The repository ${repository}`, async () => {
      const { nowMs } = this.#request.clock;
      const record = await readRepository(this.#ledger, repository, nowMs);
      const digests = await this.#chooseImages(record);
      for (const shown of SHOWN) {
        for (let part = 1; part <= PARTS_MAX; part += 1) {
          const view = repositoryPart(record, { shown, part });
          if (part > view.parts) break;
          const page = renderPageView({ page: 'repository', view }, this.#context);
          await this.#writePage({ page: 'repository', repository, shown, part }, page);
        }
      }
      if (digests.length === 0) return;
      const images = await readImages(this.#ledger, repository, nowMs);
      for (const digest of digests) {
        const view = await images({ tag: null, digest });
        await this.#writePage(
          { page: 'image', repository, digest },
          renderPageView({ page: 'image', view }, this.#context),
        );
      }
    });
  }

  /** What was done something to comes first, then what goes, then the youngest. */
  async #chooseImages({ repository, rows }: RepositoryRecord): Promise<readonly Digest[]> {
    const left = Math.min(IMAGES_A_REPOSITORY, this.#request.imagesMax - this.#images.size);
    if (left <= 0) return [];
    const journal = await this.#ledger.journal({ repository, limit: 2 * left });
    const digests = new Set([
      ...journal.map(({ intent }) => intent.step.digest),
      ...rows.slice(0, left).map(({ decision }) => decision.root),
    ]);
    const chosen = [...digests].slice(0, left);
    for (const digest of chosen) this.#images.add(fileNameOf({ page: 'image', repository, digest }));
    return chosen;
  }

  async #writePlace(place: Place): Promise<void> {
    await this.#guarded(place, `The page ${fileNameOf(place)}`, async () => {
      const view = await readPage(this.#ledger, place, this.#request.clock.nowMs);
      await this.#writePage(place, renderPageView(view, this.#context));
    });
  }

  /** What can't be read has a page that says so, and stops no other. */
  async #guarded(place: Place, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (problem) {
      if (!(problem instanceof WardenError) || problem.code === 'REPORT_UNWRITABLE') throw problem;
      const sentence = `${what} could not be read: ${problem.code}: ${messageOf(problem)}`;
      this.#problems.push(sentence);
      await this.#writePage(place, renderProblemPage('This could not be read', sentence, this.#context));
    }
  }

  async #writePage(place: Place, page: string): Promise<void> {
    await onDisk(this.#request.folder, () => writeFile(join(this.#folder, fileNameOf(place)), page));
    this.#pages += 1;
    this.#request.onWritten(this.#pages);
  }
}
