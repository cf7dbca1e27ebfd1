import { isMap } from 'yaml';
import type { PolicyProblem } from '../policy.ts';
import type { PolicyDefaults } from './defaults.ts';
import type { DocumentReader } from './document.ts';
import {
  API_VERSION,
  DEFAULT_SETTING_KEYWORDS,
  DEFAULTS_KEYWORDS,
  DEFAULTS_LIMITS_KEYWORDS,
} from './keyword.ts';
import { readOneDocument } from './one-document.ts';
import type { PolicyFile } from './parse.ts';
import { problemsOf } from './problem.ts';
import { readLimits, readNote, readOnPush, readSchedule, readsThisVersion, readUndo } from './setting.ts';

/** What a file of defaults gave: the defaults, or everything that is wrong with it. */
export type ParsedDefaults =
  | { readonly kind: 'parsed'; readonly defaults: PolicyDefaults }
  | { readonly kind: 'broken'; readonly problems: readonly PolicyProblem[] };

/**
 * Reads a folder's `_defaults.yaml`.
 * @param outer what holds in the folder above; what the file does not name is taken from it
 */
export function parseDefaultsFile(content: PolicyFile, outer: PolicyDefaults): ParsedDefaults {
  const document = readOneDocument(content, 'A file of defaults');
  if (document.kind === 'broken') return document;
  const { reader, positions } = document;
  const defaults = reader.isYaml ? readDefaults(reader, outer) : null;
  if (defaults !== null && reader.problems.length === 0) return { kind: 'parsed', defaults };
  return { kind: 'broken', problems: problemsOf(reader.problems, positions, content.file, null, null) };
}

function readDefaults(reader: DocumentReader, outer: PolicyDefaults): PolicyDefaults | null {
  const { root } = reader;
  if (root === null || !isMap(root)) {
    reader.report(
      'POLICY_TYPE',
      root ?? 0,
      `Defaults are a mapping that begins with apiVersion: ${API_VERSION}.`,
    );
    return null;
  }
  if (!readsThisVersion(reader, root)) return null;
  const entries = reader.mapping(root, root, 'a file of defaults', DEFAULTS_KEYWORDS);
  if (entries === null) return null;
  for (const key of Object.keys(DEFAULTS_KEYWORDS)) {
    if (!entries.has(key))
      reader.report('POLICY_MISSING_KEY', root, `The file has no ${key}, which every file of defaults has.`);
  }
  const entry = entries.get('defaults');
  if (entry === undefined) return null;
  const settings = reader.mapping(entry.value, entry, 'defaults', DEFAULT_SETTING_KEYWORDS);
  if (settings === null) return null;
  if (settings.size === 0 && reader.problems.length === 0)
    reader.report('POLICY_TYPE', entry, 'There is nothing in defaults: name a setting.');
  const schedule = settings.get('schedule');
  const onPush = settings.get('onPush');
  const undo = settings.get('undo');
  const limits = readLimits(reader, settings.get('limits'), DEFAULTS_LIMITS_KEYWORDS, outer.limits);
  const defaults = {
    schedule: schedule === undefined ? outer.schedule : readSchedule(reader, schedule),
    onPush: onPush === undefined ? outer.onPush : readOnPush(reader, onPush),
    undoMs: undo === undefined ? outer.undoMs : (readUndo(reader, undo, false) ?? undefined),
    owner: readNote(reader, settings.get('owner')) ?? outer.owner,
    reason: readNote(reader, settings.get('reason')) ?? outer.reason,
  };
  return limits === null ? null : { ...defaults, limits };
}
