import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import type { Dice } from './dice.ts';
import { diceOf } from './dice.ts';
import type { RequestFault } from './gateway.ts';

/** What an image of the repository looks like at the beginning. */
export interface PlannedImage {
  readonly tags: readonly string[];
  readonly daysOld: number;
  readonly shape: 'image' | 'index' | 'signed' | 'with sbom';
}

/** What somebody else does while a process works. */
export type OthersAct =
  /** A doomed tag is pushed with new content. */
  | 'moves a tag'
  /** A doomed digest gets a tag that keeps it. */
  | 'tags a digest'
  | 'pushes something new'
  | 'deletes a tag'
  /** A doomed digest becomes the child of a new index. */
  | 'takes a digest into an index'
  | 'revokes all tokens';

/** What happens at one boundary of a process: before or after a request or a call of the ledger. */
export interface Incident {
  /** Counted from 1; one that is never reached does not happen. */
  readonly at: number;
  readonly what: OthersAct | { readonly clockMs: number };
}

/** What the ledger does to one call. */
export interface LedgerFault {
  /** Counted from 1. */
  readonly call: number;
  readonly kind: 'refuses' | 'does it and loses the answer' | 'is slow';
}

/** One process over the repository: it plans and applies. */
export interface Shift {
  /** The boundary at which it is killed; null for one that is not. */
  readonly dieAt: number | null;
  readonly requestFaults: ReadonlyMap<number, RequestFault>;
  readonly ledgerFaults: readonly LedgerFault[];
  readonly incidents: readonly Incident[];
  /** Nobody can say what runs. */
  readonly isUsageUnknown: boolean;
  /** Another process begins at this boundary and works at the same time; null for none. */
  readonly besideAt: number | null;
}

/** Everything of one case, made from its seed. */
export interface Schedule {
  readonly seed: number;
  readonly guard: 'google' | 'plain';
  readonly images: readonly PlannedImage[];
  readonly limits: { readonly digests: number; readonly perDay: number | null };
  /** What the limit a day is held over: all that the policy selects, or what the repository lies in. */
  readonly perDayScope: 'policy' | 'repository' | 'project';
  /** How long pull requests wait before they go; null where they go at once. */
  readonly quarantineDays: number | null;
  readonly inUse: number | null;
  readonly onHold: number | null;
  readonly shifts: readonly Shift[];
}

/** Far from every seed that is played. */
const LATER = 1_000_000_000;

/** Requests that a shift sends, about. */
const REQUESTS = 24;

/** Boundaries that a shift over such a repository passes, at most. */
const BOUNDARIES = 110;

/** Makes the schedule of a seed. What came to schedules later has dice of its own, so that a seed stays what it was. */
export function scheduleOf(seed: number): Schedule {
  const dice = diceOf(seed);
  const later = diceOf(seed + LATER);
  const images = Array.from({ length: 3 + dice.below(4) }, (_, at) => imageOf(dice, at));
  return {
    seed,
    guard: dice.percent(70) ? 'google' : 'plain',
    images,
    limits: {
      digests: dice.percent(15) ? 2 : 100,
      perDay: dice.percent(20) ? 1 + dice.below(4) : null,
    },
    perDayScope: later.percent(50) ? 'policy' : later.pick(['repository', 'project']),
    quarantineDays: later.percent(25) ? 1 + later.below(2) : null,
    inUse: dice.percent(30) ? dice.below(images.length) : null,
    onHold: dice.percent(20) ? dice.below(images.length) : null,
    shifts: Array.from({ length: 1 + dice.below(2) }, () => withWeather(shiftOf(dice), later)),
  };
}

function imageOf(dice: Dice, at: number): PlannedImage {
  const tags: readonly string[] = dice.pick<readonly string[]>([
    [`pr-${at}`],
    [`pr-${at}`, `pr-${at}-debug`],
    [],
    [],
    ['stable'],
    [`pr-${at}`, `v1.${at}`],
    [`main-${at}`],
  ]);
  return {
    // A tag points at one image: the second "stable" would take it from the first.
    tags: tags.includes('stable') ? [`stable`, `pr-${at}`].slice(0, 1 + dice.below(2)) : tags,
    daysOld: dice.pick([1, 6, 10, 20, 40, 40, 90]),
    shape: dice.pick(['image', 'image', 'index', 'signed', 'with sbom']),
  };
}

function shiftOf(dice: Dice): Shift {
  const requestFaults = new Map<number, RequestFault>();
  const faults = dice.percent(60) ? 1 + dice.below(4) : 0;
  for (let count = 0; count < faults; count += 1) {
    requestFaults.set(
      1 + dice.below(REQUESTS),
      dice.pick<RequestFault>([
        'throttled',
        'throttled without a time',
        'unavailable',
        'cut before',
        'cut after',
        'cut after',
        'cut listing',
      ]),
    );
  }
  return {
    dieAt: dice.percent(60) ? 1 + dice.below(BOUNDARIES) : null,
    requestFaults,
    ledgerFaults: dice.percent(35)
      ? Array.from({ length: 1 + dice.below(2) }, () => ({
          call: 1 + dice.below(30),
          kind: dice.pick(['refuses', 'does it and loses the answer', 'is slow'] as const),
        }))
      : [],
    incidents: dice.percent(60)
      ? Array.from({ length: 1 + dice.below(3) }, () => ({
          at: 1 + dice.below(BOUNDARIES),
          what: incidentOf(dice),
        }))
      : [],
    isUsageUnknown: dice.percent(5),
    besideAt: dice.percent(20) ? 1 + dice.below(BOUNDARIES) : null,
  };
}

/** Adds what befalls many requests: a storm of refusals, and answers that come late. */
function withWeather(shift: Shift, dice: Dice): Shift {
  const requestFaults = new Map(shift.requestFaults);
  if (dice.percent(15)) {
    const first = 1 + dice.below(REQUESTS);
    const kinds = dice.pick<readonly [RequestFault, ...RequestFault[]]>([
      ['throttled without a time'],
      ['unavailable'],
      ['throttled', 'unavailable', 'cut after'],
    ]);
    const last = first + 3 + dice.below(12);
    for (let at = first; at <= last; at += 1) requestFaults.set(at, dice.pick(kinds));
  }
  const slow = dice.percent(20) ? 1 + dice.below(6) : 0;
  for (let count = 0; count < slow; count += 1) {
    const at = 1 + dice.below(REQUESTS);
    if (!requestFaults.has(at)) requestFaults.set(at, 'slow');
  }
  return { ...shift, requestFaults };
}

function incidentOf(dice: Dice): Incident['what'] {
  return dice.pick<Incident['what']>([
    'moves a tag',
    'moves a tag',
    'tags a digest',
    'pushes something new',
    'deletes a tag',
    'takes a digest into an index',
    'revokes all tokens',
    { clockMs: 11 * MINUTE_MS },
    { clockMs: 20 * MINUTE_MS },
    { clockMs: -5 * MINUTE_MS },
    { clockMs: DAY_MS / 2 },
  ]);
}
