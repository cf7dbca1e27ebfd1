import * as z from 'zod';
import { type Digest, isDigest } from '../digest.ts';
import type { Condition } from '../policy.ts';
import { NEWEST_MAX } from '../policy-file/limits.ts';
import { isTag } from '../reference.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../units.ts';
import {
  type ImportNote,
  membersNote,
  newestOf,
  type PolicyDraft,
  type RuleDraft,
  type SourceFile,
  type SourceImport,
  TIES_NOTE,
} from './draft.ts';
import { NameGiver, stemOf } from './name.ts';
import { shown } from './print.ts';
import {
  checkAge,
  readJson,
  refuseRule,
  refuseSource,
  SOURCE_RULES_MAX,
  wholeMinutes,
} from './source-file.ts';

const prefixes = z
  .array(z.string().min(1, 'an empty prefix says nothing: remove it').max(255))
  .min(1)
  .max(100);

const conditionShape = z.strictObject({
  tagState: z.string().optional(),
  tagPrefixes: prefixes.optional(),
  versionNamePrefixes: prefixes.optional(),
  packageNamePrefixes: prefixes.optional(),
  olderThan: z.string().optional(),
  newerThan: z.string().optional(),
});

const policyShape = z.strictObject({
  /** Files have `name`, the API has `id`. */
  name: z.string().min(1).max(200).optional(),
  id: z.string().min(1).max(200).optional(),
  action: z.union([z.string(), z.strictObject({ type: z.string() })], {
    error: 'write {"type": "Keep"} or {"type": "Delete"}',
  }),
  condition: conditionShape.optional(),
  mostRecentVersions: z
    .strictObject({ keepCount: z.int().min(0), packageNamePrefixes: prefixes.optional() })
    .optional(),
});

const fileShape = z
  .array(policyShape, {
    error:
      'it is a list of cleanup policies, as gcloud artifacts repositories list-cleanup-policies prints it',
  })
  .min(1, 'there is no cleanup policy in it')
  .max(SOURCE_RULES_MAX, `there are more than ${SOURCE_RULES_MAX} cleanup policies in it`);

type CleanupPolicy = z.infer<typeof policyShape>;
type Action = 'keep' | 'delete';

/** A rule that is left, or what to say instead of it. */
type Carried =
  | {
      readonly kind: 'rule';
      readonly conditions: readonly Condition[];
      readonly notes: readonly ImportNote[];
    }
  | { readonly kind: 'none'; readonly note: ImportNote };

/** Where an error says that something is. */
interface Place {
  readonly file: string;
  readonly field: string;
  readonly rule: string;
}

/**
 * Turns the cleanup policies of an Artifact Registry repository into policies: one for each set of package
 * prefixes, since ours name repositories once for all their rules. Keep beats delete in both, and a keep in
 * either of two policies keeps.
 *
 * @param repositories where the cleanup policies are in force: `HOST/PROJECT/REPO`, with or without `/**`
 * @throws WardenError IMPORT_INVALID, IMPORT_UNSUPPORTED
 */
export function importArtifactRegistry(source: SourceFile, repositories: readonly string[]): SourceImport {
  const { file } = source;
  const bases = repositories.map((text) => registryRepository(file, text));
  const policies = readJson(source, fileShape);
  const names = new NameGiver();
  const seen = new Set<string>();
  const groups = new Map<string, { prefixes: readonly string[]; keep: RuleDraft[]; delete: RuleDraft[] }>();
  const notes: ImportNote[] = [membersNote('Artifact Registry')];
  for (const [index, policy] of policies.entries()) {
    const field = `[${index}]`;
    const rule = policy.name ?? policy.id ?? refuseSource(file, field, 'the cleanup policy has no name');
    if (seen.has(rule))
      refuseSource(file, field, `there are two cleanup policies named ${JSON.stringify(shown(rule))}`);
    seen.add(rule);
    const place: Place = { file, field, rule: shown(rule) };
    const action = readAction(place, policy);
    const recent = policy.mostRecentVersions;
    const carried = recent === undefined ? carryCondition(place, action, policy) : carryNewest(place, policy);
    const packages = packagePrefixes(place, (recent ?? policy.condition)?.packageNamePrefixes ?? null);
    if (carried.kind === 'none' || packages?.length === 0) {
      notes.push(
        carried.kind === 'none'
          ? carried.note
          : never(place, 'no package name begins with any of its packageNamePrefixes'),
      );
      continue;
    }
    if (recent !== undefined && !notes.includes(TIES_NOTE)) notes.push(TIES_NOTE);
    const key = JSON.stringify(packages);
    const group = groups.get(key) ?? { prefixes: packages ?? [], keep: [], delete: [] };
    groups.set(key, group);
    group[action].push({
      name: names.give(rule, 'rule'),
      from: `Cleanup policy ${JSON.stringify(place.rule)}.`,
      notes: carried.notes,
      conditions: carried.conditions,
      newest: recent === undefined ? null : newestOf(recent.keepCount),
    });
  }
  if (![...groups.values()].some((group) => group.delete.length > 0)) {
    notes.push({
      kind: 'SAME',
      rule: null,
      text: 'There is no rule that deletes, so nothing is deleted: what no rule names is kept.',
    });
  }
  const policyNames = new NameGiver();
  const drafts = [...groups.values()].map(
    (group): PolicyDraft => ({
      name: policyNames.give([stemOf(file), ...group.prefixes].join('-'), 'cleanup'),
      repositories: bases.flatMap((base) => packageGlobs(base, group.prefixes)),
      keep: group.keep,
      delete: group.delete,
    }),
  );
  return { drafts, notes };
}

