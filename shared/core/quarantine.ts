import { dateOfDay, dayOf, endOfDayMs, lastDay } from './day-ranges.ts';
import type { Decision, RuleVoice } from './decision.ts';
import type { Digest } from './digest.ts';
import type { HistoryFact } from './history.ts';
import { type Hold, holdSentence } from './hold.ts';
import type { Artifact, Inventory } from './inventory.ts';
import type { Policy, Quarantine } from './policy.ts';
import {
  type MarkedRule,
  meaningOf,
  type PlannedEnd,
  type PlannedMark,
  type QuarantineChanges,
  type QuarantineMark,
} from './quarantine-mark.ts';
import { NO_USAGE_RECORD, standingOn, type UsageRecord } from './usage-record.ts';

/** What is known of a repository's quarantine beside its inventory. */
export interface QuarantineSources {
  readonly marks: readonly QuarantineMark[];
  /** See `lastPushes`. */
  readonly pushes: ReadonlyMap<Digest, number>;
  readonly usage: UsageRecord;
  /** Those that have ended too. */
  readonly holds: readonly Hold[];
  /** The policies that select the repository, with all of their rules, whether they are due or not. */
  readonly policies: readonly Policy[];
  /** For a replay: whether what a policy in `mode: plan` deletes is marked as if it enforced. */
  readonly asIfEnforced?: true;
}

/** Where nothing is marked yet. */
export function unmarked(policies: readonly Policy[]): QuarantineSources {
  return { marks: [], pushes: new Map(), usage: NO_USAGE_RECORD, holds: [], policies };
}

/** How far the clock of whoever publishes events may be behind ours. */
const CLOCK_SKEW_MS = 10_000;

/** The latest time at which each manifest can have been pushed or given a tag. */
export function lastPushes(facts: readonly HistoryFact[]): ReadonlyMap<Digest, number> {
  const last = new Map<Digest, number>();
  for (const fact of facts) addPush(last, fact);
  return last;
}

/** The same, one fact after the other. */
export function addPush(last: Map<Digest, number>, { action, digest, source, atMs }: HistoryFact): void {
  if (action !== 'INSERT' || digest === null) return;
  const latestMs = source === 'told' ? atMs + CLOCK_SKEW_MS : atMs;
  if (latestMs > (last.get(digest) ?? Number.NEGATIVE_INFINITY)) last.set(digest, latestMs);
}

/** Why something that a rule deletes does not go yet, or that its time is over. */
export type QuarantineState =
  /** It will be marked by a run that enforces; `isEnforced`: a policy in `mode: enforce` deletes it. */
  | { readonly kind: 'entering'; readonly graceMs: number; readonly isEnforced: boolean }
  /** It can't be marked now: whoever uses it now would end it at once. */
  | { readonly kind: 'not yet'; readonly reason: string }
  | {
      readonly kind: 'waiting';
      readonly sinceMs: number;
      /** null where what has to be known is not. */
      readonly untilMs: number | null;
      readonly unknown: string | null;
    }
  | { readonly kind: 'served'; readonly sinceMs: number; readonly graceMs: number };

/** What of an inventory is asked, beside its artifacts. */
type QuarantineInventory = Pick<Inventory, 'completeness' | 'unusedByBestEffort'>;

/** Judges what is in quarantine, or has to be, in one repository. */
export interface QuarantineJudge {
  /** Looks at an artifact once: the state of one that rules delete; null where none of them has a quarantine. */
  judge(decision: Decision, artifact: Artifact): QuarantineState | null;
  /** What a run does, after all were judged; null where there is nothing to do. */
  changes(decisions: readonly Decision[]): QuarantineChanges | null;
}

/**
 * Makes a judge for one look at one repository; null where no rule has a quarantine and nothing is marked.
 * @param speaking the policies by which is judged now; those that are not due have no delete rules here
 */
