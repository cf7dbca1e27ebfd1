import type { ImageLife } from '../app/explain-image.ts';
import type { Fact } from '../core/fact.ts';
import { holdSentence } from '../core/hold.ts';
import { doerText } from '../core/image-deed.ts';
import type { PolicySource } from '../core/policy.ts';
import { restorationSentence } from '../core/restoration.ts';
import { decisionSentence, outcomeSentence, stepSentence, voiceSentence } from '../core/sentence.ts';
import { policySentence } from './policy-text.ts';
import { markSentence } from './quarantine-text.ts';
import { printable, type TextStyle, toned, wrap } from './text.ts';
import { formatTimeAndAge, inReadersZone } from './time-text.ts';
import { lastUseSentence, pulledSentence } from './usage-text.ts';

/**
 * Renders what is known of one image: when it came, its tags, what was decided by which rule of which file,
 * and what was done.
 */
export function renderImageLife(life: ImageLife, style: TextStyle): string {
  const lines = [toned(`${life.repository}@${life.digest}`, 'strong', style), ...historyLines(life, style)];
  const used = lastUseSentence(life.lastUse);
  if (used !== null) lines.push(...field('Used', used, style));
  const pulled = pulledSentence(life.pulled);
  if (pulled !== null) lines.push(...field('Pulled', pulled, style));
  if (life.decision === null) {
    lines.push('Decided   never judged');
  } else {
    const { decision, atMs } = life.decision;
    lines.push(
      ...field('Decided', `${formatTimeAndAge(atMs, style.clock)}: ${decisionSentence(decision)}`, style),
    );
    if (decision.root !== life.digest)
      lines.push(...field('', `as part of the artifact ${decision.root}`, style));
    const { alsoIn } = life.decision;
    if (alsoIn.length > 0) {
      const named = alsoIn.slice(0, ROOTS_NAMED_MAX).join(', ');
      const more = alsoIn.length > ROOTS_NAMED_MAX ? ` and ${alsoIn.length - ROOTS_NAMED_MAX} more` : '';
      lines.push(...field('', `also part of ${named}${more}; it goes only when all of them go`, style));
    }
    for (const voice of decision.voices) {
      const answer = voice.answer === 'unknown' ? 'could not tell' : `says ${voice.effect}`;
      lines.push(...field('', `- ${answer}: ${voiceSentence(voice)}`, style));
      lines.push(...field('', `  ${sourceSentence(voice.source)}`, style));
    }
    for (const policy of life.decision.policies) {
      const sentence = policySentence(policy);
      if (sentence !== null) lines.push(...field('', sentence, style));
    }
  }
  for (const mark of life.quarantine) lines.push(...field('Waited', markSentence(mark), style));
  let told = '';
  for (const { intent, settlement } of life.journal) {
    const what = stepSentence(intent.step);
    const outcome =
      settlement === null ? 'no outcome yet: the run was interrupted' : outcomeSentence(settlement.outcome);
    lines.push(
      ...field(
        'Done',
        `${formatTimeAndAge(settlement?.atMs ?? intent.atMs, style.clock)}: ${what}: ${outcome} (run ${intent.runId})`,
        style,
      ),
    );
    const allowed = intent.step.allowedBy.map(
      ({ policy, rule, source }) => `allowed by rule ${rule} of policy ${policy}, ${sourceSentence(source)}`,
    );
    // The steps of one run have one reason: it stands under the first of them.
    const owners = (intent.policies ?? []).flatMap((policy) => policySentence(policy) ?? []);
    const why = [intent.reason, ...allowed, ...owners];
    if (why.join() !== told) for (const line of why) lines.push(...field('', line, style));
    told = why.join();
  }
  lines.push(...restoredLines(life, style));
  for (const hold of life.holds) lines.push(...field('Held', holdSentence(hold), style));
  return `${lines.join('\n')}\n`;
}

function restoredLines({ restorations, digest }: ImageLife, style: TextStyle): string[] {
  return restorations.flatMap((restoration) =>
    field(
      'Restored',
      `${formatTimeAndAge(restoration.atMs, style.clock)}: ${restorationSentence(restoration, digest)}`,
      style,
    ),
  );
}

/** An image of a base may be in hundreds. */
const ROOTS_NAMED_MAX = 3;

const NAME_COLUMNS = 10;

function field(name: string, text: string, style: TextStyle): string[] {
  const read = inReadersZone(printable(text), style.clock);
  const [first = '', ...rest] = wrap(read, Math.max(40, style.widthColumns - NAME_COLUMNS));
  return [
    `${name.padEnd(NAME_COLUMNS)}${first}`,
    ...rest.map((line) => `${' '.repeat(NAME_COLUMNS)}${line}`),
  ];
}

function historyLines({ history, doers }: ImageLife, style: TextStyle): string[] {
  const { clock } = style;
  if (history === null) return ['Seen      never told or listed'];
  const by = history.firstSeenBy === 'told' ? 'told by the registry' : 'found by a listing';
  const pushed = doers === null ? '' : `; pushed by ${doerText(doers.pushed)}`;
  const lines = field('Seen', `${formatTimeAndAge(history.firstSeenAtMs, clock)}, ${by}${pushed}`, style);
  for (const [at, { tag, fromMs, untilMs }] of history.tags.entries()) {
    const who = doers?.tags[at];
    const set = who === undefined ? '' : `, set by ${doerText(who.set)}`;
    const removed = who?.removed == null ? '' : `, taken away by ${doerText(who.removed)}`;
    const until = untilMs === null ? '' : ` until ${formatTimeAndAge(untilMs, clock)}${removed}`;
    lines.push(...field('Tag', `${tag} from ${formatTimeAndAge(fromMs, clock)}${set}${until}`, style));
  }
  if (history.untaggedSinceMs !== null)
    lines.push(`Untagged  since ${formatTimeAndAge(history.untaggedSinceMs, clock)}`);
  if (history.deletedAtMs !== null) {
    const deleted = doers?.deleted == null ? '' : `, deleted by ${doerText(doers.deleted)}`;
    lines.push(...field('Gone', `${formatTimeAndAge(history.deletedAtMs, clock)}${deleted}`, style));
  }
  return lines;
}

/** Which file a rule was in, as it was then. */
export function sourceSentence(source: PolicySource): string {
  return `${source.file} with content ${source.contentHash.slice(0, 'sha256:'.length + 12)} at git revision ${revision(source.gitRevision)}`;
}

function revision(fact: Fact<string>): string {
  return fact.kind === 'known' ? fact.value : `unknown (${fact.reason})`;
}
