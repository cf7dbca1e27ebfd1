import { type Fact, known, unknown } from '../fact.ts';
import { DAY_MS, formatAge } from '../units.ts';
import type { ObservationPeriod, ServiceAccount } from './access.ts';
import type { KeyAnswer } from './key-answer.ts';
import type { AuditReplies } from './replies.ts';

/** When a key or an account last authenticated, as Policy Analyzer saw it. */
export interface LastUse {
  /** null: not within the observed period. */
  readonly lastAuthenticatedMs: number | null;
  readonly observed: Fact<ObservationPeriod>;
}

/** When each key was last used. */
export function keyUses({
  keyActivity,
}: Pick<AuditReplies, 'keyActivity'>): (account: ServiceAccount, keyId: string) => Fact<LastUse> {
  if (keyActivity.kind === 'unknown') return () => keyActivity;
  const uses = latestUses(keyActivity.value, ({ account, keyId }) => `${account}/${keyId}`);
  return (account, keyId) =>
    useOf(
      uses,
      namesOf(account).map((name) => `${name}/${keyId}`),
      'key',
    );
}

/** When each account was last used, by whatever means. */
export function accountUses({
  accountActivity,
}: Pick<AuditReplies, 'accountActivity'>): (account: ServiceAccount) => Fact<LastUse> {
  if (accountActivity.kind === 'unknown') return () => accountActivity;
  const uses = latestUses(accountActivity.value, ({ account }) => account);
  return (account) => useOf(uses, namesOf(account), 'account');
}

/** Google's replies name an account in both ways. */
function namesOf({ email, uniqueId }: ServiceAccount): readonly string[] {
  return uniqueId === '' ? [email] : [email, uniqueId];
}

function latestUses<T extends LastUse>(
  activities: readonly T[],
  nameOf: (activity: T) => string,
): ReadonlyMap<string, LastUse> {
  const uses = new Map<string, LastUse>();
  for (const activity of activities) {
    const name = nameOf(activity);
    uses.set(name, laterOf(uses.get(name), activity));
  }
  return uses;
}

function useOf(
  uses: ReadonlyMap<string, LastUse>,
  names: readonly string[],
  what: 'key' | 'account',
): Fact<LastUse> {
  const found = names.flatMap((name) => uses.get(name) ?? []);
  const [first] = found;
  // Policy Analyzer leaves disabled keys and very new ones out: silence is no answer.
  if (first === undefined) return unknown(`Policy Analyzer says nothing about this ${what}`);
  return known(found.reduce(laterOf, first));
}

/** Of two things said about one key the later use counts, and of two silences the shorter one. */
function laterOf(a: LastUse | undefined, b: LastUse): LastUse {
  if (a === undefined) return b;
  const difference = (a.lastAuthenticatedMs ?? -1) - (b.lastAuthenticatedMs ?? -1);
  if (difference !== 0) return difference > 0 ? a : b;
  return observedMs(a) <= observedMs(b) ? a : b;
}

function observedMs({ observed }: LastUse): number {
  return observed.kind === 'known' ? observed.value.toMs - observed.value.fromMs : -1;
}

/** What the last use of a key or an account comes to. */
export type UseVerdict = Pick<KeyAnswer, 'status' | 'evidence' | 'datesMs'>;

/**
 * Judges whether something is unused. What was never seen is unused only where it was there, and looked at, for the
 * whole time.
 * @param createdMs since when it can have been used; null where nobody tells, unknown where that could not be read
 */
export function judgeUse(
  name: string,
  use: Fact<LastUse>,
  createdMs: Fact<number> | null,
  { nowMs, unusedMs }: { readonly nowMs: number; readonly unusedMs: number },
): UseVerdict {
  const days = Math.floor(unusedMs / DAY_MS);
  if (createdMs?.kind === 'known' && nowMs - createdMs.value < unusedMs) {
    return {
      status: 'PASS',
      evidence: `${name} is ${formatAge(Math.max(0, nowMs - createdMs.value))} old, too new to be unused for ${days} d`,
      datesMs: { created: createdMs.value },
    };
  }
  const unseen = (why: string): UseVerdict => ({ status: 'UNKNOWN', evidence: `${name}: ${why}` });
  if (use.kind === 'unknown') return unseen(`its last use is not known: ${use.reason}`);
  const { lastAuthenticatedMs: last, observed } = use.value;
  if (last !== null) {
    const datesMs = { 'last used': last };
    const isRecent = nowMs - last <= unusedMs;
    const evidence = `${name} last authenticated ${formatAge(Math.max(0, nowMs - last))} ago${isRecent ? '' : `, more than ${days} d`}`;
    // Data that ends before the time in question says nothing of that time.
    if (!isRecent && !(observed.kind === 'known' && observed.value.toMs - last > unusedMs)) {
      return unseen(
        'it was seen long ago, and what was observed since is not enough to say that it is unused',
      );
    }
    return { status: isRecent ? 'PASS' : 'FAIL', evidence, datesMs };
  }
  if (observed.kind === 'unknown')
    return unseen(`no use was seen in a time that is not told: ${observed.reason}`);
  if (createdMs?.kind === 'unknown')
    return unseen(`no use was seen, and since when it exists is not known: ${createdMs.reason}`);
  const { fromMs, toMs } = observed.value;
  const sinceMs = Math.max(fromMs, createdMs?.value ?? fromMs);
  const datesMs = { 'observed from': fromMs, 'observed to': toMs };
  if (toMs - sinceMs < unusedMs) {
    return unseen(
      `no use was seen in ${formatAge(Math.max(0, toMs - sinceMs))}, which is less than ${days} d`,
    );
  }
  return {
    status: 'FAIL',
    evidence: `${name} has not authenticated once in the ${formatAge(toMs - sinceMs)} that it was looked at`,
    datesMs,
  };
}