export function quarantineJudge(
  sources: QuarantineSources,
  speaking: readonly Policy[],
  inventory: QuarantineInventory,
  nowMs: number,
): QuarantineJudge | null {
  const quarantines = new Map<string, Quarantine>();
  for (const { name, delete: rules } of speaking) {
    for (const { name: rule, quarantine } of rules) {
      if (quarantine !== undefined) quarantines.set(ruleKey({ policy: name, rule }), quarantine);
    }
  }
  const standing = new Map(sources.marks.flatMap((mark) => (mark.end === null ? [[mark.root, mark]] : [])));
  if (quarantines.size === 0 && standing.size === 0) return null;
  /** Marks of which the artifact was not looked at yet. */
  const unseen = new Set(standing.keys());
  const end: PlannedEnd[] = [];
  const policies = new Map(sources.policies.map((policy) => [policy.name, policy]));
  const usage = usageReader(sources.usage);
  const quarantineOf = (voice: RuleVoice): Quarantine | undefined =>
    voice.effect === 'delete' && voice.answer === 'yes' ? quarantines.get(ruleKey(voice)) : undefined;

  /** What ended a mark, whatever is decided now. */
  const endOf = (mark: QuarantineMark, decision: Decision, artifact: Artifact): PlannedEnd | null => {
    const of = (why: PlannedEnd['why'], detail: string): PlannedEnd => ({
      root: mark.root,
      sinceMs: mark.sinceMs,
      why,
      detail,
    });
    const digests = [decision.root, ...decision.members];
    const pushed = digests.find((digest) => (sources.pushes.get(digest) ?? 0) > mark.seenAtMs);
    if (pushed !== undefined) return of('pushed', `${pushed} was pushed or tagged`);
    const pulled = artifact.lastPulledAtMs;
    if (pulled.kind === 'known' && pulled.value !== null && pulled.value > mark.seenAtMs) {
      return of('pulled', `it was pulled by ${isoTime(pulled.value)}`);
    }
    const { usedBy } = artifact;
    const [user] = usedBy.kind === 'known' ? usedBy.value : [];
    if (user !== undefined) return of('in use', `it is in use by ${user}`);
    const usedDay = usage.lastDayOf(digests);
    if (usedDay !== null && usedDay >= dayOf(mark.seenAtMs)) {
      return of('in use', `it was in use on ${dateOfDay(usedDay)}`);
    }
    const hold = sources.holds.find((one) => heldSince(one, mark, decision));
    if (hold !== undefined) return of('held', holdSentence(hold));
    const left = mark.rules.map((rule) => lostBy(rule, policies));
    if (left.every((why) => why !== null)) {
      return of(left.includes('policy changed') ? 'policy changed' : 'rule gone', namesOf(mark.rules));
    }
    const keeping = decision.voices.find(({ effect, answer }) => effect === 'keep' && answer === 'yes');
    if (keeping !== undefined) return of('kept', `rule ${keeping.rule} of policy ${keeping.policy} keeps it`);
    // A policy that is not due says nothing today, and one that could not tell may say it again.
    const mayStand = mark.rules.some(
      (rule) =>
        lostBy(rule, policies) === null &&
        (!quarantines.has(ruleKey(rule)) ||
          decision.voices.some((voice) => voice.effect === 'delete' && ruleKey(voice) === ruleKey(rule))),
    );
    return mayStand ? null : of('rule gone', `${namesOf(mark.rules)} names it no more`);
  };

  const stateOf = (
    decision: Decision,
    artifact: Artifact,
    mark: QuarantineMark | null,
  ): QuarantineState | null => {
    const asked = decision.voices.flatMap((voice) => quarantineOf(voice) ?? []);
    if (asked.length === 0) return null;
    const graceMs = Math.max(...asked.map((one) => one.graceMs));
    if (mark === null) {
      const reason = barOf(decision, artifact, usage, nowMs);
      if (reason !== null) return { kind: 'not yet', reason };
      return { kind: 'entering', graceMs, isEnforced: decision.enforced };
    }
    const { sinceMs } = mark;
    const watched = watchedSince(mark, artifact, inventory, usage, asked);
    if (typeof watched === 'string') return { kind: 'waiting', sinceMs, untilMs: null, unknown: watched };
    const untilMs = watched + graceMs;
    return nowMs >= untilMs
      ? { kind: 'served', sinceMs, graceMs }
      : { kind: 'waiting', sinceMs, untilMs, unknown: null };
  };

  return {
    judge(decision, artifact) {
      const mark = standing.get(decision.root) ?? null;
      const ended = mark === null ? null : endOf(mark, decision, artifact);
      unseen.delete(decision.root);
      if (ended !== null) end.push(ended);
      return decision.verdict === 'keep' ? null : stateOf(decision, artifact, ended === null ? mark : null);
    },
    changes(decisions) {
      const enter: PlannedMark[] = [];
      const served: QuarantineChanges['served'][number][] = [];
      for (const decision of decisions) {
        const { root, tags, verdict, quarantine: state } = decision;
        if (state?.kind === 'served' && verdict === 'delete') served.push({ root, sinceMs: state.sinceMs });
        if (state?.kind !== 'entering' || !(state.isEnforced || sources.asIfEnforced === true)) continue;
        enter.push({ root, tags, rules: markedRules(decision, quarantineOf, policies) });
      }
      const gone: PlannedEnd[] = [];
      // What was not judged stands by itself no more; of a listing that may be cut that says nothing.
      if (inventory.completeness.kind === 'complete') {
        for (const root of unseen) {
          const sinceMs = standing.get(root)?.sinceMs ?? 0;
          gone.push({ root, sinceMs, why: 'gone', detail: 'it is not listed by itself any more' });
        }
      }
      const ends = [...end, ...gone].sort((one, other) => (one.root < other.root ? -1 : 1));
      if (enter.length === 0 && ends.length === 0 && served.length === 0) return null;
      return { enter, end: ends, served };
    },
  };
}

