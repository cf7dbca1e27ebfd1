import { quantity } from '../core/quantity.ts';
import { DAY_MS, formatSize } from '../core/units.ts';
import { type Html, html, NOTHING } from './html.ts';

/** One line of a plot. */
export interface Curve {
  readonly name: string;
  /** How it is drawn: `a` is what the plot is about, `b` what stands out in it, `c` what it is compared with. */
  readonly look: 'a' | 'b' | 'c';
  readonly isFilled?: boolean;
  /** By time; null where it is not known, which leaves a gap. */
  readonly points: readonly { readonly atMs: number; readonly value: number | null }[];
}

/** Events below the curves, such as what went on a day. */
export interface Bars {
  readonly name: string;
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
  /** Times that are marked on the first curve. */
  readonly marked?: { readonly name: string; readonly atMs: ReadonlySet<number> };
}

export interface Plot {
  readonly title: string;
  /** For who can't see it: what is drawn over what. */
  readonly description: string;
  readonly unit: 'bytes' | 'count';
  readonly curves: readonly Curve[];
  readonly bars?: Bars;
}

const WIDTH = 960;
const HEIGHT = 260;
const BARS_HEIGHT = 60;
const MARGIN = { left: 64, right: 16, top: 12, bottom: 26 };
const GRID_LINES = 4;
const DATES_MAX = 7;
const ROWS_MAX = 120;

/** Draws values over time, with axes and units, and the same numbers as a table. */
export function timePlot({ title, description, unit, curves, bars }: Plot): Html {
  const times = curves.flatMap(({ points }) => points.map(({ atMs }) => atMs));
  const values = curves.flatMap(({ points }) =>
    points.flatMap(({ value }) => (Number.isFinite(value) ? (value ?? []) : [])),
  );
  if (times.length === 0) return NOTHING;
  const firstMs = times.reduce((a, b) => Math.min(a, b));
  const lastMs = times.reduce((a, b) => Math.max(a, b));
  const highest = ceiling(values.reduce((a, b) => Math.max(a, b), 1));
  const height = bars === undefined ? HEIGHT : HEIGHT + BARS_HEIGHT;
  const base = HEIGHT - MARGIN.bottom - (bars === undefined ? 0 : 12);
  const width = WIDTH - MARGIN.left - MARGIN.right;
  // What was seen once stands in the middle.
  const place: Place = {
    x: (atMs) =>
      lastMs === firstMs
        ? MARGIN.left + width / 2
        : MARGIN.left + ((atMs - firstMs) / (lastMs - firstMs)) * width,
    y: (value) => base - (value / highest) * (base - MARGIN.top),
    base,
  };
  const text = (value: number): string => (unit === 'bytes' ? formatSize(value) : String(value));
  // Round numbers, which need no decimal.
  const tick = (value: number): string => text(value).replace('.0 ', ' ');
  const grid = Array.from({ length: GRID_LINES + 1 }, (_, at) => (highest / GRID_LINES) * at);
  return html`<figure><figcaption>${title}</figcaption>${legend(curves, bars)}
<div class="wide" role="region" aria-label="${title}" tabindex="0"><svg class="plot" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${description}">
${grid.map((value) => html`<line class="${value === 0 ? 'zero' : 'grid'}" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at(place.y(value))}" y2="${at(place.y(value))}"/><text x="${MARGIN.left - 8}" y="${at(place.y(value))}" dy="4" text-anchor="end">${tick(value)}</text>`)}
${dates(firstMs, lastMs).map((atMs) => html`<text x="${at(place.x(atMs))}" y="${height - 6}" text-anchor="${anchor(atMs, firstMs, lastMs)}">${dayText(atMs)}</text>`)}
${curves.map((curve) => drawn(curve, place))}
${bars === undefined ? NOTHING : drawnBars(bars, place, height - MARGIN.bottom)}${marks(curves, bars, place)}
</svg></div></figure>
<details><summary>These numbers as a table</summary>${numbers(title, curves, text)}</details>`;
}

interface Place {
  readonly x: (atMs: number) => number;
  readonly y: (value: number) => number;
  readonly base: number;
}

function at(coordinate: number): string {
  return coordinate.toFixed(1);
}

/** The parts of a curve between its gaps. */
function parts({ points }: Curve): { readonly atMs: number; readonly value: number }[][] {
  const found: { atMs: number; value: number }[][] = [[]];
  for (const { atMs, value } of points) {
    if (value === null) found.push([]);
    else found.at(-1)?.push({ atMs, value });
  }
  return found.filter((part) => part.length > 0);
}

function drawn(curve: Curve, { x, y, base }: Place): Html {
  return html`${parts(curve).map((part) => {
    const [first] = part;
    const last = part.at(-1);
    if (first === undefined || last === undefined) return NOTHING;
    if (part.length === 1)
      return html`<circle class="dot ${curve.look}" cx="${at(x(first.atMs))}" cy="${at(y(first.value))}" r="4"/>`;
    const line = part.map(({ atMs, value }) => `${at(x(atMs))} ${at(y(value))}`).join('L');
    const area =
      curve.isFilled === true
        ? html`<path class="fill ${curve.look}" d="M${line}L${at(x(last.atMs))} ${at(base)}L${at(x(first.atMs))} ${at(base)}Z"/>`
        : NOTHING;
    return html`${area}<path class="curve ${curve.look}" d="M${line}"/>`;
  })}`;
}

function drawnBars({ points }: Bars, { x }: Place, floor: number): Html {
  const most = points.reduce((a, { value }) => Math.max(a, value), 1);
  const wide = Math.max(
    1,
    Math.min(8, ((WIDTH - MARGIN.left - MARGIN.right) / Math.max(1, points.length)) * 0.7),
  );
  const blocks = points
    .filter(({ value }) => value > 0)
    .map(({ atMs, value }) => {
      const high = Math.max(1, (value / most) * BARS_HEIGHT);
      return html`<rect class="block b" x="${at(x(atMs) - wide / 2)}" y="${at(floor - high)}" width="${at(wide)}" height="${at(high)}"><title>${dayText(atMs)}: ${value}</title></rect>`;
    });
  return html`<line class="zero" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${floor}" y2="${floor}"/><text x="${MARGIN.left - 8}" y="${floor - BARS_HEIGHT + 8}" text-anchor="end">${most}</text><text x="${MARGIN.left - 8}" y="${floor}" text-anchor="end">0</text>${blocks}`;
}

