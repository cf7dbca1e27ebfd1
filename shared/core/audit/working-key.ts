import type { ServiceAccountKey } from './access.ts';
import type { AccountReply } from './replies.ts';

/** The keys of an account that somebody may have and that open something today. */
export interface WorkingKeys {
  /** By id. */
  readonly keys: readonly ServiceAccountKey[];
  /** Why there may be more; null where these are all. */
  readonly doubt: string | null;
}

/** Whether a key has ended. One whose end can't be read has not. */
export function hasEnded({ validBeforeMs }: ServiceAccountKey, nowMs: number): boolean {
  return validBeforeMs.kind === 'known' && validBeforeMs.value <= nowMs;
}

/** Finds the keys of an account that work: enabled, not ended, of an account that is enabled. */
export function workingKeys({ account, keys }: AccountReply, nowMs: number): WorkingKeys {
  if (account.disabled) return { keys: [], doubt: null };
  if (keys.kind === 'unknown') {
    return { keys: [], doubt: `The keys of ${account.email} could not be listed: ${keys.reason}` };
  }
  const working = keys.value.filter(
    (key) => key.keyType !== 'SYSTEM_MANAGED' && !key.disabled && !hasEnded(key, nowMs),
  );
  const byId = working.sort((a, b) => (a.id < b.id ? -1 : 1));
  const strange = byId.find(({ keyType }) => keyType !== 'USER_MANAGED');
  return {
    keys: byId.filter(({ keyType }) => keyType === 'USER_MANAGED'),
    doubt:
      strange === undefined
        ? null
        : `Key ${strange.id} of ${account.email} is of a kind not known here: ${strange.keyType || 'none is said'}`,
  };
}

/** `key a1b2` or `keys a1b2, c3d4`. */
export function namesOfKeys(keys: readonly ServiceAccountKey[]): string {
  return `${keys.length === 1 ? 'key' : 'keys'} ${keys.map(({ id }) => id).join(', ')}`;
}