function ruleKey({ policy, rule }: { readonly policy: string; readonly rule: string }): string {
  return `${policy}\0${rule}`;
}

function namesOf(rules: readonly MarkedRule[]): string {
  return rules.map(({ policy, rule }) => `rule ${rule} of policy ${policy}`).join(', ');
}

function markedRules(
  { voices }: Decision,
  quarantineOf: (voice: RuleVoice) => Quarantine | undefined,
  policies: ReadonlyMap<string, Policy>,
): readonly MarkedRule[] {
  return voices.flatMap((voice) => {
    const quarantine = quarantineOf(voice);
    const policy = policies.get(voice.policy);
    if (quarantine === undefined || policy === undefined) return [];
    const { graceMs } = quarantine;
    return [{ policy: voice.policy, rule: voice.rule, graceMs, meaning: meaningOf(policy) }];
  });
}

/** Why a mark can't rest on a rule any more, or null. */
function lostBy(
  { policy: name, rule, meaning }: MarkedRule,
  policies: ReadonlyMap<string, Policy>,
): 'policy changed' | 'rule gone' | null {
  const policy = policies.get(name);
  if (policy?.delete.some((one) => one.name === rule && one.quarantine !== undefined) !== true) {
    return 'rule gone';
  }
  return meaningOf(policy) === meaning ? null : 'policy changed';
}

/** Whether something was on hold at any moment since it was marked, also where the hold has ended. */
function heldSince({ on, untilMs }: Hold, mark: QuarantineMark, { root, tags, members }: Decision): boolean {
  if (untilMs !== null && untilMs <= mark.seenAtMs) return false;
  return on.kind === 'tag'
    ? tags.includes(on.tag) || mark.tags.includes(on.tag)
    : on.digest === root || members.includes(on.digest);
}

