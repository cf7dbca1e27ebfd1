import type { Digest } from './digest.ts';
import { known } from './fact.ts';
import { canonicalJson, sha256 } from './hash.ts';
import { type Hold, isInForce } from './hold.ts';
import type { Policy, Rule } from './policy.ts';

/** The name under which plans and explanations show holds: one that no policy file can give, for its capital. */
const HOLD_POLICY = 'Holds';

/**
 * A repository's holds as a policy that only keeps: so they are judged, shown and explained like any other rule,
 * and keep what they are on with all that it needs. null where nothing is on hold now.
 */
export function holdPolicy(repository: string, holds: readonly Hold[], nowMs: number): Policy | null {
  const standing = holds
    .filter((hold) => isInForce(hold, nowMs))
    .sort((a, b) => a.atMs - b.atMs || (canonicalJson(a.on) < canonicalJson(b.on) ? -1 : 1));
  if (standing.length === 0) return null;
  return {
    version: 1,
    name: HOLD_POLICY,
    source: {
      file: 'the ledger',
      line: 1,
      contentHash: sha256(canonicalJson(standing)),
      gitRevision: known('none'),
    },
    repositories: { include: [repository], exclude: [] },
    schedule: null,
    onPush: null,
    mode: 'enforce',
    limits: {
      digests: 1,
      share: 1,
      sizeBytes: null,
      mayEmpty: false,
      perDay: null,
      freeze: [],
    },
    owner: null,
    reason: null,
    keep: standing.map((hold, at) => ruleOf(hold, at + 1)),
    delete: [],
  };
}

function ruleOf({ on, reason, by, untilMs }: Hold, line: number): Rule {
  const digests: readonly Digest[] = on.kind === 'digest' ? [on.digest] : [];
  return {
    name: `"${reason}" by ${by}`,
    effect: 'keep',
    line,
    conditions: [
      on.kind === 'digest'
        ? { kind: 'digests', digests }
        : { kind: 'tags', match: 'any', patterns: [{ kind: 'exact', text: on.tag }] },
    ],
    newest: null,
    untilMs,
  };
}
