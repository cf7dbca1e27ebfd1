import { sha256 } from '../core/hash.ts';
import { type Html, html, NOTHING } from './html.ts';

/** The link to the page that a report in one file shows; "index" is what is shown where nothing is asked for. */
const CURRENT = ['index', 'runs', 'policies', 'findings', 'access', 'cost']
  .map((id) => `body:has(#${id}:target) nav.main a[href="#${id}"]`)
  .concat('body:has(> main > section.page):not(:has(section.page:target)) nav.main a[href="#index"]')
  .join(', ');

/** One style sheet for all pages: readable first, light and dark, and on paper. */
const STYLE = `
:root { color-scheme: light dark;
  --page: light-dark(#f5f6f8, #101317); --card: light-dark(#ffffff, #171b20); --ink: light-dark(#1c2127, #e6e9ed);
  --faint: light-dark(#57606a, #9aa5b1); --line: light-dark(#dce0e5, #2b323a); --accent: light-dark(#0b57d0, #8ab4f8);
  --bad: light-dark(#b3261e, #ff8f80); --good: light-dark(#146c43, #6bd49a); --warn: light-dark(#875200, #f2b84f);
  --bad-wash: light-dark(#fbe9e7, #3a1d1b); --good-wash: light-dark(#e4f3ea, #14301f); --warn-wash: light-dark(#fdf1dc, #352812);
  --plain-wash: light-dark(#edf0f3, #242a31); --accent-wash: light-dark(#e3ecfb, #1d2b43); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--accent); text-underline-offset: .18em; text-decoration-color: color-mix(in srgb, currentColor 40%, transparent); } a:hover { text-decoration-color: currentColor; } a:focus-visible, summary:focus-visible, input:focus-visible, button:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; } code { overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0; padding: .4rem .6rem; background: var(--plain-wash); border-radius: 5px; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .25rem .75rem; z-index: 1; }
.bar { background: var(--card); border-bottom: 1px solid var(--line); } .bar > div, main, footer { max-width: 84rem; margin: 0 auto; padding: 0 1.25rem; }
.bar > div { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.5rem; } .brand { font-weight: 650; padding: .7rem 0; letter-spacing: -.01em; }
nav.main { display: flex; flex-wrap: wrap; gap: 0 .25rem; } nav.main a { padding: .7rem .6rem; white-space: nowrap; text-decoration: none; color: var(--faint); border-bottom: 2px solid transparent; }
nav.main a:hover { color: var(--ink); } nav.main a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--accent); }
main { padding-top: 1.4rem; padding-bottom: 3rem; } footer { padding-bottom: 2rem; color: var(--faint); font-size: .85rem; }
h1 { font-size: 1.45rem; line-height: 1.25; letter-spacing: -.015em; margin: 0; overflow-wrap: anywhere; } h1 + p { margin-top: .2rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; letter-spacing: -.01em; overflow-wrap: anywhere; } h3 { font-size: 1rem; margin: 1.25rem 0 .3rem; overflow-wrap: anywhere; }
p { margin: .3rem 0; } .faint { color: var(--faint); } .small { font-size: .85rem; } .nowrap { white-space: nowrap; } .long { overflow-wrap: anywhere; } .name { overflow-wrap: break-word; min-width: 11rem; } td.image { overflow-wrap: anywhere; min-width: 15rem; } .image code { white-space: nowrap; }
.note { margin: 1rem 0; padding: .6rem .9rem; border-radius: 8px; border: 1px solid var(--line); border-left: 4px solid var(--warn); background: var(--card); } .note.bad { border-left-color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(12rem, 44%), 1fr)); gap: .8rem; margin: 1.1rem 0; }
.tile, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; } .tile { padding: .75rem 1rem .8rem; } .card { padding: .9rem 1rem; margin: .9rem 0; }

.tile .what { color: var(--faint); font-size: .85rem; } .tile .value { white-space: nowrap; font-size: 1.35rem; line-height: 1.3; font-weight: 600; letter-spacing: -.02em; font-variant-numeric: tabular-nums; } .tile .value small { font-size: .9rem; font-weight: 500; color: var(--faint); letter-spacing: 0; }
.tile .more { color: var(--faint); font-size: .85rem; margin: 0; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .6rem .9rem 0; color: var(--faint); font-size: .85rem; } th, td { text-align: left; vertical-align: top; padding: .5rem .9rem; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; } thead th { color: var(--faint); font-weight: 600; font-size: .82rem; white-space: nowrap; } tbody th { font-weight: 500; }
.right { text-align: right; white-space: nowrap; } th button { all: unset; cursor: pointer; } th[aria-sort] button { color: var(--ink); } th[aria-sort=ascending] button::after { content: " ↑"; } th[aria-sort=descending] button::after { content: " ↓"; }
td p { margin: .15rem 0; } td details { margin-top: .2rem; } summary { cursor: pointer; color: var(--faint); font-size: .85rem; } details[open] > summary { margin-bottom: .2rem; }
ol, ul { margin: .3rem 0; padding-left: 1.3rem; } li { overflow-wrap: anywhere; } ul.tree { list-style: none; padding-left: 0; font-size: .85rem; } ul.tree ul { list-style: none; padding-left: 1.1rem; margin: 0; border-left: 1px solid var(--line); margin-left: .3rem; }
.chip { display: inline-block; padding: .04rem .5rem; border-radius: 99px; font-size: .82rem; font-weight: 600; white-space: nowrap; background: var(--plain-wash); color: var(--ink); }
.chip.bad { background: var(--bad-wash); color: var(--bad); } .chip.good { background: var(--good-wash); color: var(--good); } .chip.warn { background: var(--warn-wash); color: var(--warn); }
.tag { display: inline-block; padding: 0 .4rem; margin: 0 .2rem .15rem 0; border-radius: 4px; background: var(--accent-wash); font: 12.5px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.text-bad { color: var(--bad); font-weight: 600; } .text-good { color: var(--good); } .text-warn { color: var(--warn); font-weight: 600; }
.filter { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem .8rem; margin: .6rem 0; } .filter[hidden] { display: none; } .filter label { color: var(--faint); font-size: .85rem; display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .6rem; }
input[type=search] { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 7px; padding: .3rem .6rem; width: 18rem; max-width: 100%; } form button { font: inherit; padding: .3rem .8rem; border-radius: 7px; border: 1px solid var(--line); background: var(--card); color: inherit; cursor: pointer; }
nav.views { display: flex; flex-wrap: wrap; gap: .3rem; margin: .7rem 0; } nav.views a, nav.views span { padding: .15rem .7rem; border-radius: 99px; border: 1px solid var(--line); background: var(--card); text-decoration: none; font-size: .9rem; } nav.views [aria-current] { background: var(--ink); color: var(--card); border-color: var(--ink); }
nav.parts { display: flex; flex-wrap: wrap; gap: .3rem 1rem; margin: .8rem 0; }
/* A report in one file: the page that the address names, or else the estate. */
section.page { scroll-margin-top: 5rem; } section.page:not(:target) { display: none; } main:not(:has(> section.page:target)) > #index { display: block; }
${CURRENT} { color: var(--ink); font-weight: 600; border-color: var(--accent); }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: .8rem 0; } dl.facts dt { color: var(--faint); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: .3rem; } svg { display: block; max-width: 100%; height: auto; } .wide { overflow-x: auto; } svg.plot { width: 100%; min-width: 38rem; } svg text { font: 12px system-ui, sans-serif; fill: var(--faint); }
.grid { stroke: var(--line); stroke-width: 1; } .zero { stroke: var(--faint); stroke-width: 1; } .curve { fill: none; stroke-width: 2; stroke-linejoin: round; } .a { stroke: var(--accent); } .b { stroke: var(--warn); } .c { stroke: var(--faint); stroke-dasharray: 4 3; }
.fill { stroke: none; opacity: .13; } .fill.b { opacity: .22; } .fill.a, .dot.a, .block.a { fill: var(--accent); } .fill.b, .dot.b, .block.b { fill: var(--warn); } .dot, .block { stroke: none; } .block.bad, .dot.bad { fill: var(--bad); } .track { fill: var(--plain-wash); }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1.3rem; font-size: .85rem; color: var(--faint); margin: .3rem 0; } .legend svg { display: inline-block; width: 1.2rem; height: .7rem; margin-right: .4rem; vertical-align: middle; }
svg.spark, svg.share { max-width: none; } svg.spark { display: inline-block; vertical-align: middle; width: 84px; height: 22px; } svg.share { display: inline-block; vertical-align: middle; width: 60px; height: 8px; margin-left: .5rem; }
ol.life { list-style: none; padding: 0; margin: .8rem 0; border-left: 2px solid var(--line); } ol.life > li { position: relative; padding: .1rem 0 .9rem 1.2rem; } ol.life > li::before { content: ""; position: absolute; left: -6px; top: .55rem; width: 10px; height: 10px; border-radius: 50%; background: var(--faint); }
ol.life > li.bad::before { background: var(--bad); } ol.life > li.good::before { background: var(--good); } ol.life > li.warn::before { background: var(--warn); } ol.life .when { color: var(--faint); font-size: .85rem; }
.FAIL { color: var(--bad); font-weight: 600; } .PASS { color: var(--good); } .UNKNOWN, .EXCEPTED { color: var(--warn); font-weight: 600; } td.resource { min-width: 14rem; } td.seen { min-width: 18rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) { main, .bar > div, footer { padding-left: .8rem; padding-right: .8rem; } nav.main { flex-wrap: nowrap; overflow-x: auto; max-width: 100%; } th, td { padding: .45rem .6rem; } dl.facts { grid-template-columns: 1fr; gap: 0 0; } dl.facts dd { margin-bottom: .5rem; } }
@media print { :root { color-scheme: light; } body { background: none; font-size: 11pt; } .bar, .filter, nav.views, nav.parts, .skip { display: none; } main, footer { max-width: none; padding: 0; } .scroll { overflow: visible; border: 0; } tr, .tile, .card, figure { break-inside: avoid; } a { color: inherit; text-decoration: none; } }
`;

