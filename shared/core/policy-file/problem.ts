import type { PolicyProblem, RepositorySelection } from '../policy.ts';
import type { FoundProblem } from './document.ts';
import { PROBLEMS_MAX } from './limits.ts';
import type { Positions } from './positions.ts';

/**
 * Every code that a policy problem can carry, with what it means. `docs/policy-language.md` lists the same
 * table.
 */
export const POLICY_PROBLEM_CODES = {
  POLICY_FILE: 'The file is no plain file inside the folder, so it was not read.',
  POLICY_TOO_LARGE: 'The file is larger than 128 KiB and was not parsed.',
  POLICY_NOT_UTF8: 'The file is not UTF-8 text.',
  POLICY_CHARACTER: 'The file holds a character that cannot be seen or that reverses what is seen.',
  POLICY_EMPTY: 'The file holds no policy.',
  POLICY_TOO_MANY:
    'There are more documents, entries, characters, aliases or problems than one policy may have.',
  POLICY_YAML: 'The document is not YAML.',
  POLICY_YAML_UNSUPPORTED:
    'The document uses a part of YAML that policies have no use for: tags, directives, merge keys.',
  POLICY_DUPLICATE_KEY: 'A key stands twice in one mapping.',
  POLICY_UNKNOWN_KEY: 'A key is none of the language.',
  POLICY_MISSING_KEY: 'A key that is required is not there.',
  POLICY_TYPE: 'A value is of another type than its key wants.',
  POLICY_VALUE: 'A value is none of those that its key takes.',
  POLICY_API_VERSION: 'The document is written for another version of the language.',
  POLICY_DEFAULTS: 'The defaults of a folder are broken, or there twice; its policies do not run.',
  POLICY_NAME: 'The name of a policy or rule is not made of a-z, 0-9 and single dashes between them.',
  POLICY_DUPLICATE_NAME: 'Another policy has the same name.',
  POLICY_DUPLICATE_RULE: 'Another rule of the policy has the same name.',
  POLICY_REPOSITORY: 'A pattern can match no repository, or not what it seems to.',
  POLICY_NO_INCLUDE: 'The policy selects no repository.',
  POLICY_NO_RULES: 'The policy has no rule.',
  POLICY_DURATION:
    'A length of time is not readable, is 0, is too long, or does not go with the one beside it.',
  POLICY_SIZE: 'A size is not readable or out of range.',
  POLICY_SHARE: 'A share is not readable or out of range.',
  POLICY_COUNT: 'A number is not whole or out of range.',
  POLICY_DATE: 'A date is not readable or not in the calendar.',
  POLICY_DIGEST: 'A text is no sha256 digest.',
  POLICY_MEDIA_TYPE: 'A text is no media type.',
  POLICY_TAG_PATTERN: 'A pattern can match no tag.',
  POLICY_REGEX: 'A regular expression is not RE2, or is too large.',
  POLICY_SEMVER: 'A text is no range of versions.',
  POLICY_CRON: 'A cron expression is not readable or never fires.',
  POLICY_TIME_ZONE: 'A text is no IANA time zone.',
  POLICY_NEWEST: 'What `newest` counts by or per does not go with the tags of the rule.',
  POLICY_KEEP_ONLY: 'A keyword of keep rules stands in a delete rule.',
  POLICY_DELETE_ONLY: 'A keyword of delete rules stands in a keep rule.',
  POLICY_QUARANTINE: 'What a quarantine goes without does not go with a quarantine.',
  POLICY_TOO_WIDE: 'A rule narrows nothing and does not say `all: true`.',
  POLICY_CONTRADICTION: 'No image can meet all conditions of a rule, or two of them say different things.',
} as const;

export type PolicyProblemCode = keyof typeof POLICY_PROBLEM_CODES;

/**
 * The codes of what the JSON Schema lets pass and only the parser refuses: what concerns the file, its characters
 * and the files beside it, and what a text means. `docs/policy-language.md` names the same.
 */
export const PARSER_ONLY_CODES = [
  'POLICY_FILE',
  'POLICY_TOO_LARGE',
  'POLICY_NOT_UTF8',
  'POLICY_CHARACTER',
  'POLICY_TOO_MANY',
  'POLICY_YAML',
  'POLICY_YAML_UNSUPPORTED',
  'POLICY_DUPLICATE_KEY',
  'POLICY_DEFAULTS',
  'POLICY_DUPLICATE_NAME',
  'POLICY_DUPLICATE_RULE',
  'POLICY_REPOSITORY',
  'POLICY_NO_INCLUDE',
  'POLICY_DURATION',
  'POLICY_SIZE',
  'POLICY_SHARE',
  'POLICY_DATE',
  'POLICY_TAG_PATTERN',
  'POLICY_REGEX',
  'POLICY_SEMVER',
  'POLICY_CRON',
  'POLICY_TIME_ZONE',
  'POLICY_NEWEST',
  'POLICY_QUARANTINE',
  'POLICY_TOO_WIDE',
  'POLICY_CONTRADICTION',
] as const satisfies readonly PolicyProblemCode[];

/** Gives a document's problems their places, the first ones first; those over the limit are counted in a last one. */
export function problemsOf(
  found: readonly FoundProblem[],
  positions: Positions,
  file: string,
  policy: string | null,
  guards: RepositorySelection | null,
): PolicyProblem[] {
  const told = [...found].sort((a, b) => a.offset - b.offset).slice(0, PROBLEMS_MAX);
  const last = told.at(-1);
  if (last !== undefined && found.length > told.length) {
    const more = `There are ${found.length - told.length} more problems after this.`;
    told.push({ code: 'POLICY_TOO_MANY', offset: last.offset, message: more });
  }
  return told.map(({ code, offset, message }) => ({
    code,
    file,
    ...positions.of(offset),
    message,
    policy,
    guards,
  }));
}
