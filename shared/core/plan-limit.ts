import { scopeOf } from './limit-scope.ts';
import type { PlanLimits, Refusal, RepositoryPlan, Step } from './plan.ts';
import type { Policy } from './policy.ts';
import { countWithin, formatShare, formatSize } from './units.ts';

/** What would go from one repository in one run. */
export interface Going {
  /** Manifests. */
  readonly deletions: number;
  /** Manifests listed. */
  readonly manifestCount: number;
  /** Of the manifests that go, as listed; null where the registry does not say it of one of them. */
  readonly sizeBytes: number | null;
  /** Artifacts that stay. */
  readonly remaining: number;
  readonly nowMs: number;
}

/** Each policy's limits hold for the whole run, so the strictest of each kind does. null without policies. */
export function strictestLimits(policies: readonly Policy[], repository: string): PlanLimits | null {
  if (policies.length === 0) return null;
  const sizes = policies.flatMap(({ limits }) => limits.sizeBytes ?? []);
  const scopes = policies.flatMap(({ name, limits }) =>
    (limits.scopes ?? []).map((one) => ({ ...one, policy: name, of: scopeOf(repository, one.scope) })),
  );
  return {
    digests: Math.min(...policies.map(({ limits }) => limits.digests)),
    share: Math.min(...policies.map(({ limits }) => limits.share)),
    sizeBytes: sizes.length === 0 ? null : Math.min(...sizes),
    mayEmpty: policies.every(({ limits }) => limits.mayEmpty),
    perDay: policies.flatMap(({ name, limits }) =>
      limits.perDay === null ? [] : [{ policy: name, digests: limits.perDay }],
    ),
    ...(scopes.length === 0 ? {} : { scopes }),
    freeze: policies.flatMap(({ name, limits }) =>
      limits.freeze.map((freeze) => ({ ...freeze, policy: name })),
    ),
  };
}

/** The first limit that stands in the way, in the order of the policies; null where none does. */
export function limitRefusal(policies: readonly Policy[], going: Going): Refusal | null {
  for (const policy of policies) {
    const refusal = refusalBy(policy, going);
    if (refusal !== null) return refusal;
  }
  return null;
}

function refusalBy({ name, limits }: Policy, going: Going): Refusal | null {
  const { deletions, manifestCount, sizeBytes, remaining, nowMs } = going;
  const freeze = limits.freeze.find(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
  if (freeze !== undefined) {
    return {
      code: 'LIMIT_FREEZE',
      message: `Policy ${name} freezes deletions until ${new Date(freeze.untilMs).toISOString()}.`,
    };
  }
  if (deletions > limits.digests) {
    return {
      code: 'LIMIT_DIGESTS',
      message: `${deletions} manifests would go; policy ${name} allows ${limits.digests} a run.`,
    };
  }
  if (deletions > countWithin(limits.share, manifestCount)) {
    return {
      code: 'LIMIT_SHARE',
      message: `${deletions} of ${manifestCount} manifests would go; policy ${name} allows ${formatShare(limits.share)} a run.`,
    };
  }
  if (limits.sizeBytes !== null && (sizeBytes === null || sizeBytes > limits.sizeBytes)) {
    const size = sizeBytes === null ? 'An amount that the registry does not tell' : formatSize(sizeBytes);
    return {
      code: 'LIMIT_SIZE',
      message: `${size} would go; policy ${name} allows ${formatSize(limits.sizeBytes)} a run.`,
    };
  }
  if (remaining === 0 && !limits.mayEmpty) {
    return {
      code: 'LIMIT_LAST_ARTIFACT',
      message: `Nothing would be left; policy ${name} does not say "mayEmpty: true".`,
    };
  }
  return null;
}

/** Whether a plan takes more than its own limits allow, whatever it says of that; for who is about to apply it. */
export function isOverLimit({ steps, limits, manifestCount }: RepositoryPlan): boolean {
  const deletions = steps.filter((step) => step.kind === 'delete').length;
  // Steps that no policy limits were made by nobody we know.
  if (limits === null) return deletions > 0;
  return deletions > limits.digests || deletions > countWithin(limits.share, manifestCount);
}

/** How a repository that is over a limit can begin all the same, as every output shows it; '' where it can't. */
export function wayOut({ refusal, limits, manifestCount }: RepositoryPlan): string {
  if (limits === null || (refusal?.code !== 'LIMIT_DIGESTS' && refusal?.code !== 'LIMIT_SHARE')) return '';
  const digests = Math.min(limits.digests, countWithin(limits.share, manifestCount));
  if (digests < 1) return '';
  return ` "plan --oldest ${digests}" plans the oldest part that fits; "apply --approve" takes all of it.`;
}

/** The size of the manifests that steps delete, in bytes; null where one of them is not known. */
export function sizeOf(steps: readonly Step[]): number | null {
  let sizeBytes = 0;
  for (const step of steps) {
    if (step.kind !== 'delete') continue;
    if (step.sizeBytes === null) return null;
    sizeBytes += step.sizeBytes;
  }
  return sizeBytes;
}
