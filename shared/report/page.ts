import type { ImageLife } from '../app/explain-image.ts';
import type { Overview } from '../app/overview.ts';
import type { Decision } from '../core/decision.ts';
import { type Digest, shortDigest } from '../core/digest.ts';
import type { Finding } from '../core/finding.ts';
import { sha256 } from '../core/hash.ts';
import { reasonSentence } from '../core/sentence.ts';
import { formatAge } from '../core/units.ts';
import { outcome as runOutcome } from './history-text.ts';
import { type Html, html } from './html.ts';
import { renderImageLife } from './image-text.ts';
import { policySentence } from './policy-text.ts';
import { formatUtc, UTC } from './time-text.ts';

const STYLE = `
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #3a414a); --faint: light-dark(#57606a, #9aa4af);
  --bad: light-dark(#b42318, #ff8a7a); --good: light-dark(#18794e, #63d297); --warn: light-dark(#8a5300, #f0b352); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; } p { margin: .25rem 0; } nav a { margin-right: 1rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; font-size: .85rem; } code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; } .faint { color: var(--faint); }
.delete, .fail { color: var(--bad); font-weight: 600; } .keep { color: var(--good); } .plan, .unknown { color: var(--warn); font-weight: 600; }
`;

/**
 * The content security policy that the page needs: nothing from outside, no script, and only this one style
 * sheet, named by its hash.
 */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${Buffer.from(
  sha256(STYLE).slice('sha256:'.length),
  'hex',
).toString('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

function page(title: string, body: Html): string {
  const style: Html = { safe: `<style>${STYLE}</style>` };
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>${style}</head>
<body>${body}</body>
</html>
`.safe;
}

function table(titles: readonly string[], rows: readonly Html[]): Html {
  return html`<div class="scroll"><table><thead><tr>${titles.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function imageLink(repository: string, digest: Digest): Html {
  return html`<a href="?image=${encodeURIComponent(`${repository}@${digest}`)}"><code>${shortDigest(digest)}</code></a>`;
}

/** Renders the page that shows what happened lately: runs, decisions, findings and events. */
export function renderOverviewPage(overview: Overview): string {
  return page(
    'gcr-warden',
    html`<header><h1>gcr-warden</h1><p class="faint">${formatUtc(overview.atMs)}</p>
<nav aria-label="Sections"><a href="#runs">Runs</a><a href="#repositories">Repositories</a><a href="#findings">Findings</a><a href="#events">Events</a></nav></header>
<main>
<h2 id="runs">Runs</h2>
${runsTable(overview)}
<h2 id="repositories">Repositories</h2>
${overview.repositories.map(({ repository, record }) => decisionsSection(repository, record))}
${overview.repositories.length === 0 ? html`<p>Nothing was judged yet.</p>` : html``}
<h2 id="findings">Findings</h2>
${overview.audits.map(({ project, atMs, findings }) => findingsSection(project, atMs, findings))}
${overview.audits.length === 0 ? html`<p>No project was audited yet.</p>` : html``}
<h2 id="events">Events</h2>
${eventsTable(overview)}
</main>`,
  );
}

function runsTable({ runs }: Overview): Html {
  if (runs.length === 0) return html`<p>No run yet.</p>`;
  return table(
    ['Started', 'Mode', 'By', 'Repository', 'Outcome'],
    runs.map(
      (run) =>
        html`<tr><td>${formatUtc(run.startedAtMs)}</td><td>${run.mode}</td><td>${run.trigger}</td><td><code>${run.repository}</code></td><td>${runOutcome(run)}</td></tr>`,
    ),
  );
}

type Judged = Overview['repositories'][number]['record'];

/** Artifacts shown of one repository; the command line shows all. */
const DECISIONS_SHOWN = 200;

function decisionsSection(repository: string, { atMs, policies, decisions }: Judged): Html {
  const sorted = [...decisions].sort((a, b) => (a.verdict < b.verdict ? -1 : a.verdict > b.verdict ? 1 : 0));
  const rest = sorted.length - DECISIONS_SHOWN;
  return html`<section><h3><code>${repository}</code></h3><p class="faint">judged ${formatUtc(atMs)}</p>
${policies.map((policy) => html`<p class="faint">${policySentence(policy) ?? ''}</p>`)}
${table(
  ['Verdict', 'Tags', 'Digest', 'Why'],
  sorted
    .slice(0, DECISIONS_SHOWN)
    .map(
      (decision) =>
        html`<tr><td class="${verdictClass(decision)}">${verdictWord(decision)}</td><td>${decision.tags.join(', ') || '–'}</td><td>${imageLink(repository, decision.root)}</td><td>${reasonSentence(decision)}</td></tr>`,
    ),
)}
${rest > 0 ? html`<p class="faint">and ${rest} more</p>` : html``}</section>`;
}

function verdictClass(decision: Decision): string {
  if (decision.verdict === 'keep') return 'keep';
  return decision.enforced ? 'delete' : 'plan';
}

function verdictWord(decision: Decision): string {
  if (decision.verdict === 'keep') return 'keep';
  return decision.enforced ? 'delete' : 'would delete';
}

function findingsSection(project: string, atMs: number, findings: readonly Finding[]): Html {
  const open = findings.filter((finding) => finding.status !== 'PASS');
  return html`<section><h3>${project}</h3><p class="faint">audited ${formatUtc(atMs)}: ${open.length} open of ${findings.length} answers</p>
${table(
  ['Status', 'Severity', 'Check', 'Resource', 'Evidence', 'Remedy'],
  open.map(
    (finding) =>
      html`<tr><td class="${finding.status.toLowerCase()}">${finding.status}</td><td>${finding.severity}</td><td>${finding.title}</td><td><code>${finding.resource}</code></td><td>${finding.evidence.sentence}</td><td>${finding.remediation.steps.map(({ say, gcloud }) => html`<p>${say}</p>${gcloud.map((command) => html`<pre>${command}</pre>`)}`)}</td></tr>`,
  ),
)}</section>`;
}

function eventsTable({ events, atMs }: Overview): Html {
  if (events.length === 0) return html`<p>No event yet.</p>`;
  return table(
    ['Published', 'Action', 'Image'],
    events.map(
      (event) =>
        html`<tr><td>${formatUtc(event.publishedAtMs)} <span class="faint">${formatAge(Math.max(0, atMs - event.publishedAtMs))} ago</span></td><td>${event.action}</td><td><code>${event.repository}${event.tag === null ? '' : `:${event.tag}`}</code> ${event.digest === null ? html`` : imageLink(event.repository, event.digest)}</td></tr>`,
    ),
  );
}

/** Renders the page of one image's life. */
export function renderImagePage(life: ImageLife, nowMs: number): string {
  return page(
    `${life.repository}@${shortDigest(life.digest)}`,
    html`<header><h1>An image’s life</h1><nav aria-label="Sections"><a href="?">Overview</a></nav></header>
<main><pre>${renderImageLife(life, { widthColumns: 110, colour: false, clock: { ...UTC, nowMs } })}</pre></main>`,
  );
}

/** Renders a page that says what went wrong. */
export function renderProblemPage(message: string): string {
  return page(
    'gcr-warden',
    html`<main><h1>Not found</h1><p>${message}</p><p><a href="?">Overview</a></p></main>`,
  );
}
