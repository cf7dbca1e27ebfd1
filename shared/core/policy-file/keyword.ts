import { DEFAULT_LIMITS } from '../policy.ts';
import { ENTRIES_MAX, LIMIT_DIGESTS_MAX, LIMIT_PER_DAY_MAX, NEWEST_MAX, TEXT_MAX } from './limits.ts';

/** A JSON Schema (2020-12), or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** One key of the language: the parser knows it by this table, and the JSON Schema is made from it. */
export interface Keyword {
  readonly description: string;
  readonly example: unknown;
  readonly schema: JsonSchema;
  /** Whether only keep rules may have it. */
  readonly keepOnly?: true;
  /** Whether only delete rules may have it. */
  readonly deleteOnly?: true;
}

/** The version of the language that this parser reads. */
export const API_VERSION = 'gcr-warden/v1';

/** Names of policies and rules: they stand in reports, file names and commands. */
export const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
export const NAME_CHARACTERS_MAX = 63;

/** RFC 6838, 4.2: type and subtype, each a restricted name. */
export const MEDIA_TYPE = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

const nameSchema: JsonSchema = { type: 'string', pattern: NAME.source, maxLength: NAME_CHARACTERS_MAX };
const textSchema: JsonSchema = { type: 'string', minLength: 1, maxLength: TEXT_MAX };
const ageSchema: JsonSchema = { type: 'string', pattern: '^[1-9][0-9]{0,8}(m|h|d|w)$' };
const yesSchema: JsonSchema = { const: true };
const oneOrMore = (item: JsonSchema): JsonSchema => ({
  anyOf: [item, { type: 'array', items: item, minItems: 1, maxItems: ENTRIES_MAX }],
});

export const SCHEDULE_KEYWORDS = {
  cron: {
    description: 'When the policy runs: minute, hour, day of month, month, day of week.',
    example: '0 3 * * *',
    schema: textSchema,
  },
  timeZone: {
    description: 'The IANA time zone that the cron expression is meant in. Default: UTC.',
    example: 'Europe/Berlin',
    schema: textSchema,
  },
} as const satisfies Record<string, Keyword>;

export const ON_PUSH_KEYWORDS = {
  settle: {
    description: 'The run follows once nobody has pushed for so long.',
    example: '10m',
    schema: ageSchema,
  },
  atMost: {
    description:
      'It follows so long after the first push at the latest. Default: 2h, or settle where that is longer.',
    example: '2h',
    schema: ageSchema,
  },
} as const satisfies Record<string, Keyword>;

const sizeSchema = {
  type: 'string',
  pattern: '^[0-9]{1,16}(\\.[0-9]{1,3})?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$',
} as const;

const shareSchema = { type: 'string', pattern: '^(0|[1-9][0-9]{0,2})(\\.[0-9]{1,2})?%$' } as const;

export const SCOPE_LIMIT_KEYWORDS = {
  perDay: {
    description: 'At most this many manifests a day (in UTC).',
    example: 1000,
    schema: { type: 'integer', minimum: 1, maximum: LIMIT_PER_DAY_MAX },
  },
  sizePerDay: {
    description: 'At most this much a day (in UTC); shared layers are counted for each image.',
    example: '200GB',
    schema: sizeSchema,
  },
  sharePerDay: {
    description:
      'At most this share of its manifests a day (in UTC), of as many as runs counted there in the last 35 days.',
    example: '10%',
    schema: shareSchema,
  },
} as const satisfies Record<string, Keyword>;

const scopeSchema: JsonSchema = {
  type: 'object',
  minProperties: 1,
  properties: propertiesOf(SCOPE_LIMIT_KEYWORDS),
  additionalProperties: false,
};

