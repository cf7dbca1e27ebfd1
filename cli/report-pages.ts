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
import { fileNameOf, type Links } from '../shared/report/page-links.ts';
import { type Page, type PageContext, problemPage } from '../shared/report/pages/frame.ts';
import { pageOf } from '../shared/report/pages/index.ts';
import type { ReaderClock } from '../shared/report/time-text.ts';

/** What a report is asked for with. */
export interface ReportRequest {
  readonly clock: ReaderClock;
  /** Pages of single images, at most. */
  readonly imagesMax: number;
}

/** What was written. */
export interface WrittenReport {
  readonly pages: number;
  readonly images: number;
  /** Pages for which there was no room. */
  readonly leftOut: number;
  /** What could not be read, one sentence each; its page says so. */
  readonly problems: readonly string[];
}

/** Where the pages of a report go to. */
export interface PageSink {
  /** @param has whether there will be such a page */
  readonly links: (has: (place: Place) => boolean) => Links;
  /**
   * @returns false where it has no room for the page, and says so in its place
   * @throws WardenError REPORT_UNWRITABLE
   */
  readonly write: (place: Place, page: Page, context: PageContext) => Promise<boolean>;
  /** Parts of each list of one repository, at most. */
  readonly partsMax: number;
}

/** Images of one repository that get a page, so that one does not take the pages of all. */
const IMAGES_A_REPOSITORY = 200;

/**
 * Writes all pages of a report, one after the other, from what the ledger knows.
 * @throws WardenError REPORT_UNWRITABLE, LEDGER_*
 */
export function writePages(ledger: Ledger, request: ReportRequest, sink: PageSink): Promise<WrittenReport> {
  return new PageWriter(ledger, request, sink).write();
}

class PageWriter {
  readonly #ledger: Ledger;
  readonly #request: ReportRequest;
  readonly #sink: PageSink;
  readonly #context: PageContext;
  readonly #repositories = new Set<string>();
  readonly #runs = new Set<string>();
  readonly #images = new Set<string>();
  readonly #problems: string[] = [];
  #pages = 0;
  #leftOut = 0;

  constructor(ledger: Ledger, request: ReportRequest, sink: PageSink) {
    this.#ledger = ledger;
    this.#request = request;
    this.#sink = sink;
    this.#context = {
      links: sink.links((place) => this.#has(place)),
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
    const [pages, leftOut, images] = [this.#pages, this.#leftOut, this.#images.size];
    return { pages, leftOut, images, problems: this.#problems };
  }

  #has(place: Place): boolean {
    switch (place.page) {
      case 'repository':
        return this.#repositories.has(place.repository) && place.part <= this.#sink.partsMax;
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
        for (let part = 1; part <= this.#sink.partsMax; part += 1) {
          const view = repositoryPart(record, { shown, part });
          if (part > view.parts) break;
          const page = pageOf({ page: 'repository', view }, this.#context);
          await this.#writePage({ page: 'repository', repository, shown, part }, page);
        }
      }
      if (digests.length === 0) return;
      const images = await readImages(this.#ledger, repository, nowMs);
      for (const digest of digests) {
        const view = await images({ tag: null, digest });
        await this.#writePage(
          { page: 'image', repository, digest },
          pageOf({ page: 'image', view }, this.#context),
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
      await this.#writePage(place, pageOf(view, this.#context));
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
      await this.#writePage(place, problemPage('This could not be read', sentence));
    }
  }

  async #writePage(place: Place, page: Page): Promise<void> {
    const isWritten = await this.#sink.write(place, page, this.#context);
    if (isWritten) this.#pages += 1;
    else this.#leftOut += 1;
  }
}