/**
 * The repository that cleanup policies belong to, without `/**`. Written out: a wildcard could reach packages as
 * if they were repositories, and their prefixes would be looked for in the wrong place.
 */
function registryRepository(file: string, text: string): string {
  const base = text.replace(/\/\*\*$/, '');
  const [host = '', ...path] = base.split('/');
  const isLiteral = /^[a-z0-9.:-]+(?:\/[a-z0-9._-]+)+$/.test(base);
  // A project of a domain takes two components: gcr.io/example.com/my-project.
  const scoped = path[0]?.includes('.') === true ? 1 : 0;
  const wanted = (/(?:^|\.)gcr\.io$/.test(host) ? 1 : 2) + scoped;
  if (!isLiteral || path.length !== wanted) {
    refuseSource(
      file,
      '--repositories',
      `the cleanup policies of Artifact Registry are for a whole repository, so write HOST/PROJECT/REPO (gcr.io/PROJECT), and ${JSON.stringify(text)} is none`,
    );
  }
  return base;
}

function packageGlobs(base: string, packages: readonly string[]): string[] {
  if (packages.length === 0) return [`${base}/**`];
  return packages.flatMap((prefix) =>
    // A prefix ends anywhere: web is the beginning of web, of webapp and of web/api.
    prefix.endsWith('/') ? [`${base}/${prefix}**`] : [`${base}/${prefix}*`, `${base}/${prefix}*/**`],
  );
}

/** The prefixes that a package's name can begin with; null where the rule names none, so that all are meant. */
function packagePrefixes({ file, field }: Place, given: readonly string[] | null): string[] | null {
  if (given === null) return null;
  const found: string[] = [];
  for (const prefix of new Set(given)) {
    if (prefix.includes('/')) {
      refuseRule(
        file,
        `${field}.packageNamePrefixes`,
        `Artifact Registry writes the / in a package's name as %2F, so it is not clear what ${JSON.stringify(prefix)} matches; write %2F if that is meant`,
      );
    }
    const path = prefix.replaceAll(/%2f/gi, '/');
    if (/^[a-z0-9][a-z0-9._/-]*$/.test(path) && !path.includes('//')) found.push(path);
  }
  return found.sort();
}

function readAction({ file, field }: Place, policy: CleanupPolicy): Action {
  const type = (typeof policy.action === 'string' ? policy.action : policy.action.type).toLowerCase();
  if (type !== 'keep' && type !== 'delete') refuseSource(file, `${field}.action`, 'it is Keep or Delete');
  if (policy.condition !== undefined && policy.mostRecentVersions !== undefined) {
    refuseSource(file, field, 'condition and mostRecentVersions can not be in one cleanup policy');
  }
  if (policy.condition === undefined && policy.mostRecentVersions === undefined) {
    refuseSource(file, field, 'it has neither condition nor mostRecentVersions');
  }
  if (type === 'delete' && policy.mostRecentVersions !== undefined) {
    refuseSource(file, `${field}.mostRecentVersions`, 'only a Keep policy can have it');
  }
  return type;
}

function never({ rule }: Place, why: string): ImportNote {
  return { kind: 'NEVER', rule, text: `It is left out: ${why}, so it never applies.` };
}

function carryNewest(place: Place, policy: CleanupPolicy): Carried {
  const count = policy.mostRecentVersions?.keepCount ?? 0;
  if (count === 0) return { kind: 'none', note: never(place, 'it keeps 0 versions') };
  if (count > NEWEST_MAX) {
    refuseRule(place.file, `${place.field}.mostRecentVersions.keepCount`, `newest counts to ${NEWEST_MAX}`);
  }
  return { kind: 'rule', conditions: [{ kind: 'all' }], notes: [] };
}

function carryCondition(place: Place, action: Action, policy: CleanupPolicy): Carried {
  const condition = policy.condition ?? {};
  const conditions: Condition[] = [];
  const notes: ImportNote[] = [];
  const state = readState(place, condition.tagState);
  if (condition.tagPrefixes !== undefined) {
    if (state === 'untagged') {
      refuseSource(
        place.file,
        `${place.field}.condition`,
        'no untagged version has tags to compare with tagPrefixes',
      );
    }
    const possible = [...new Set(condition.tagPrefixes)].filter(isTag);
    if (possible.length === 0)
      return { kind: 'none', note: never(place, 'no tag begins with any of its tagPrefixes') };
    conditions.push({
      kind: 'tags',
      match: 'any',
      patterns: possible.map((text) => ({ kind: 'prefix', text })),
    });
  } else if (state !== 'any') conditions.push({ kind: 'state', state });

  if (condition.versionNamePrefixes !== undefined) {
    const versions = carryVersions(place, action, condition.versionNamePrefixes);
    if (versions.kind === 'none') return versions;
    conditions.push(...versions.conditions);
    notes.push(...versions.notes);
  }
  const ages = carryAges(place, action, condition);
  if (ages.kind === 'none') return ages;
  conditions.push(...ages.conditions);
  notes.push(...ages.notes);
  return { kind: 'rule', conditions: conditions.length === 0 ? [{ kind: 'all' }] : conditions, notes };
}

