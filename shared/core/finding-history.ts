import { type Finding, SEVERITIES, type Severity } from './finding.ts';
import { DAY_MS } from './units.ts';

/** What is known of a finding at last: somebody has to act, somebody answers for it, or it is mended. */
export type KnownState = 'open' | 'excepted' | 'resolved';

/** A finding as it is followed from audit to audit. Only what once was more than a PASS. */
export interface FollowedFinding {
  readonly fingerprint: string;
  readonly check: string;
  readonly title: string;
  readonly severity: Severity;
  readonly resource: string;
  /** The last evidence, in one sentence. */
  readonly sentence: string;
  /** null: it was never seen, only asked about. */
  readonly state: KnownState | null;
  /** false while it can't be seen: `state` is from before. */
  readonly isSeen: boolean;
  /** When it was first told of. */
  readonly firstSeenMs: number;
  /** Since when it is in this state, seen or not. */
  readonly sinceMs: number;
  /** The change that led here. */
  readonly change: FindingChangeKind;
}

/**
 * How a finding can change. `not seen`: what it asks about can't be read now, so that nobody can say whether it is
 * still there. `exception ended`: the same finding, and nobody answers for it any more.
 */
const FINDING_CHANGES = ['new', 'came back', 'exception ended', 'not seen', 'excepted', 'resolved'] as const;

/** One of the ways in which a finding changes. */
export type FindingChangeKind = (typeof FINDING_CHANGES)[number];

/** What is told of one change: in `--diff`, in `--since`, and as the message that a deployed audit publishes. */
export interface FindingChange {
  readonly version: 1;
  readonly kind: FindingChangeKind;
  readonly project: string;
  /** The audit that noticed. */
  readonly atMs: number;
  readonly fingerprint: string;
  readonly check: string;
  readonly title: string;
  readonly severity: Severity;
  readonly resource: string;
  readonly sentence: string;
  readonly firstSeenMs: number;
}

/** How long what is mended is remembered, so that it is told when it comes back. */
export const RESOLVED_KEPT_MS = 180 * DAY_MS;

/** Findings followed of one project; those mended longest ago are forgotten first. */
const FOLLOWED_MAX = 20_000;

/** What follows from an audit for what was known before it. */
export interface FindingHistory {
  /** When the project was audited before; null: never. */
  readonly previousAtMs: number | null;
  /** Sorted as `FINDING_CHANGES`, the worst first, then by fingerprint. */
  readonly changes: readonly FindingChange[];
  /** By fingerprint. */
  readonly followed: readonly FollowedFinding[];
}

/**
 * Compares the findings of an audit with what was known before. A finding that is not there any more is mended only
 * where its check could see everything: a check with an UNKNOWN answer may have lost sight of it.
 */
export function followFindings(
  before: { readonly atMs: number; readonly followed: readonly FollowedFinding[] } | null,
  project: string,
  atMs: number,
  findings: readonly Finding[],
): FindingHistory {
  const known = new Map((before?.followed ?? []).map((one) => [one.fingerprint, one]));
  const blind = new Set(findings.filter(({ status }) => status === 'UNKNOWN').map(({ check }) => check));
  const followed: FollowedFinding[] = [];
  const changes: FindingChange[] = [];
  const keep = (next: FollowedFinding | null, isChange: boolean): void => {
    if (next === null) return;
    followed.push(next);
    if (!isChange) return;
    changes.push(toldChange(project, next, atMs));
  };
  for (const finding of findings) {
    const former = known.get(finding.fingerprint) ?? null;
    known.delete(finding.fingerprint);
    if (former === null && finding.status === 'PASS') continue;
    const base: Life = former ?? {
      state: null,
      isSeen: true,
      firstSeenMs: atMs,
      sinceMs: atMs,
      change: 'new',
    };
    const told = {
      fingerprint: finding.fingerprint,
      check: finding.check,
      title: finding.title,
      severity: finding.severity,
      resource: finding.resource,
      sentence: finding.evidence.sentence,
    };
    keep(...moved({ ...told, ...lifeOf(base) }, former !== null, STATES[finding.status], atMs));
  }
  for (const former of known.values()) {
    keep(...moved(former, true, blind.has(former.check) ? 'not seen' : 'resolved', atMs));
  }
  return { previousAtMs: before?.atMs ?? null, changes: changes.sort(byKind), followed: bounded(followed) };
}

const STATES = { FAIL: 'open', EXCEPTED: 'excepted', PASS: 'resolved', UNKNOWN: 'not seen' } as const;

function lifeOf({ state, isSeen, firstSeenMs, sinceMs, change }: Life): Life {
  return { state, isSeen, firstSeenMs, sinceMs, change };
}

type Life = Pick<FollowedFinding, 'state' | 'isSeen' | 'firstSeenMs' | 'sinceMs' | 'change'>;

/** What a finding becomes, or null where there is nothing to remember; and whether that is worth telling. */
function moved(
  former: FollowedFinding,
  wasThere: boolean,
  now: KnownState | 'not seen',
  atMs: number,
): readonly [next: FollowedFinding | null, isChange: boolean] {
  if (now === 'not seen') {
    const isChange = !wasThere || former.isSeen;
    return [{ ...former, isSeen: false, ...(isChange ? { sinceMs: atMs, change: now } : {}) }, isChange];
  }
  const change = changeOf(former.state, now);
  if (change === null) {
    // Never more than a question, and answered: there is nothing to remember.
    if (former.state === null) return [null, false];
    const isForgotten = now === 'resolved' && former.isSeen && atMs - former.sinceMs > RESOLVED_KEPT_MS;
    return [isForgotten ? null : { ...former, isSeen: true }, false];
  }
  return [{ ...former, state: now, isSeen: true, sinceMs: atMs, change }, true];
}

function changeOf(from: KnownState | null, to: KnownState): FindingChangeKind | null {
  if (from === to) return null;
  switch (to) {
    case 'resolved':
      return from === null ? null : 'resolved';
    case 'excepted':
      return 'excepted';
    case 'open':
      return from === null ? 'new' : from === 'resolved' ? 'came back' : 'exception ended';
  }
}

function bounded(followed: readonly FollowedFinding[]): readonly FollowedFinding[] {
  const kept =
    followed.length <= FOLLOWED_MAX
      ? [...followed]
      : [...followed]
          .sort(
            (a, b) =>
              Number(a.state === 'resolved') - Number(b.state === 'resolved') || b.sinceMs - a.sinceMs,
          )
          .slice(0, FOLLOWED_MAX);
  return kept.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

function byKind(a: FindingChange, b: FindingChange): number {
  return (
    FINDING_CHANGES.indexOf(a.kind) - FINDING_CHANGES.indexOf(b.kind) ||
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    (a.fingerprint < b.fingerprint ? -1 : a.fingerprint > b.fingerprint ? 1 : 0)
  );
}

/** What changed at or after a time and was not changed again since, by what is followed now. */
export function changesSince(
  project: string,
  followed: readonly FollowedFinding[],
  sinceMs: number,
): readonly FindingChange[] {
  return followed
    .filter((one) => one.sinceMs >= sinceMs)
    .map((one) => toldChange(project, one, one.sinceMs))
    .sort(byKind);
}

/** What is told of a followed finding that changed. */
function toldChange(project: string, followed: FollowedFinding, atMs: number): FindingChange {
  const { fingerprint, check, title, severity, resource, sentence, firstSeenMs, change } = followed;
  return {
    version: 1,
    kind: change,
    project,
    atMs,
    fingerprint,
    check,
    title,
    severity,
    resource,
    sentence,
    firstSeenMs,
  };
}
