import type { PolicySummary } from '../core/policy.ts';

/** Whom to ask about a policy and why it exists, in a line; null where its file says neither. */
export function policySentence({ name, owner, reason }: PolicySummary): string | null {
  if (owner === null && reason === null) return null;
  const who = owner === null ? '' : ` (${owner})`;
  return `policy ${name}${who}${reason === null ? '' : `: ${reason}`}`;
}
