import { WardenError } from '../../shared/core/error.ts';

/**
 * What the local registry does where registries differ, or where it is not known what Google does. The
 * defaults are what is most likely met on gcr.io and pkg.dev today; tests switch to the other answers.
 */
export interface Dialect {
  /**
   * How a request without a token is challenged.
   * - `artifact-registry`: `/v2/` names the realm only; repository paths name realm, service and scope
   *   (dialect: challenge-realm-only).
   * - `gcr`: realm and quoted service everywhere, no scope (dialect: challenge-gcr).
   * - `gcr-unquoted`: the same with `service=gcr.io` as a bare token, as gcr.io sends it since 2026-02
   *   (dialect: challenge-unquoted).
   */
  readonly challenge: 'artifact-registry' | 'gcr' | 'gcr-unquoted';
  /**
   * How a listing that goes on says so: the `Link` header, the body's `next`, both, or not at all (`none`
   * cuts the list and gives no hint, which clients have to survive too).
   */
  readonly paging: 'link' | 'next' | 'both' | 'none';
  /** The most entries on one page, whatever `n` asks for. Artifact Registry was seen to stop at 10,000 (dialect: listing-cap). */
  readonly pageCap: number;
  /** Artifact Registry's `dockerConfig.immutableTags`: a tag can neither move nor go (dialect: delete-immutable). */
  readonly immutableTags: boolean;
  /**
   * Answers 429 to every request whose number divides by `every`; null never does. `retryAfterSeconds` null
   * leaves `Retry-After` out: it is not known whether Google sends it (dialect: quota).
   */
  readonly throttle: { readonly every: number; readonly retryAfterSeconds: number | null } | null;
  /**
   * `google` refuses to delete a digest that something still points at, untags by tag, and lists manifests.
   * `plain` is the distribution registry: a digest takes its tags along, a tag can't be deleted alone (405),
   * and `tags/list` names tags only.
   */
  readonly guard: 'google' | 'plain';
  /** Whether `GET …/referrers/DIGEST` exists. Without it clients fall back to the tag `sha256-<hex>` (dialect: referrers). */
  readonly referrers: boolean;
}

export const DEFAULT_DIALECT: Dialect = {
  challenge: 'artifact-registry',
  paging: 'both',
  pageCap: 10_000,
  immutableTags: false,
  throttle: null,
  guard: 'google',
  referrers: true,
};

/**
 * Completes a dialect with the defaults.
 * @throws WardenError LOCAL_REGISTRY_DIALECT_INVALID
 */
export function completeDialect(given: Partial<Dialect>): Dialect {
  const dialect = { ...DEFAULT_DIALECT, ...given };
  requirePositive('pageCap', dialect.pageCap);
  if (dialect.throttle !== null) {
    requirePositive('throttle.every', dialect.throttle.every);
    const seconds = dialect.throttle.retryAfterSeconds;
    if (seconds !== null && seconds !== 0) requirePositive('throttle.retryAfterSeconds', seconds);
  }
  return dialect;
}

function requirePositive(field: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new WardenError(
    'LOCAL_REGISTRY_DIALECT_INVALID',
    `The local registry's ${field} is ${value}; give a whole number of at least 1.`,
  );
}
