import type { ImageView, Moment } from '../../app/report/image.ts';
import { dateOfDay } from '../../core/day-ranges.ts';
import { shortDigest } from '../../core/digest.ts';
import { holdSentence } from '../../core/hold.ts';
import { type Doer, doerText } from '../../core/image-deed.ts';
import { restorationSentence } from '../../core/restoration.ts';
import { decisionSentence, stepSentence, voiceSentence } from '../../core/sentence.ts';
import { type Html, html, NOTHING } from '../html.ts';
import { sourceSentence } from '../image-text.ts';
import { policySentence } from '../policy-text.ts';
import { markSentence } from '../quarantine-text.ts';
import { link, type Page, type PageContext, repositoryLink, when } from './frame.ts';
import { verdictChip } from './repository-page.ts';
import { stepOutcome } from './run-outcome.ts';
import { tagList } from './run-page.ts';

/** An image's life: pushed, tagged, pulled, judged, deleted, restored. */
export function imagePage(view: ImageView, context: PageContext): Page {
  const { life, moments, untold } = view;
  const { repository, digest, history, decision } = life;
  const tags = (history?.tags ?? []).filter(({ untilMs }) => untilMs === null).map(({ tag }) => tag);
  const body = html`<h1>An image’s life</h1>
<dl class="facts">
<dt>Repository</dt><dd>${repositoryLink(repository, context)}</dd>
<dt>Digest</dt><dd><code>${repository}@${digest}</code></dd>
<dt>Tags now</dt><dd>${tags.length === 0 ? 'none' : tagList(tags)}</dd>
<dt>State</dt><dd>${state(view, context)}</dd>
${decision === null || decision.decision.root === digest ? NOTHING : html`<dt>Belongs to</dt><dd>${link({ page: 'image', repository, digest: decision.decision.root }, html`<code>${shortDigest(decision.decision.root)}</code>`, context)}</dd>`}
${decision === null ? NOTHING : html`<dt>Last verdict</dt><dd>${verdictChip(decision.decision)}</dd>`}
</dl>
<h2>What happened</h2>
${untold === 0 ? NOTHING : html`<p class="faint">Without the ${untold} oldest times of pulls and of use.</p>`}
${moments.length === 0 ? html`<p class="faint">Nothing is written down.</p>` : html`<ol class="life">${moments.map((moment) => html`<li class="${toneOf(moment)}"><span class="when">${when(moment.atMs, context)}</span><br>${told(moment, view, context)}</li>`)}</ol>`}`;
  return { under: 'estate', title: `${repository}@${shortDigest(digest)}`, body };
}

function state({ life: { history } }: ImageView, context: PageContext): Html {
  if (history === null) return html`no event and no listing ever showed it`;
  return history.deletedAtMs === null
    ? html`there, as far as was told`
    : html`gone since ${when(history.deletedAtMs, context)}`;
}

function toneOf(moment: Moment): string {
  switch (moment.kind) {
    case 'seen':
    case 'restored':
      return 'good';
    case 'gone':
      return 'bad';
    case 'step':
      return moment.entry.settlement?.outcome.kind === 'deleted' ? 'bad' : 'warn';
    case 'quarantined':
      return 'warn';
    case 'judged':
      return moment.decision.decision.verdict === 'delete' ? 'warn' : 'plain';
    default:
      return 'plain';
  }
}

function told(moment: Moment, view: ImageView, context: PageContext): Html {
  const { repository, digest } = view.life;
  switch (moment.kind) {
    case 'seen':
      return moment.by === 'told'
        ? html`Pushed${byDoer(moment.doer)}, as the registry told.`
        : html`First found by a listing: nobody told of its push${moment.doer.kind === 'unknown' ? NOTHING : html`, which was${byDoer(moment.doer)}`}.`;
    case 'tagged':
      return html`Got the tag ${tagList([moment.tag])}${byDoer(moment.doer)}`;
    case 'tag gone':
      return html`Lost the tag ${tagList([moment.tag])}${byDoer(moment.doer)}`;
    case 'gone':
      return html`Gone from the registry${moment.doer.kind === 'unknown' ? NOTHING : html`, deleted${byDoer(moment.doer)}`}.`;
    case 'pulled':
    case 'used': {
      const days =
        moment.firstDay === moment.lastDay
          ? `on ${dateOfDay(moment.lastDay)}`
          : `each day from ${dateOfDay(moment.firstDay)} to ${dateOfDay(moment.lastDay)}`;
      const by = moment.of === null ? NOTHING : html` by its tag ${tagList([moment.of])}`;
      return html`${moment.kind === 'pulled' ? 'Pulled' : 'Seen in use'} ${days}${by}`;
    }
    case 'judged': {
      const { decision, runId, policies } = moment.decision;
      const run = link({ page: 'run', runId, repository }, 'the run', context);
      return html`Judged: ${decisionSentence(decision)} (${run})${decision.root === digest ? NOTHING : html`<br><span class="faint">as part of the artifact <code>${shortDigest(decision.root)}</code></span>`}${decision.voices.length === 0 ? NOTHING : html`<details><summary>each rule that spoke</summary><ul>${decision.voices.map((voice) => html`<li>${voice.answer === 'unknown' ? 'could not tell' : `says ${voice.effect}`}: ${voiceSentence(voice)}<br><span class="faint">${sourceSentence(voice.source)}</span></li>`)}</ul></details>`}${policies.map((policy) => html`<br><span class="faint">${policySentence(policy) ?? ''}</span>`)}`;
    }
    case 'step': {
      const { intent, settlement } = moment.entry;
      const { step, reason, runId, policies = [] } = intent;
      const run = link({ page: 'run', runId, repository }, 'the run', context);
      return html`${capital(stepSentence(step))}: ${stepOutcome(settlement?.outcome ?? null)} (${run})<br><span class="faint">${reason}</span>${step.allowedBy.map(({ policy, rule, source }) => html`<br><span class="faint">allowed by rule ${rule} of policy ${policy}, ${sourceSentence(source)}</span>`)}${policies.map((policy) => html`<br><span class="faint">${policySentence(policy) ?? ''}</span>`)}`;
    }
    case 'restored':
      return html`${capital(restorationSentence(moment.restoration, digest))}`;
    case 'held':
      return html`${capital(holdSentence(moment.hold))}`;
    case 'quarantined':
      return html`${capital(markSentence({ ...moment.mark, end: null }))}`;
    case 'quarantine ended':
      return html`Left the quarantine, ${moment.mark.end?.why ?? ''}: ${moment.mark.end?.detail ?? ''}`;
  }
}

/** Who did it, where that is known. */
function byDoer(doer: Doer): Html {
  return doer.kind === 'unknown' ? NOTHING : html` by ${doerText(doer)}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