function readState({ file, field }: Place, text: string | undefined): 'tagged' | 'untagged' | 'any' {
  switch (text?.toLowerCase()) {
    case undefined:
    case 'tag_state_unspecified':
    case 'any':
      return 'any';
    case 'tagged':
      return 'tagged';
    case 'untagged':
      return 'untagged';
    default:
      return refuseSource(file, `${field}.condition.tagState`, 'it is TAGGED, UNTAGGED or ANY');
  }
}

const EVERY_DIGEST = 'sha256:';

/** The version of a Docker image is its digest. */
function carryVersions(place: Place, action: Action, given: readonly string[]): Carried {
  if (given.some((prefix) => EVERY_DIGEST.startsWith(prefix))) {
    return {
      kind: 'rule',
      conditions: [],
      notes: [
        {
          kind: 'SAME',
          rule: place.rule,
          text: `Its versionNamePrefixes match every image, since the version of an image is its digest; so they are left out.`,
        },
      ],
    };
  }
  const digests = given.filter((prefix): prefix is Digest => isDigest(prefix));
  const isPartOf = (prefix: string): boolean => /^sha256:[0-9a-f]{1,63}$/.test(prefix);
  if (digests.length === 0 && !given.some(isPartOf)) {
    return {
      kind: 'none',
      note: never(
        place,
        'the version of an image is its digest, and none begins with any of its versionNamePrefixes',
      ),
    };
  }
  if (action === 'delete') {
    return {
      kind: 'none',
      note: {
        kind: 'LEFT_OUT',
        rule: place.rule,
        text: 'It deletes manifests by their digests, and one of them may be a platform of an image that is not meant. Nothing is deleted because of it.',
      },
    };
  }
  if (given.some(isPartOf)) {
    refuseRule(
      place.file,
      `${place.field}.condition.versionNamePrefixes`,
      'a policy names whole digests, and without this rule more would be deleted: write out the digests that it keeps',
    );
  }
  return { kind: 'rule', conditions: [{ kind: 'digests', digests }], notes: [] };
}

const UNITS_MS: Readonly<Record<string, number>> = { d: DAY_MS, h: HOUR_MS, m: MINUTE_MS, s: SECOND_MS };

/** As gcloud and the API write them: `30d`, `1d12h`, `2592000s`. Milliseconds. */
function readDuration(file: string, field: string, text: string): number {
  if (!/^(?:[0-9]{1,12}d)?(?:[0-9]{1,12}h)?(?:[0-9]{1,12}m)?(?:[0-9]{1,12}s)?$/.test(text) || text === '') {
    refuseSource(
      file,
      field,
      `${JSON.stringify(shown(text))} is no length of time such as 30d, 12h or 2592000s`,
    );
  }
  const ageMs = [...text.matchAll(/([0-9]+)([dhms])/g)].reduce(
    (total, [, count, unit = '']) => total + Number(count) * (UNITS_MS[unit] ?? 0),
    0,
  );
  if (ageMs === 0) refuseRule(file, field, 'an age of 0 narrows nothing: remove it if every age is meant');
  checkAge(file, field, ageMs);
  return ageMs;
}

/** Both ages, in whole minutes: rounded so that a Delete deletes less and a Keep keeps more. */
function carryAges(place: Place, action: Action, condition: z.infer<typeof conditionShape>): Carried {
  const conditions: Condition[] = [];
  let isRounded = false;
  for (const kind of ['olderThan', 'newerThan'] as const) {
    const text = condition[kind];
    if (text === undefined) continue;
    const field = `${place.field}.condition.${kind}`;
    const exactMs = readDuration(place.file, field, text);
    const direction = (kind === 'olderThan') === (action === 'delete') ? 'up' : 'down';
    const ageMs = wholeMinutes(exactMs, direction);
    if (ageMs === null)
      refuseRule(place.file, field, 'it is less than a minute, the shortest time a policy can name');
    if (ageMs !== exactMs) isRounded = true;
    conditions.push({ kind, ageMs });
  }
  const [older, newer] = conditions;
  if (older?.kind === 'olderThan' && newer?.kind === 'newerThan' && older.ageMs >= newer.ageMs) {
    return {
      kind: 'none',
      note: never(place, 'no image is older than its olderThan and newer than its newerThan'),
    };
  }
  const notes: ImportNote[] = isRounded
    ? [
        {
          kind: 'ROUNDED',
          rule: place.rule,
          text: `Its times are rounded to whole minutes, so that it ${action === 'delete' ? 'deletes less' : 'keeps more'}.`,
        },
      ]
    : [];
  return { kind: 'rule', conditions, notes };
}
