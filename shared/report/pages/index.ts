import type { PageView } from '../../app/report/read-page.ts';
import { accessPage } from './access-page.ts';
import { costPage } from './cost-page.ts';
import { estatePage } from './estate-page.ts';
import { findingsPage } from './findings-page.ts';
import type { Page, PageContext } from './frame.ts';
import { imagePage } from './image-page.ts';
import { policiesPage } from './policies-page.ts';
import { repositoryPage } from './repository-page.ts';
import { runPage } from './run-page.ts';
import { runsPage } from './runs-page.ts';

/** What a page of the report says, without its frame. */
export function pageOf({ page, view }: PageView, context: PageContext): Page {
  switch (page) {
    case 'estate':
      return estatePage(view, context);
    case 'runs':
      return runsPage(view, context);
    case 'run':
      return runPage(view, context);
    case 'repository':
      return repositoryPage(view, context);
    case 'image':
      return imagePage(view, context);
    case 'policies':
      return policiesPage(view, context);
    case 'findings':
      return findingsPage(view, context);
    case 'access':
      return accessPage(view, context);
    case 'cost':
      return costPage(view, context);
  }
}
