import { parseRepository } from '../../core/reference.ts';
import type { Place } from '../../core/report-place.ts';
import type { Ledger } from '../../ports.ts';
import { type AuditsView, readAudits } from './audits.ts';
import { type CostView, readCost } from './cost.ts';
import { type EstateView, readEstate } from './estate.ts';
import { type ImageView, readImage } from './image.ts';
import { type PoliciesView, readPolicies } from './policies.ts';
import { type RepositoryView, readRepository, repositoryPart } from './repository.ts';
import { type RunsView, type RunView, readRun, readRuns } from './runs.ts';

/** What a page shows, all of it from the ledger. */
export type PageView =
  | { readonly page: 'estate'; readonly view: EstateView }
  | { readonly page: 'runs'; readonly view: RunsView }
  | { readonly page: 'run'; readonly view: RunView }
  | { readonly page: 'repository'; readonly view: RepositoryView }
  | { readonly page: 'image'; readonly view: ImageView }
  | { readonly page: 'policies'; readonly view: PoliciesView }
  | { readonly page: 'findings' | 'access'; readonly view: AuditsView }
  | { readonly page: 'cost'; readonly view: CostView };

/**
 * Reads what one page shows.
 * @throws WardenError RUN_UNKNOWN, REPOSITORY_UNKNOWN, IMAGE_UNKNOWN, REFERENCE_INVALID, LEDGER_*
 */
export async function readPage(ledger: Ledger, place: Place, nowMs: number): Promise<PageView> {
  const { page } = place;
  switch (page) {
    case 'estate':
      return { page, view: await readEstate(ledger, nowMs) };
    case 'runs':
      return { page, view: await readRuns(ledger, nowMs) };
    case 'run':
      return { page, view: await readRun(ledger, place, nowMs) };
    case 'repository':
      return { page, view: repositoryPart(await readRepository(ledger, place.repository, nowMs), place) };
    case 'image': {
      const image = { repository: parseRepository(place.repository), tag: null, digest: place.digest };
      return { page, view: await readImage(ledger, image, nowMs) };
    }
    case 'policies':
      return { page, view: await readPolicies(ledger, nowMs) };
    case 'findings':
    case 'access':
      return { page, view: await readAudits(ledger, nowMs) };
    case 'cost':
      return { page, view: await readCost(ledger, nowMs) };
  }
}
