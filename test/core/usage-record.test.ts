import { describe, expect, it } from 'vitest';
import { dayOf } from '../../shared/core/day-ranges.ts';
import { deriveHistory } from '../../shared/core/history.ts';
import type { Completeness } from '../../shared/core/listing.ts';
import type { Usage } from '../../shared/core/usage.ts';
import {
  daysInUse,
  lastUse,
  NO_USAGE_RECORD,
  sightUsage,
  standingOn,
  type UsageRecord,
} from '../../shared/core/usage-record.ts';
import { answerOf, digestOf, listingOf, NO_USAGE, NOW_MS, REPOSITORY, told, usageOf } from './estate.ts';

const TODAY = dayOf(NOW_MS);
const PIECES = [{ name: 'app', tags: ['v2'] }, { name: 'old' }, { name: 'idle', tags: ['v1'] }];
const FACTS = [told(30, 'INSERT', 'old', 'v2'), told(5, 'INSERT', 'app', 'v2')];

function sighted(usage: Usage, completeness: Completeness = { kind: 'complete' }) {
  return sightUsage(usage, listingOf(PIECES, completeness), deriveHistory(REPOSITORY, FACTS), NOW_MS);
}

describe('what a run writes down of what is in use', () => {
  it('is nothing where no source was asked', () => {
    expect(sighted(NO_USAGE)).toBeNull();
  });

  it('is what runs by digest, also from another repository, and what no listing shows any more', () => {
    const elsewhere = { name: 'idle', by: 'pod c', repository: 'gcr.io/mirror/api' };
    const usage = usageOf({ name: 'app', by: 'pod a' }, { name: 'gone', by: 'pod b' }, elsewhere, {
      ...elsewhere,
      name: 'not of this repository',
    });
    expect(sighted(usage)).toEqual({
      day: TODAY,
      standing: 'complete',
      references: [digestOf('app'), digestOf('gone'), digestOf('idle')].sort(),
    });
  });

  it('is a tag that a template names, with every digest that it protects', () => {
    expect(sighted(usageOf({ tag: 'v2', by: 'deployment api' }))?.references).toEqual(
      [digestOf('app'), digestOf('old'), 'v2'].sort(),
    );
  });

  it.each<[string, Usage, Completeness, string]>([
    ['a complete answer', usageOf(), { kind: 'complete' }, 'complete'],
    ['best effort', { version: 1, answers: [answerOf('best effort')] }, { kind: 'complete' }, 'best effort'],
    [
      'a source that did not answer',
      {
        version: 1,
        answers: [answerOf('complete'), { kind: 'unknown', source: 'cluster b', reason: 'HTTP 403' }],
      },
      { kind: 'complete' },
      'unknown',
    ],
    ['a listing that may be cut', usageOf(), { kind: 'incomplete', reason: 'page 3 failed' }, 'unknown'],
  ])('says what silence is worth: %s', (_row, usage, completeness, standing) => {
    expect(sighted(usage, completeness)?.standing).toBe(standing);
  });

  it('names who is in use although another source did not answer', () => {
    const usage: Usage = {
      version: 1,
      answers: [
        answerOf('complete', { name: 'app', by: 'pod a' }),
        { kind: 'unknown', source: 'b', reason: 'x' },
      ],
    };
    expect(sighted(usage)).toMatchObject({ standing: 'unknown', references: [digestOf('app')] });
  });
});

describe('what is recorded of past days', () => {
  const RECORD: UsageRecord = {
    complete: [[10, 12]],
    bestEffort: [[12, 14]],
    unknown: [[14, 16]],
    uses: [
      { reference: digestOf('app'), days: [[8, 11]] },
      { reference: digestOf('child'), days: [[13, 13]] },
      { reference: digestOf('lately'), days: [[16, 16]] },
      { reference: 'v2', days: [[8, 16]] },
    ],
  };

  it.each([
    [9, null],
    [10, 'complete'],
    [12, 'complete'],
    [13, 'best effort'],
    [14, 'best effort'],
    [16, 'unknown'],
    [17, null],
  ])('is worth on day %s: %s', (day, standing) => {
    expect(standingOn(RECORD, day)).toBe(standing);
  });

  it('has the days of digests, and none of tags', () => {
    expect([...daysInUse(RECORD).keys()]).toEqual([digestOf('app'), digestOf('child'), digestOf('lately')]);
  });

  it.each([
    ['once, and not since', ['app'], { lastSeenDay: 11, unseenDay: 12, isBestEffort: false }],
    ['as part of it', ['app', 'child'], { lastSeenDay: 13, unseenDay: 14, isBestEffort: true }],
    ['later than anybody answered', ['lately'], { lastSeenDay: 16, unseenDay: null, isBestEffort: false }],
    ['never', ['other'], { lastSeenDay: null, unseenDay: 12, isBestEffort: false }],
  ])('tells when something was in use: %s', (_row, names, expected) => {
    expect(lastUse(RECORD, new Set(names.map(digestOf)))).toEqual(expected);
  });

  it('tells nothing where nothing is recorded', () => {
    expect(lastUse(NO_USAGE_RECORD, new Set([digestOf('app')]))).toEqual({
      lastSeenDay: null,
      unseenDay: null,
      isBestEffort: false,
    });
  });
});
