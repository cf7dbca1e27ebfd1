import { DEFAULT_LIMITS, type Limits, type OnPush, type Schedule } from '../policy.ts';

/** What a policy has that does not say it itself. */
export interface PolicyDefaults {
  /** null: it runs only when asked. */
  readonly schedule: Schedule | null;
  /** null: pushes set nothing going. */
  readonly onPush: OnPush | null;
  readonly limits: Limits;
  /** undefined: as long as is usual. */
  readonly undoMs: number | undefined;
  readonly owner: string | null;
  readonly reason: string | null;
}

/** What holds where no folder says anything. */
export const NO_DEFAULTS: PolicyDefaults = {
  schedule: null,
  onPush: null,
  limits: DEFAULT_LIMITS,
  undoMs: undefined,
  owner: null,
  reason: null,
};

/** Whether a file of a folder of policies, named relative to it, holds defaults and no policy. */
export function isDefaultsFile(file: string): boolean {
  return /(?:^|\/)_defaults\.ya?ml$/.test(file);
}