/** Why it can't be marked now, or null. Days are what is recorded, so the day has to be over. */
function barOf(
  { root, members }: Decision,
  { lastPulledAtMs: pulled, usedBy }: Artifact,
  usage: UsageReader,
  nowMs: number,
): string | null {
  const today = dayOf(nowMs);
  const [user] = usedBy.kind === 'known' ? usedBy.value : [];
  if (user !== undefined) return `it is in use by ${user}`;
  if (usage.lastDayOf([root, ...members]) === today) return 'it was in use today';
  const isPulled = pulled.kind === 'known' && pulled.value !== null && dayOf(pulled.value - 1) >= today;
  return isPulled ? 'it was pulled today' : null;
}

/** A record of use as it is asked here, each answer found once. */
interface UsageReader {
  /** The last day on which any of these was seen to be in use; null where none ever was. */
  lastDayOf(digests: readonly Digest[]): number | null;
  /** The last day of which it is not known what was in use although somebody asked; null where there is none. */
  lastGap(trustsBestEffort: boolean): number | null;
}

function usageReader(usage: UsageRecord): UsageReader {
  let lastDays: ReadonlyMap<string, number> | null = null;
  const gaps = new Map<boolean, number | null>();
  return {
    lastDayOf(digests) {
      lastDays ??= new Map(
        usage.uses.flatMap(({ reference, days }) => {
          const day = lastDay(days);
          return day === null ? [] : [[reference, day]];
        }),
      );
      const found = digests.flatMap((digest) => lastDays?.get(digest) ?? []);
      return found.length === 0 ? null : Math.max(...found);
    },
    lastGap(trustsBestEffort) {
      const known = gaps.get(trustsBestEffort);
      if (known !== undefined) return known;
      const gap = lastGap(usage, trustsBestEffort);
      gaps.set(trustsBestEffort, gap);
      return gap;
    },
  };
}

function lastGap(usage: UsageRecord, trustsBestEffort: boolean): number | null {
  const last = Math.max(lastDay(usage.unknown) ?? 0, lastDay(usage.bestEffort) ?? 0);
  const first = Math.min(usage.unknown[0]?.[0] ?? last, usage.bestEffort[0]?.[0] ?? last);
  for (let day = last; day >= first; day -= 1) {
    const standing = standingOn(usage, day);
    if (standing === 'unknown' || (standing === 'best effort' && !trustsBestEffort)) return day;
  }
  return null;
}

/**
 * Since when it is known that nothing ended a quarantine: pulls have to be recorded, and what runs has to have been
 * answered whenever somebody asked. A text says what is not known.
 */
function watchedSince(
  { sinceMs, seenAtMs }: QuarantineMark,
  { lastPulledAtMs: pulled, usedBy }: Artifact,
  { unusedByBestEffort }: QuarantineInventory,
  usage: UsageReader,
  asked: readonly Quarantine[],
): number | string {
  const needing = (what: Quarantine['without'][number]): readonly Quarantine[] =>
    asked.filter(({ without }) => !without.includes(what));
  let watchedMs = sinceMs;
  if (needing('pulls').length > 0) {
    if (pulled.kind === 'unknown') return `it is not known when it was pulled (${pulled.reason})`;
    if (pulled.kind === 'at latest' && pulled.value > seenAtMs) watchedMs = Math.max(watchedMs, pulled.value);
  }
  const needingUse = needing('inUse');
  if (needingUse.length > 0) {
    const trusts = needingUse.every(({ trustsBestEffort }) => trustsBestEffort === true);
    if (usedBy.kind === 'unknown' && !(trusts && unusedByBestEffort)) {
      return `it is not known whether it is in use (${usedBy.reason})`;
    }
    const gap = usage.lastGap(trusts);
    if (gap !== null && gap >= dayOf(sinceMs)) watchedMs = Math.max(watchedMs, endOfDayMs(gap));
  }
  return watchedMs;
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