export const LIMITS_KEYWORDS = {
  digests: {
    description: `At most this many manifests of one repository in one run. Default: ${DEFAULT_LIMITS.digests}.`,
    example: 500,
    schema: { type: 'integer', minimum: 1, maximum: LIMIT_DIGESTS_MAX },
  },
  share: {
    description: `At most this share of one repository's manifests in one run. Default: ${DEFAULT_LIMITS.share * 100}%.`,
    example: '25%',
    schema: shareSchema,
  },
  size: {
    description:
      'At most this much of one repository in one run; shared layers are counted for each image. Default: no limit.',
    example: '200GB',
    schema: sizeSchema,
  },
  perDay: {
    description:
      'At most this many manifests a day (in UTC) over all repositories together. Default: no limit.',
    example: 5000,
    schema: { type: 'integer', minimum: 1, maximum: LIMIT_PER_DAY_MAX },
  },
  repository: {
    description:
      'How much may go on one day from everything in one repository of Artifact Registry, over all of its images. Default: no limit.',
    example: { perDay: 1000 },
    schema: scopeSchema,
  },
  project: {
    description: 'How much may go on one day from everything in one project. Default: no limit.',
    example: { perDay: 5000, sizePerDay: '1TB' },
    schema: scopeSchema,
  },
  freeze: {
    description:
      'Days on which nothing goes: the first and the last, with a slash between them. One or a list.',
    example: '2026-12-20/2027-01-06',
    schema: oneOrMore({ type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}/\\d{4}-\\d{2}-\\d{2}$' }),
  },
  mayEmpty: {
    description: 'Whether the last image of a repository may go. Default: false.',
    example: false,
    schema: { type: 'boolean' },
  },
} as const satisfies Record<string, Keyword>;

export const TAGS_KEYWORDS = {
  glob: {
    description: 'Tags that match the whole of it; `*` is any text, `?` any one character. One or a list.',
    example: 'pr-*',
    schema: oneOrMore(textSchema),
  },
  regex: {
    description: 'Tags in which this RE2 regular expression is found; anchor it with ^ and $. One or a list.',
    example: '^pr-(?<pr>[0-9]+)$',
    schema: oneOrMore(textSchema),
  },
  prefix: {
    description: 'Tags that begin with it. One or a list.',
    example: 'release-',
    schema: oneOrMore(textSchema),
  },
  semver: {
    description:
      'Tags that are whole versions, with or without v, in this range (as npm writes them). One or a list.',
    example: '>=1.0.0',
    schema: oneOrMore(textSchema),
  },
  exact: {
    description: 'Tags that are exactly this. One or a list.',
    example: 'latest',
    schema: oneOrMore(textSchema),
  },
  match: {
    description:
      'any: one tag that matches is enough. all: there are tags and every one matches. Default: any in keep rules, all in delete rules, so that an image that also bears another tag stays.',
    example: 'all',
    schema: { enum: ['any', 'all'] },
  },
} as const satisfies Record<string, Keyword>;

export const TAG_PATTERN_KINDS = ['glob', 'regex', 'prefix', 'semver', 'exact'] as const;

const tagsSchema: JsonSchema = {
  type: 'object',
  properties: propertiesOf(TAGS_KEYWORDS),
  additionalProperties: false,
  oneOf: TAG_PATTERN_KINDS.map((kind) => ({ required: [kind] })),
};

const quarantine = {
  description:
    'What the rule names is marked and announced first, and goes after this time. A pull, a push, a hold or coming into use ends it; what is not known of that keeps it.',
  example: '7d',
  schema: ageSchema,
} as const;

const quarantineWithout = {
  description:
    'What need not be known during the quarantine, where nobody can tell it: pulls, inUse. One or a list. Default: both have to be known.',
  example: 'pulls',
  schema: oneOrMore({ enum: ['pulls', 'inUse'] }),
} as const;

/** The keys of a rule, conditions first. All conditions of a rule are required. */
export const RULE_KEYWORDS = {
  all: {
    description: 'Every image. Needed where a rule is meant to narrow nothing.',
    example: true,
    schema: yesSchema,
  },
  state: {
    description: 'tagged: has at least one tag. untagged: has none.',
    example: 'untagged',
    schema: { enum: ['tagged', 'untagged'] },
  },
  orphaned: {
    description:
      'Is a signature, an attestation or another referrer of something that is gone, and has no tag of its own.',
    example: true,
    schema: yesSchema,
  },
  tags: {
    description:
      'Has tags that match: exactly one kind of pattern, and whether any or all tags have to match.',
    example: { glob: 'pr-*' },
    schema: tagsSchema,
  },
  olderThan: {
    description: 'Uploaded to this registry longer ago than this.',
    example: '14d',
    schema: ageSchema,
  },
  newerThan: { description: 'Uploaded to this registry within this time.', example: '2d', schema: ageSchema },
  untaggedFor: {
    description: 'Has no tag, and has had none for longer than this.',
    example: '7d',
    schema: ageSchema,
  },
  taggedWithin: {
    description: 'Was given its youngest tag within this time.',
    example: '3d',
    schema: ageSchema,
  },
  pulledWithin: { description: 'Was pulled within this time.', example: '30d', schema: ageSchema },
  notPulledFor: { description: 'Was not pulled for longer than this.', example: '90d', schema: ageSchema },
  inUse: {
    description: 'Is in use: a workload of a connected cluster or service names it.',
    example: true,
    schema: yesSchema,
    keepOnly: true,
  },
  digests: {
    description: 'Is one of these. One or a list.',
    example: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    schema: oneOrMore({ type: 'string', pattern: '^sha256:[0-9a-f]{64}$' }),
  },
  largerThan: {
    description: 'Is larger than this; shared layers are counted. MB are 1000 kB, MiB are 1024 KiB.',
    example: '2GiB',
    schema: sizeSchema,
  },
  mediaTypes: {
    description: 'Has one of these media types or artifact types. One or a list.',
    example: 'application/vnd.oci.image.manifest.v1+json',
    schema: oneOrMore({ type: 'string', pattern: MEDIA_TYPE.source }),
  },
  newest: {
    description: 'Of the images that meet the conditions, only so many: the newest of each group.',
    example: 10,
    schema: { type: 'integer', minimum: 1, maximum: NEWEST_MAX },
    keepOnly: true,
  },
  by: {
    description:
      'What makes an image newer for `newest`: its upload, or its version (needs tags.semver). Default: upload.',
    example: 'semver',
    schema: { enum: ['upload', 'semver'] },
    keepOnly: true,
  },
  per: {
    description:
      'What `newest` counts within: the repository, the major or minor version (needs tags.semver), or a named group of tags.regex. Default: repository.',
    example: 'minor',
    schema: textSchema,
    keepOnly: true,
  },
  until: {
    description:
      'The rule ends after this day (in every time zone) or at this time; afterwards it says nothing. For an incident or a freeze.',
    example: '2026-12-31',
    schema: { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$' },
    keepOnly: true,
  },
  quarantine: { ...quarantine, deleteOnly: true },
  quarantineWithout: { ...quarantineWithout, deleteOnly: true },
} as const satisfies Record<string, Keyword>;

export type RuleKeyword = keyof typeof RULE_KEYWORDS;

/** The keys of a rule that narrow nothing by themselves. */
export const RULE_MODIFIERS = [
  'newest',
  'by',
  'per',
  'until',
  'quarantine',
  'quarantineWithout',
] as const satisfies readonly RuleKeyword[];

const rulesSchema = (rule: string): JsonSchema => ({
  type: 'array',
  minItems: 1,
  maxItems: ENTRIES_MAX,
  items: {
    type: 'object',
    minProperties: 1,
    maxProperties: 1,
    patternProperties: { [NAME.source]: { $ref: `#/$defs/${rule}` } },
    additionalProperties: false,
  },
});

export const POLICY_KEYWORDS = {
  apiVersion: {
    description: 'The version of the policy language.',
    example: API_VERSION,
    schema: { const: API_VERSION },
  },
  policy: {
    description: 'The name of the policy, unique among all policies that run together.',
    example: 'services',
    schema: nameSchema,
  },
  repositories: {
    description:
      'The repositories that the policy is for, as HOST/NAME: `*` stays within a component, `**` crosses, `!` before a pattern excludes.',
    example: ['europe-docker.pkg.dev/acme/services/**', '!**/base-*'],
    schema: oneOrMore(textSchema),
  },
  schedule: {
    description: 'When the policy runs by itself. Without schedule and onPush it runs only when asked.',
    example: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
    schema: {
      type: 'object',
      properties: propertiesOf(SCHEDULE_KEYWORDS),
      required: ['cron'],
      additionalProperties: false,
    },
  },
  onPush: {
    description:
      'The policy also runs for a repository that was pushed to, once its pushes have settled. Without it pushes set nothing going.',
    example: { settle: '10m', atMost: '2h' },
    schema: {
      type: 'object',
      properties: propertiesOf(ON_PUSH_KEYWORDS),
      required: ['settle'],
      additionalProperties: false,
    },
  },
  mode: {
    description: 'plan: only says what it would delete. enforce: deletes. Default: plan.',
    example: 'plan',
    schema: { enum: ['plan', 'enforce'] },
  },
  trustInUse: {
    description:
      'Which in-use sources are enough for inUse. complete: at least one that answers completely. best-effort: those that may be some minutes behind, too. Default: complete.',
    example: 'complete',
    schema: { enum: ['complete', 'best-effort'] },
  },
  quarantine: {
    ...quarantine,
    description: `For every delete rule that does not say it itself. ${quarantine.description}`,
  },
  quarantineWithout: {
    ...quarantineWithout,
    description: `For every delete rule with the quarantine of the policy. ${quarantineWithout.description}`,
  },
  limits: {
    description:
      'How much one run may take from one repository. Over a limit, the run stops before its first delete.',
    example: { digests: 500, share: '25%' },
    schema: { type: 'object', properties: propertiesOf(LIMITS_KEYWORDS), additionalProperties: false },
  },
  undo: {
    description:
      'How long what is deleted is kept in the ledger, so that it can be restored; off for not at all. Default: 30d.',
    example: '90d',
    schema: { anyOf: [ageSchema, { const: 'off' }] },
  },
  owner: {
    description: 'Whom to ask about the policy; reports show it.',
    example: 'platform@example.com',
    schema: textSchema,
  },
  reason: {
    description: 'Why the policy exists; reports show it.',
    example: 'Pull-request images are rebuilt on demand.',
    schema: textSchema,
  },
  keep: {
    description: 'Rules that keep. Keep beats delete, and the order of rules never matters.',
    example: [{ releases: { tags: { semver: '>=1.0.0' }, newest: 10, per: 'minor' } }],
    schema: rulesSchema('keepRule'),
  },
  delete: {
    description: 'Rules that delete. What no rule names is kept.',
    example: [{ untagged: { untaggedFor: '7d' } }],
    schema: rulesSchema('deleteRule'),
  },
} as const satisfies Record<string, Keyword>;

/** Limits that a folder may set for its policies. That a repository may be emptied is said in each policy. */
export const DEFAULTS_LIMITS_KEYWORDS = {
  digests: LIMITS_KEYWORDS.digests,
  share: LIMITS_KEYWORDS.share,
  size: LIMITS_KEYWORDS.size,
  perDay: LIMITS_KEYWORDS.perDay,
  repository: LIMITS_KEYWORDS.repository,
  project: LIMITS_KEYWORDS.project,
  freeze: LIMITS_KEYWORDS.freeze,
} as const satisfies Record<string, Keyword>;

/**
 * What a folder may set for its policies: what runs when, how much at most, and whom to ask. What is deleted, where,
 * and whether at all, is read in the policy itself.
 */
export const DEFAULT_SETTING_KEYWORDS = {
  schedule: POLICY_KEYWORDS.schedule,
  onPush: POLICY_KEYWORDS.onPush,
  limits: {
    description: 'How much one run may take from one repository; a policy replaces each limit by itself.',
    example: { digests: 500, share: '25%' },
    schema: {
      type: 'object',
      properties: propertiesOf(DEFAULTS_LIMITS_KEYWORDS),
      additionalProperties: false,
    },
  },
  // That nothing is kept is said in each policy.
  undo: {
    description: 'How long what is deleted is kept in the ledger, so that it can be restored. Default: 30d.',
    example: '90d',
    schema: ageSchema,
  },
  owner: POLICY_KEYWORDS.owner,
  reason: POLICY_KEYWORDS.reason,
} as const satisfies Record<string, Keyword>;

/** The keys of a folder's `_defaults.yaml`. */
export const DEFAULTS_KEYWORDS = {
  apiVersion: POLICY_KEYWORDS.apiVersion,
  defaults: {
    description:
      'What holds for every policy of this folder and of those below it that does not say it itself.',
    example: { owner: 'platform@example.com', limits: { digests: 200 } },
    schema: {
      type: 'object',
      minProperties: 1,
      properties: propertiesOf(DEFAULT_SETTING_KEYWORDS),
      additionalProperties: false,
    },
  },
} as const satisfies Record<string, Keyword>;

/** The `properties` of a JSON Schema for a table of keywords. */
export function propertiesOf(keywords: Readonly<Record<string, Keyword>>): JsonSchema {
  return Object.fromEntries(
    Object.entries(keywords).map(([key, { description, example, schema }]) => [
      key,
      { description, examples: [example], ...schema },
    ]),
  );
}
