import { parseChallenges } from './challenge.ts';
import type { ReplyHeaders } from './reply-headers.ts';

/** How a host wants to be told who asks. */
export type Challenged =
  /** Nobody is asked who they are. */
  | { readonly scheme: 'none' }
  /** A credential is wanted, and nothing says how: no challenge, or none that we know. */
  | { readonly scheme: 'unnamed' }
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | null };

/** The challenge we answer, bearer before basic; null where there is none that we know. */
export function challengedBy(headers: ReplyHeaders): Challenged | null {
  const found = parseChallenges(headers['www-authenticate']);
  for (const { scheme, parameters } of found) {
    const realm = parameters.get('realm');
    if (scheme === 'bearer' && realm !== undefined) {
      return { scheme: 'bearer', realm, service: parameters.get('service') ?? null };
    }
  }
  return found.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : null;
}

const KNOWN_ACTIONS: ReadonlySet<string> = new Set(['pull', 'push', 'delete']);

/** The actions that a challenge names for this very repository; null where it names none, or others. */
export function actionsIn(headers: ReplyHeaders, name: string): string | null {
  const prefix = `repository:${name}:`;
  for (const { scheme, parameters } of parseChallenges(headers['www-authenticate'])) {
    const scope = parameters.get('scope');
    if (scheme !== 'bearer' || scope === undefined || !scope.startsWith(prefix)) continue;
    const actions = scope.slice(prefix.length);
    if (actions.split(',').every((action) => KNOWN_ACTIONS.has(action))) return actions;
  }
  return null;
}
