import * as z from 'zod';
import type { Condition } from '../policy.ts';
import { NEWEST_MAX } from '../policy-file/limits.ts';
import { parseRepository } from '../reference.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../units.ts';
import {
  type ImportNote,
  membersNote,
  newestOf,
  type RuleDraft,
  type SourceFile,
  type SourceImport,
  TIES_NOTE,
} from './draft.ts';
import { readFlags } from './gcr-cleaner-flags.ts';
import { NameGiver, stemOf } from './name.ts';
import { shown } from './print.ts';
import { checkAge, checkSize, readJson, refuseRule, refuseSource, wholeMinutes } from './source-file.ts';

const REPOSITORIES_MAX = 200;

const payloadShape = z.strictObject({
  repos: z.union([z.string(), z.array(z.string()).max(REPOSITORIES_MAX)], {
    error: 'it is a repository or a list of repositories',
  }),
  grace: z.union([z.string(), z.number()], { error: 'it is a length of time such as "72h"' }).optional(),
  keep: z.int().min(0).optional(),
  tag_filter_any: z.string().optional(),
  tag_filter_all: z.string().optional(),
  dry_run: z.boolean().optional(),
  recursive: z.boolean().optional(),
});

/** What gcr-cleaner is told to do, from a payload or from flags. */
export type GcrCleanerPayload = z.infer<typeof payloadShape>;

/**
 * Turns a payload of gcr-cleaner's server, or a file with the flags of its command, into a policy.
 *
 * A candidate is uploaded before now - grace, and has no tag or tags that match the filter. The newest `keep`
 * candidates of a repository stay, the others go.
 *
 * @throws WardenError IMPORT_INVALID, IMPORT_UNSUPPORTED
 */
export function importGcrCleaner(source: SourceFile): SourceImport {
  const { file, text } = source;
  checkSize(file, text);
  const payload = /^\s*[{[]/.test(text) ? readJson(source, payloadShape) : readFlags(source);
  const repositories = readRepositories(file, payload);
  const notes: ImportNote[] = [membersNote('gcr-cleaner')];
  if (payload.dry_run === true)
    notes.push({
      kind: 'SAME',
      rule: null,
      text: 'dry_run is on in the source; a policy in mode: plan deletes nothing either.',
    });

  const old: Condition[] = [];
  const graceMs = readGrace(file, payload.grace);
  if (graceMs > 0) {
    checkAge(file, 'grace', graceMs);
    const ageMs = wholeMinutes(graceMs, 'up') ?? MINUTE_MS;
    if (ageMs !== graceMs)
      notes.push({
        kind: 'ROUNDED',
        rule: null,
        text: 'grace is rounded up to whole minutes, so that less is deleted.',
      });
    old.push({ kind: 'olderThan', ageMs });
  }
  const filter = readFilter(file, payload);
  const kinds: { readonly name: string; readonly from: string; readonly condition: Condition }[] = [
    { name: 'untagged', from: 'Images without a tag.', condition: { kind: 'state', state: 'untagged' } },
    ...(filter === null
      ? []
      : [{ name: 'tagged', from: `Images whose tags match ${filter.name}.`, condition: filter.condition }]),
  ];
  const rule = (name: string, from: string, condition: Condition, count: number | null): RuleDraft => ({
    name,
    from,
    notes: [],
    conditions: [condition, ...old],
    newest: count === null ? null : newestOf(count),
  });

  const count = payload.keep ?? 0;
  if (count > NEWEST_MAX) refuseRule(file, 'keep', `newest counts to ${NEWEST_MAX}`);
  if (count > 0) {
    notes.push(TIES_NOTE, {
      kind: 'ORDER',
      rule: null,
      text: 'gcr-cleaner takes for the newest what was created last by its own word; here the newest is what was uploaded last. The two differ for images that were built reproducibly, copied or uploaded later.',
    });
    if (kinds.length > 1) {
      notes.push({
        kind: 'COUNTED_APART',
        rule: null,
        text: `gcr-cleaner keeps the ${count} newest of untagged and matching images together; here ${count} of each stay.`,
      });
    }
  }
  return {
    drafts: [
      {
        name: new NameGiver().give(stemOf(file), 'gcr-cleaner'),
        repositories,
        keep:
          count === 0
            ? []
            : kinds.map(({ name, condition }) => rule(`newest-${name}`, `keep: ${count}.`, condition, count)),
        delete: kinds.map(({ name, from, condition }) => rule(name, from, condition, null)),
      },
    ],
    notes,
  };
}

function readRepositories(file: string, payload: GcrCleanerPayload): string[] {
  const given = typeof payload.repos === 'string' ? [payload.repos] : payload.repos;
  const names = [...new Set(given.map((name) => name.trim()).filter((name) => name !== ''))].sort();
  if (names.length === 0) refuseSource(file, 'repos', 'it names no repository');
  const isRecursive = payload.recursive === true;
  return names.flatMap((name) => {
    if (isRecursive && /^[a-z0-9.-]+\.[a-z0-9-]+(?::[0-9]+)?$/.test(name)) return [`${name}/**`];
    try {
      parseRepository(name);
    } catch (cause) {
      refuseSource(
        file,
        'repos',
        `${JSON.stringify(shown(name))} is no repository, written as HOST/NAME`,
        cause,
      );
    }
    return isRecursive ? [name, `${name}/**`] : [name];
  });
}

const GO_UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
};

/** A duration as Go's time.ParseDuration reads it, or nanoseconds. Milliseconds, 0 where there is none. */
function readGrace(file: string, grace: string | number | undefined): number {
  if (grace === undefined || grace === 0 || grace === '0' || grace === '') return 0;
  if (typeof grace === 'number') {
    if (!Number.isFinite(grace) || grace < 0) refuseSource(file, 'grace', 'it is not negative');
    return grace / 1e6;
  }
  if (!/^\+?(?:[0-9]{1,15}(?:\.[0-9]{0,9})?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(grace)) {
    refuseSource(
      file,
      'grace',
      `${JSON.stringify(shown(grace))} is no length of time as Go writes it, for example 72h or 1h30m`,
    );
  }
  let totalMs = 0;
  for (const [, count, unit = ''] of grace.matchAll(/([0-9.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    totalMs += Number(count) * (GO_UNITS_MS[unit] ?? 0);
  }
  return totalMs;
}

/** Regular expressions that say nothing but "has a tag". */
const EVERY_TAG: ReadonlySet<string> = new Set([
  '.*',
  '^.*$',
  '^.*',
  '.*$',
  '.+',
  '^.+$',
  '^.+',
  '.+$',
  '.',
  '^',
  '$',
]);

function readFilter(
  file: string,
  payload: GcrCleanerPayload,
): { readonly name: string; readonly condition: Condition } | null {
  const some = payload.tag_filter_any ?? '';
  const every = payload.tag_filter_all ?? '';
  if (some !== '' && every !== '')
    refuseSource(file, 'tag_filter_all', 'it can not be beside tag_filter_any');
  if (some === '' && every === '') return null;
  const text = some === '' ? every : some;
  return {
    name: `${some === '' ? 'tag_filter_all' : 'tag_filter_any'} ${shown(text)}`,
    condition: EVERY_TAG.has(text)
      ? { kind: 'state', state: 'tagged' }
      : { kind: 'tags', match: some === '' ? 'all' : 'any', patterns: [{ kind: 'regex', text }] },
  };
}