/** Filters and sorts the tables that are there; it makes no element from a text. Without it everything is there as well. */
const SCRIPT = `
for (const box of document.querySelectorAll('.filter[hidden]')) {
  const input = box.querySelector('input'), told = box.querySelector('output');
  const rows = [...box.nextElementSibling.querySelector('table').tBodies[0].rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  box.hidden = false;
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, at) => { row.hidden = !words.every((word) => texts[at].includes(word)); if (!row.hidden) shown += 1; });
    told.textContent = words.length === 0 ? '' : shown + ' of ' + rows.length;
  });
}
for (const button of document.querySelectorAll('th button')) {
  button.addEventListener('click', () => {
    const head = button.closest('th'), body = head.closest('table').tBodies[0], at = head.cellIndex;
    const order = head.getAttribute('aria-sort') === 'ascending' ? 'descending' : 'ascending';
    for (const other of head.parentElement.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', order);
    const key = (row) => row.cells[at].dataset.key ?? row.cells[at].textContent;
    const sorted = [...body.rows].sort((a, b) => key(a).localeCompare(key(b), 'en', { numeric: true }));
    body.append(...(order === 'ascending' ? sorted : sorted.reverse()));
  });
}
addEventListener('beforeprint', () => { for (const one of document.querySelectorAll('details')) one.open = true; });
`;

