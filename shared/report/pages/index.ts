import type { PageView } from '../../app/report/read-page.ts';
import { renderAccessPage } from './access-page.ts';
import { renderCostPage } from './cost-page.ts';
import { renderEstatePage } from './estate-page.ts';
import { renderFindingsPage } from './findings-page.ts';
import type { PageContext } from './frame.ts';
import { renderImagePage } from './image-page.ts';
import { renderPoliciesPage } from './policies-page.ts';
import { renderRepositoryPage } from './repository-page.ts';
import { renderRunPage } from './run-page.ts';
import { renderRunsPage } from './runs-page.ts';

/** Renders a page of the report as HTML. */
export function renderPageView({ page, view }: PageView, context: PageContext): string {
  switch (page) {
    case 'estate':
      return renderEstatePage(view, context);
    case 'runs':
      return renderRunsPage(view, context);
    case 'run':
      return renderRunPage(view, context);
    case 'repository':
      return renderRepositoryPage(view, context);
    case 'image':
      return renderImagePage(view, context);
    case 'policies':
      return renderPoliciesPage(view, context);
    case 'findings':
      return renderFindingsPage(view, context);
    case 'access':
      return renderAccessPage(view, context);
    case 'cost':
      return renderCostPage(view, context);
  }
}
