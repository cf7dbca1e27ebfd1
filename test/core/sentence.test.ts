import { describe, expect, it } from 'vitest';
import type { Decision, Evidence, RuleVoice } from '../../shared/core/decision.ts';
import type { Outcome } from '../../shared/core/journal.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import { decisionSentence, evidenceSentence, outcomeSentence } from '../../shared/core/sentence.ts';
import { DAY_MS, HOUR_MS } from '../../shared/core/units.ts';
import { digestOf, SOURCE } from './estate.ts';

const OLD: Evidence = {
  kind: 'age',
  since: 'uploaded',
  ageMs: 40 * DAY_MS + 3 * HOUR_MS,
  wanted: 'more than',
  wantedMs: 14 * DAY_MS,
};

function voice(more: Partial<RuleVoice> = {}): RuleVoice {
  return {
    policy: 'services',
    rule: 'pull-requests',
    effect: 'delete',
    answer: 'yes',
    mode: 'enforce',
    source: SOURCE,
    line: 29,
    evidence: [OLD],
    ...more,
  };
}

function decision(more: Partial<Decision> = {}): Decision {
  return {
    root: digestOf('app'),
    tags: [],
    members: [],
    verdict: 'keep',
    because: null,
    unknown: null,
    voices: [],
    enforced: false,
    ...more,
  };
}

describe('sentences about evidence', () => {
  const cases: readonly [Evidence, string][] = [
    [{ kind: 'everything' }, 'the rule names everything'],
    [{ kind: 'state', state: 'untagged' }, 'untagged'],
    [{ kind: 'orphaned' }, 'what it is about is gone'],
    [{ kind: 'tags', match: 'any', tags: ['pr-7'], patterns: ['glob pr-*'] }, 'pr-7 matches glob pr-*'],
    [
      { kind: 'tags', match: 'all', tags: ['a', 'b'], patterns: ['prefix a', 'exact b'] },
      'all of its tags match prefix a or exact b',
    ],
    [OLD, 'uploaded 40 d 3 h ago (rule wants more than 14 d)'],
    [
      { kind: 'age', since: 'untagged', ageMs: 9 * DAY_MS, wanted: 'more than', wantedMs: 7 * DAY_MS },
      'untagged for 9 d (rule wants more than 7 d)',
    ],
    [
      { kind: 'age', since: 'tagged', ageMs: HOUR_MS, wanted: 'less than', wantedMs: 7 * DAY_MS },
      'tagged 1 h ago (rule wants less than 7 d)',
    ],
    [
      { kind: 'age', since: 'pulled', ageMs: 2 * DAY_MS, wanted: 'less than', wantedMs: 7 * DAY_MS },
      'pulled 2 d ago (rule wants less than 7 d)',
    ],
    [{ kind: 'never pulled' }, 'never pulled'],
    [{ kind: 'in use', by: ['pod prod/api-1'] }, 'in use by pod prod/api-1'],
    [{ kind: 'in use', by: ['a', 'b', 'c', 'd', 'e'] }, 'in use by a, b, c and 2 more'],
    [{ kind: 'digest', digest: digestOf('app') }, `${digestOf('app')} is named`],
    [{ kind: 'size', sizeBytes: 2_500_000_000, wantedBytes: 1e9 }, '2.5 GB (rule wants more than 1.0 GB)'],
    [
      { kind: 'media type', mediaType: 'application/vnd.cncf.helm.config.v1+json' },
      'it is application/vnd.cncf.helm.config.v1+json',
    ],
    [{ kind: 'newest', rank: 2, count: 5, of: 31, group: null }, 'newest 2 of 31 (5 stay)'],
    [{ kind: 'newest', rank: 1, count: 5, of: 7, group: '2.3' }, 'newest 1 of 7 in 2.3 (5 stay)'],
    [
      { kind: 'unknown', what: 'when it was pulled', reason: 'pulls are not recorded' },
      'not known when it was pulled: pulls are not recorded',
    ],
  ];
  it.each(cases)('%j', (evidence, sentence) => {
    expect(evidenceSentence(evidence)).toBe(sentence);
  });
});

