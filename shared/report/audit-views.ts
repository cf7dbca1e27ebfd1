import type { Grant } from '../core/audit/grants.ts';
import { secretCountText } from '../core/audit/key-secrets.ts';
import type { AuditReport, KeyRow } from '../core/audit/report.ts';
import type { Fact } from '../core/fact.ts';
import { DAY_MS } from '../core/units.ts';

/** A table that people and programs read: the keys, or who can do what. Text cells, unknown said in words. */
export interface AuditTable {
  readonly titles: readonly string[];
  /** Read once from its beginning each time. */
  readonly rows: Iterable<readonly string[]>;
}

/** Every key that somebody could have downloaded, oldest first. */
export function keyTable({ keys, atMs }: Pick<AuditReport, 'keys' | 'atMs'>): AuditTable {
  return {
    titles: ['account', 'key', 'age', 'state', 'last used', 'ends', 'pull secrets'],
    rows: keys.map((key) => [
      key.account,
      key.keyId,
      ageCell(key),
      stateCell(key),
      dayCell(key.lastAuthenticatedMs, 'not seen'),
      endCell(key, atMs),
      secretsCell(key),
    ]),
  };
}

/** Who can do what on what, with the way to it: one row a grant and resource. */
export function accessTable({ grants }: { readonly grants: Iterable<Grant> }): AuditTable {
  return {
    titles: ['who', 'can', 'on', 'by', 'only if'],
    rows: { [Symbol.iterator]: () => accessRows(grants) },
  };
}

function* accessRows(grants: Iterable<Grant>): Generator<readonly string[]> {
  for (const grant of grants) {
    for (const resource of grant.on) {
      yield [
        grant.member,
        canCell(grant),
        resource,
        grant.path.join(' > '),
        grant.condition.kind === 'unknown'
          ? `a condition that is not known: ${grant.condition.reason}`
          : (grant.condition.value ?? ''),
      ];
    }
  }
}

export function ageCell({ ageMs, claimed }: KeyRow): string {
  if (ageMs.kind === 'unknown') return 'unknown';
  const days = `${Math.floor(ageMs.value / DAY_MS)} d`;
  return claimed ? `claimed ${days}` : days;
}

export function stateCell({ disabled, accountDisabled }: KeyRow): string {
  if (disabled) return 'disabled';
  return accountDisabled ? 'account disabled' : 'enabled';
}

export function endCell({ endsAtMs }: KeyRow, atMs: number): string {
  const ended = endsAtMs.kind === 'known' && endsAtMs.value !== null && endsAtMs.value <= atMs;
  return ended ? 'ended' : dayCell(endsAtMs, 'never');
}

/** In how many secrets, namespaces and clusters the key lies. */
function secretsCell({ pullSecrets }: KeyRow): string {
  if (pullSecrets === null) return 'not asked';
  return pullSecrets.secrets === 0 ? 'none seen' : secretCountText(pullSecrets);
}

export function dayCell(fact: Fact<number | null>, none: string): string {
  if (fact.kind === 'unknown') return 'unknown';
  // Dates beyond what a calendar holds come from replies and must not end the report.
  const date = new Date(fact.value ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? none : date.toISOString().slice(0, 10);
}

function canCell({ abilities }: Grant): string {
  return abilities.kind === 'known' ? abilities.value.join(', ') : `unknown: ${abilities.reason}`;
}