function hashOf(text: string): string {
  return `'sha256-${Buffer.from(sha256(text).slice('sha256:'.length), 'hex').toString('base64')}'`;
}

/** Nothing from outside, and only this one style sheet and this one script, named by their hashes. */
const SOURCES = `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SCRIPT)}; base-uri 'none'`;

/** For pages in files, which send no form. */
const FILE_POLICY = `${SOURCES}; form-action 'none'`;

/** For the header of pages that are served: their search goes back to where they came from. */
export const CONTENT_SECURITY_POLICY = `${SOURCES}; form-action 'self'; frame-ancestors 'none'`;

/** Stands at the beginning of every document, and tells that it may be overwritten by a newer one. */
export const GENERATOR = '<meta name="generator" content="gcr-warden">';

/** What stands in the frame that all pages have. */
export interface Frame {
  readonly title: string;
  /** What stands above the page; nothing for a page of its own. */
  readonly navigation?: Html;
  readonly body: Html;
  readonly footer?: Html;
  /** A page that is served has its policy in a header, which can say more. */
  readonly isServed?: boolean;
}

/** A whole page that needs nothing else: it works from a file, light and dark, on paper, and without its script. */
export function renderDocument({ body, ...frame }: Frame): string {
  const { before, after } = documentAround(frame);
  return `${before}${html`${body}`.safe}${after}`;
}

/** The same for a body that is written piece by piece: what stands before it, and what after it. */
export function documentAround({ title, navigation, footer, isServed }: Omit<Frame, 'body'>): {
  readonly before: string;
  readonly after: string;
} {
  const policy =
    isServed === true ? NOTHING : html`<meta http-equiv="Content-Security-Policy" content="${FILE_POLICY}">`;
  const generator: Html = { safe: GENERATOR };
  const style: Html = { safe: `<style>${STYLE}</style>` };
  const script: Html = { safe: `<script>${SCRIPT}</script>` };
  const before = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8">${generator}<meta name="viewport" content="width=device-width, initial-scale=1">${policy}<title>${title}</title>${style}</head>
<body>${navigation ?? NOTHING}<main id="main">`;
  const after = html`</main>${footer === undefined ? null : html`<footer>${footer}</footer>`}${script}</body>
</html>
`;
  return { before: before.safe, after: after.safe };
}