describe('sentences about decisions', () => {
  const keep = voice({
    effect: 'keep',
    rule: 'latest-builds',
    line: 21,
    evidence: [{ kind: 'newest', rank: 2, count: 3, of: 9, group: null }],
  });
  const cases: readonly [string, Decision, string][] = [
    ['no rule', decision({ because: 'no rule names it' }), 'kept: no rule names it'],
    [
      'a delete rule that does not know',
      decision({
        because: 'no rule names it',
        voices: [
          voice({
            answer: 'unknown',
            evidence: [
              { kind: 'unknown', what: 'when it was uploaded', reason: 'the registry does not tell times' },
            ],
          }),
        ],
      }),
      'kept: rule pull-requests of policy services (services.yaml:29): not known when it was uploaded: the registry does not tell times',
    ],
    [
      'a keep rule',
      decision({ voices: [keep, voice()] }),
      'kept: rule latest-builds of policy services (services.yaml:21): newest 2 of 9 (3 stay)',
    ],
    [
      'a delete rule',
      decision({ verdict: 'delete', enforced: true, voices: [voice()] }),
      'deleted: rule pull-requests of policy services (services.yaml:29): uploaded 40 d 3 h ago (rule wants more than 14 d)',
    ],
    [
      'a delete rule with two conditions, and another policy that says the same',
      decision({
        verdict: 'delete',
        enforced: true,
        voices: [
          voice({ evidence: [{ kind: 'tags', match: 'all', tags: ['pr-7'], patterns: ['glob pr-*'] }, OLD] }),
          voice({ policy: 'trial', rule: 'all', line: 8, mode: 'plan', evidence: [{ kind: 'everything' }] }),
        ],
      }),
      'deleted: rule pull-requests of policy services (services.yaml:29): pr-7 matches glob pr-*, uploaded 40 d 3 h ago (rule wants more than 14 d); rule all of policy trial (services.yaml:8): the rule names everything',
    ],
    [
      'a delete rule of a policy in mode plan',
      decision({ verdict: 'delete', voices: [voice({ mode: 'plan' })] }),
      'would be deleted (mode: plan): rule pull-requests of policy services (services.yaml:29): uploaded 40 d 3 h ago (rule wants more than 14 d)',
    ],
    [
      'something kept',
      decision({ because: 'something kept needs it', voices: [voice()] }),
      'kept: something that is kept points at it or is about it',
    ],
    [
      'relations that are not known',
      decision({
        because: 'its relations are not known',
        unknown: 'the registry answered 503',
        voices: [voice()],
      }),
      'kept: its relations are not known (the registry answered 503)',
    ],
  ];
  it.each(cases)('%s', (_row, one, sentence) => {
    expect(decisionSentence(one)).toBe(sentence);
  });
});

describe('sentences about outcomes', () => {
  const cases: readonly [Outcome, string, string][] = [
    [{ kind: 'deleted' }, 'deleted', 'deleted'],
    [{ kind: 'already gone' }, 'already gone', 'already gone'],
    [
      { kind: 'skipped', why: 'moved', detail: 'tag v1 points at sha256:… now' },
      'skipped: moved (tag v1 points at sha256:… now)',
      'skipped: moved',
    ],
    [{ kind: 'blocked', reason: 'the tag is immutable' }, 'blocked: the tag is immutable', 'blocked'],
    [{ kind: 'failed', retryable: true, reason: '503' }, 'failed, will be tried again: 503', 'failed'],
    [{ kind: 'failed', retryable: false, reason: '400' }, 'failed: 400', 'failed'],
    [{ kind: 'repaired', detail: 'put back' }, 'repaired: put back', 'repaired'],
  ];
  it.each(cases)('%j', (outcome, sentence, label) => {
    expect(outcomeSentence(outcome)).toBe(sentence);
    expect(outcomeLabel(outcome)).toBe(label);
  });
});
