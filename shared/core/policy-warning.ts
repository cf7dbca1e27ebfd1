import type { Policy, Rule } from './policy.ts';

/**
 * Every code that a warning about a policy can carry, with what it means. A warning stops nothing: the policy is
 * right, and most likely not what was meant. `docs/policy-language.md` lists the same table.
 */
export const POLICY_WARNING_CODES = {
  NEVER_DELETES: 'The policy can never delete anything.',
  RULE_NEVER_DELETES: 'A delete rule can never delete anything, since a keep rule keeps all that it names.',
  KEEP_NEVER_MATTERS: 'No delete rule of any policy can name an image that the keep rule keeps.',
  KEEP_COVERED: 'Another keep rule of the policy keeps everything that the keep rule keeps.',
  MATCHES_EVERY_TAG: 'A pattern matches every tag.',
  HOLD_ENDED: 'A keep rule with `until` has ended.',
  HOLD_ENDS_SOON: 'A keep rule with `until` ends within a week.',
  NO_REPOSITORY: 'A pattern matches no repository of the target.',
  NO_TAG: 'A tag pattern matches no tag of any repository of the target that the policy selects.',
  NEWEST_KEEPS_ALL:
    '`newest` keeps all that its rule looks at in a repository, and a delete rule names some of it.',
  COVERS_EVERY_TAG:
    'The tag patterns of a delete rule, or of a keep rule that saves something, match every tag of a repository.',
  STILL_PLANNING: 'The policy has been in `mode: plan` for more than 30 days.',
} as const;

export type PolicyWarningCode = keyof typeof POLICY_WARNING_CODES;

/** What is right and most likely not meant, and where. */
export interface PolicyWarning {
  readonly code: PolicyWarningCode;
  readonly file: string;
  /** 1-based line of the rule, or of the policy where it is about no rule. */
  readonly line: number;
  readonly policy: string;
  /** null: it is about the policy as a whole. */
  readonly rule: string | null;
  /** A sentence that names the rule or policy, with what to do where there is something. */
  readonly message: string;
}

/** Makes a warning about a rule, or about the policy as a whole where `rule` is null. */
export function warning(
  code: PolicyWarningCode,
  { name, source }: Policy,
  rule: Rule | null,
  message: string,
): PolicyWarning {
  const { file, line } = source;
  return { code, file, line: rule?.line ?? line, policy: name, rule: rule?.name ?? null, message };
}

/** A warning with its place, for where only a line of text is shown. */
export function warningSentence({ file, line, message }: PolicyWarning): string {
  return `${file}:${line}: ${message}`;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The same warnings in the order of their places, which depends on no other order. */
export function sortWarnings(warnings: readonly PolicyWarning[]): PolicyWarning[] {
  const key = ({ code, message }: PolicyWarning): string => `${code}\0${message}`;
  return [...warnings].sort((a, b) => compare(a.file, b.file) || a.line - b.line || compare(key(a), key(b)));
}

/** The same warnings by policy and rule, which depends on no file either: for plans, where renaming a file moves nothing. */
export function sortByPolicy(warnings: readonly PolicyWarning[]): PolicyWarning[] {
  const key = ({ policy, rule, code, message }: PolicyWarning): string =>
    [policy, rule ?? '', code, message].join('\0');
  return [...warnings].sort((a, b) => compare(key(a), key(b)));
}
