import { quantity } from '../core/quantity.ts';
import { type Html, html, NOTHING } from './html.ts';

/** A column of a table on a page. */
export interface HtmlColumn {
  readonly title: string;
  readonly align?: 'right';
}

/** A table that can be filtered and sorted where scripts run. */
export interface HtmlTable {
  /** What it is found by, on its page. */
  readonly name: string;
  /** What is in it, for who can't see where it stands. */
  readonly label: string;
  readonly columns: readonly HtmlColumn[];
  /** A `<tr>` each, with as many cells as there are columns. */
  readonly rows: readonly Html[];
  /** What stands there without a row. */
  readonly empty: string;
  /** Whether its rows can be filtered; a short table need not be. */
  readonly filters?: boolean;
}

/** A table with fewer rows is read faster than filtered. */
const FILTERED_FROM = 8;

export function htmlTable({ name, label, columns, rows, empty, filters = true }: HtmlTable): Html {
  if (rows.length === 0) return html`<p class="faint">${empty}</p>`;
  const heads = columns.map(
    ({ title, align }) =>
      html`<th scope="col"${align === 'right' ? html` class="right"` : NOTHING}><button type="button">${title}</button></th>`,
  );
  const filter =
    filters && rows.length >= FILTERED_FROM
      ? html`<p class="filter" hidden><label>Filter ${quantity(rows.length, 'row')} <input type="search" aria-label="Filter: ${label}"></label><output class="small faint"></output></p>`
      : NOTHING;
  return html`${filter}<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table data-name="${name}"><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** A cell; `key` is what it is sorted by where that is not its text. */
export function cell(
  content: Html | string,
  more: { readonly key?: number | string; readonly as?: string } = {},
): Html {
  const { key, as } = more;
  return html`<td${as === undefined ? NOTHING : html` class="${as}"`}${key === undefined ? NOTHING : html` data-key="${key}"`}>${content}</td>`;
}
