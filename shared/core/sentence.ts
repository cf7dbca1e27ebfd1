import type { Decision, Evidence, RuleVoice } from './decision.ts';
import type { Outcome } from './journal.ts';
import type { Step } from './plan.ts';
import type { QuarantineState } from './quarantine.ts';
import { formatAge, formatSize } from './units.ts';

/** How many tags or users a sentence names before it counts the rest. */
const NAMED_MAX = 3;

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX).join(', ');
  return names.length > NAMED_MAX ? `${shown} and ${names.length - NAMED_MAX} more` : shown;
}

/** What one condition found, in words. */
export function evidenceSentence(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'everything':
      return 'the rule names everything';
    case 'state':
      return evidence.state;
    case 'orphaned':
      return 'what it is about is gone';
    case 'tags': {
      const every =
        evidence.match === 'all' && evidence.tags.length > 1
          ? 'all of its tags match'
          : `${list(evidence.tags)} matches`;
      return `${every} ${evidence.patterns.join(' or ')}`;
    }
    case 'age': {
      const verb = evidence.since === 'untagged' ? 'untagged for' : `${evidence.since}`;
      const ago = evidence.since === 'untagged' ? '' : ' ago';
      const least = evidence.since === 'untagged' ? ' at least' : ' at the latest';
      const bound = evidence.atLatest === true ? least : '';
      return `${verb} ${formatAge(evidence.ageMs)}${ago}${bound} (rule wants ${evidence.wanted} ${formatAge(evidence.wantedMs)})`;
    }
    case 'never pulled':
      return 'never pulled';
    case 'in use':
      return `in use by ${list(evidence.by)}`;
    case 'digest':
      return `${evidence.digest} is named`;
    case 'size':
      return `${formatSize(evidence.sizeBytes)} (rule wants more than ${formatSize(evidence.wantedBytes)})`;
    case 'media type':
      return `it is ${evidence.mediaType}`;
    case 'newest': {
      const where = evidence.group === null || evidence.group === '' ? '' : ` in ${evidence.group}`;
      return `newest ${evidence.rank} of ${evidence.of}${where} (${evidence.count} stay)`;
    }
    case 'unknown':
      return `not known ${evidence.what}: ${evidence.reason}`;
  }
}

/** What one rule said, in words: the rule, where it stands, and what it found. */
export function voiceSentence(voice: RuleVoice): string {
  const found = voice.evidence.map(evidenceSentence).join(', ');
  return `rule ${voice.rule} of policy ${voice.policy} (${voice.source.file}:${voice.line}): ${found}`;
}

/**
 * Why an artifact is kept or deleted, in one sentence that begins with the verdict. The only place where such
 * a sentence is made: plan, journal, explain and report all show this one.
 */
export function decisionSentence(decision: Decision): string {
  const verdict =
    decision.verdict === 'keep' ? 'kept' : decision.enforced ? 'deleted' : 'would be deleted (mode: plan)';
  return `${verdict}: ${reasonSentence(decision)}`;
}

/** The same without the verdict, for where that stands beside it. */
export function reasonSentence({ because, unknown, verdict, voices, quarantine }: Decision): string {
  if (because === 'its relations are not known') {
    return `its relations are not known (${unknown ?? 'no reason given'})`;
  }
  if (because === 'something kept needs it') return 'something that is kept points at it or is about it';
  const unknowing = voices.find((voice) => voice.effect === 'delete' && voice.answer === 'unknown');
  if (because === 'no rule names it')
    return unknowing === undefined ? 'no rule names it' : voiceSentence(unknowing);
  const isDeleted = verdict === 'delete' || because === 'in quarantine';
  const said = voices
    .filter((voice) =>
      isDeleted ? voice.effect === 'delete' && voice.answer === 'yes' : voice.effect === 'keep',
    )
    .map(voiceSentence)
    .join('; ');
  return quarantine === undefined || !isDeleted ? said : `${quarantineSentence(quarantine)}: ${said}`;
}

/** How far a quarantine is, in words. */
export function quarantineSentence(state: QuarantineState): string {
  switch (state.kind) {
    case 'entering': {
      const grace = formatAge(state.graceMs);
      return state.isEnforced
        ? `goes into quarantine for ${grace}`
        : `would go into quarantine for ${grace} (mode: plan)`;
    }
    case 'not yet':
      return `does not go into quarantine while ${state.reason}`;
    case 'waiting': {
      const since = `in quarantine since ${new Date(state.sinceMs).toISOString()}`;
      return state.untilMs === null
        ? `${since}, and stays while ${state.unknown}`
        : `${since}, goes on ${new Date(state.untilMs).toISOString()}`;
    }
    case 'served':
      return `in quarantine since ${new Date(state.sinceMs).toISOString()}, its ${formatAge(state.graceMs)} are over`;
  }
}

/** What a step does, in words. */
export function stepSentence(step: Step): string {
  return step.kind === 'untag' ? `remove tag ${step.tag}` : 'delete the manifest';
}

/** How a step ended, in words. */
export function outcomeSentence(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'deleted':
      return 'deleted';
    case 'already gone':
      return 'already gone';
    case 'skipped':
      return `skipped: ${outcome.why} (${outcome.detail})`;
    case 'blocked':
      return `blocked: ${outcome.reason}`;
    case 'failed':
      return `failed${outcome.retryable ? ', will be tried again' : ''}: ${outcome.reason}`;
    case 'repaired':
      return `repaired: ${outcome.detail}`;
  }
}