function marks(curves: readonly Curve[], bars: Bars | undefined, { x, y }: Place): Html {
  const marked = bars?.marked;
  const on = curves.find(({ look }) => look === 'a');
  if (marked === undefined || on === undefined) return NOTHING;
  return html`${on.points
    .filter(({ atMs, value }) => value !== null && marked.atMs.has(atMs))
    .map(
      ({ atMs, value }) =>
        html`<circle class="dot bad" cx="${at(x(atMs))}" cy="${at(y(value ?? 0))}" r="5"><title>${dayText(atMs)}: ${marked.name}</title></circle>`,
    )}`;
}

function legend(curves: readonly Curve[], bars: Bars | undefined): Html {
  const line = (look: string): Html =>
    html`<svg viewBox="0 0 20 10" aria-hidden="true"><line class="curve ${look}" x1="0" x2="20" y1="5" y2="5"/></svg>`;
  const block = html`<svg viewBox="0 0 20 10" aria-hidden="true"><rect class="block b" x="5" width="10" height="10"/></svg>`;
  const dot = html`<svg viewBox="0 0 20 10" aria-hidden="true"><circle class="dot bad" cx="10" cy="5" r="5"/></svg>`;
  const names = [
    ...curves.map(({ name, look }) => html`<span>${line(look)}${name}</span>`),
    ...(bars === undefined ? [] : [html`<span>${block}${bars.name}</span>`]),
    ...(bars?.marked === undefined ? [] : [html`<span>${dot}${bars.marked.name}</span>`]),
  ];
  return html`<p class="legend">${names}</p>`;
}

function numbers(title: string, curves: readonly Curve[], text: (value: number) => string): Html {
  const times = [...new Set(curves.flatMap(({ points }) => points.map(({ atMs }) => atMs)))].sort(
    (a, b) => b - a,
  );
  const at = curves.map(({ points }) => new Map(points.map(({ atMs, value }) => [atMs, value])));
  const rows = times.slice(0, ROWS_MAX).map(
    (atMs) =>
      html`<tr><th scope="row">${dayText(atMs)}</th>${at.map((values) => {
        const value = values.get(atMs) ?? null;
        return html`<td class="right">${value === null ? 'not known' : text(value)}</td>`;
      })}</tr>`,
  );
  const rest = times.length - rows.length;
  return html`<div class="scroll" role="region" aria-label="${title}, as a table" tabindex="0"><table><thead><tr><th scope="col">Day</th>${curves.map(({ name }) => html`<th scope="col" class="right">${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>${rest > 0 ? html`<p class="faint">and ${quantity(rest, 'earlier day')}</p>` : NOTHING}`;
}

function dates(firstMs: number, lastMs: number): number[] {
  if (firstMs === lastMs) return [firstMs];
  const days = Math.max(1, Math.round((lastMs - firstMs) / DAY_MS));
  const step = Math.ceil(days / (DATES_MAX - 1)) * DAY_MS;
  const found: number[] = [];
  for (let atMs = firstMs; atMs <= lastMs; atMs += step) found.push(atMs);
  return found;
}

function anchor(atMs: number, firstMs: number, lastMs: number): string {
  if (firstMs === lastMs) return 'middle';
  return atMs === firstMs ? 'start' : atMs === lastMs ? 'end' : 'middle';
}

function dayText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** The next number that the grid lines divide well. */
function ceiling(value: number): number {
  const steps = [1, 2, 3, 4, 5, 6, 8];
  for (let factor = 1; ; factor *= 10) {
    for (const step of steps) if (step * factor * GRID_LINES >= value) return step * factor * GRID_LINES;
  }
}

const SPARK = { width: 84, height: 22 };

/** A curve as small as a word, for a cell that says the same in words. */
export function sparkline(values: readonly number[]): Html {
  if (values.length < 2) return NOTHING;
  const least = values.reduce((a, b) => Math.min(a, b));
  const span = Math.max(1, values.reduce((a, b) => Math.max(a, b)) - least);
  const line = values
    .map((value, at) => {
      const x = (at / (values.length - 1)) * (SPARK.width - 2) + 1;
      const y = SPARK.height - 2 - ((value - least) / span) * (SPARK.height - 4);
      return `${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('L');
  return html`<svg class="spark" viewBox="0 0 ${SPARK.width} ${SPARK.height}" aria-hidden="true"><path class="curve a" d="M${line}"/></svg>`;
}

/** A part of a whole as a short bar, for a cell that says the same in words. */
export function shareBar(share: number): Html {
  const width = Math.max(0, Math.min(1, share)) * 60;
  return html`<svg class="share" viewBox="0 0 60 8" aria-hidden="true"><rect class="track" width="60" height="8" rx="3"/><rect class="block b" width="${width.toFixed(1)}" height="8" rx="3"/></svg>`;
}
