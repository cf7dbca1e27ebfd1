import type { Node } from 'yaml';
import type { Freeze, LimitScope, Limits, OnPush, Schedule, ScopeLimit } from '../policy.ts';
import { isTimeZone, parseCron } from '../schedule.ts';
import { DAY_MS, HOUR_MS, parseAge, parsed, parseFreeze, parseShare, parseSize } from '../units.ts';
import type { DocumentReader, Entry } from './document.ts';
import {
  API_VERSION,
  type Keyword,
  type LIMITS_KEYWORDS,
  ON_PUSH_KEYWORDS,
  SCHEDULE_KEYWORDS,
  SCOPE_LIMIT_KEYWORDS,
} from './keyword.ts';
import { LIMIT_DIGESTS_MAX, LIMIT_PER_DAY_MAX } from './limits.ts';
import { remembering } from './remember.ts';
import { readUnit, texts } from './rule.ts';
import { nearest, quoted } from './spelling.ts';

const parseKnownCron = remembering(parseCron);

/** Whether a document is written for this version of the language; where it is not, says so. */
export function readsThisVersion(reader: DocumentReader, root: Node): boolean {
  const entries = reader.entries(root, root, 'a policy');
  if (entries === null) return false;
  const entry = entries.find((one) => one.key === 'apiVersion');
  if (entry === undefined) return true;
  const text = reader.text(entry.value, entry, 'apiVersion', API_VERSION);
  if (text === API_VERSION) return true;
  if (text !== null) {
    reader.report('POLICY_API_VERSION', entry, `apiVersion is ${API_VERSION}, not ${quoted(text)}.`);
  }
  return false;
}

/** `owner` and `reason`: one line, however they are written. */
export function readNote(reader: DocumentReader, entry: Entry | undefined): string | null {
  if (entry === undefined) return null;
  const text = reader.text(entry.value, entry, entry.key)?.trim().replaceAll(/\s+/g, ' ') ?? '';
  return text === '' ? null : text;
}

/** `schedule`, of a policy or of a folder's defaults. null: there is none, or it is broken and was reported. */
export function readSchedule(reader: DocumentReader, entry: Entry | undefined): Schedule | null {
  if (entry === undefined) return null;
  const entries = reader.mapping(entry.value, entry, 'schedule', SCHEDULE_KEYWORDS);
  if (entries === null) return null;
  const cronEntry = entries.get('cron');
  if (cronEntry === undefined) {
    reader.report('POLICY_MISSING_KEY', entry, 'schedule has no cron. Write for example cron: "0 3 * * *".');
  }
  const cron =
    cronEntry === undefined
      ? null
      : readUnit(reader, cronEntry, 'POLICY_CRON', 'a cron expression such as "0 3 * * *"', parseKnownCron);
  const zoneEntry = entries.get('timeZone');
  if (zoneEntry === undefined) return cron === null ? null : { cron, timeZone: 'UTC' };
  const timeZone = reader.text(zoneEntry.value, zoneEntry, 'timeZone', 'an IANA time zone');
  if (timeZone !== null && !isTimeZone(timeZone)) {
    const near = nearestTimeZone(timeZone);
    reader.report(
      'POLICY_TIME_ZONE',
      zoneEntry,
      `timeZone is an IANA name such as Europe/Berlin, not ${quoted(timeZone)}.${near === null ? '' : ` Did you mean ${near}?`}`,
    );
    return null;
  }
  return cron === null || timeZone === null ? null : { cron, timeZone };
}

function nearestTimeZone(text: string): string | null {
  const names = Intl.supportedValuesOf('timeZone');
  const city = names.find((name) =>
    name.toLowerCase().endsWith(`/${text.toLowerCase().replaceAll(' ', '_')}`),
  );
  return city ?? nearest(text, names);
}

const AT_MOST_MS = 2 * HOUR_MS;
/** Well within the time that the ledger remembers pushes for. */
const PUSH_WAIT_MAX_MS = 7 * DAY_MS;

/** `onPush`, of a policy or of a folder's defaults. null: there is none, or it is broken and was reported. */
export function readOnPush(reader: DocumentReader, entry: Entry): OnPush | null {
  const entries = reader.mapping(entry.value, entry, 'onPush', ON_PUSH_KEYWORDS);
  if (entries === null) return null;
  const settle = entries.get('settle');
  const atMost = entries.get('atMost');
  if (settle === undefined) {
    reader.report('POLICY_MISSING_KEY', entry, 'onPush has no settle. Write for example settle: 10m.');
    return null;
  }
  const read = (found: Entry): number | null => {
    const ageMs = readUnit(reader, found, 'POLICY_DURATION', 'a length of time such as 10m', parseAge);
    if (ageMs === null || ageMs <= PUSH_WAIT_MAX_MS) return ageMs;
    reader.report('POLICY_DURATION', found, `${found.key} of onPush is at most 7d.`);
    return null;
  };
  const settleMs = read(settle);
  const atMostMs = atMost === undefined ? Math.max(AT_MOST_MS, settleMs ?? 0) : read(atMost);
  if (settleMs === null || atMostMs === null) return null;
  if (atMost !== undefined && atMostMs < settleMs) {
    reader.report('POLICY_DURATION', atMost, 'atMost of onPush is not shorter than its settle.');
    return null;
  }
  return { settleMs, atMostMs };
}

/** Long enough for everybody, and the ledger's own records end too. */
const UNDO_MAX_MS = 3 * 365 * DAY_MS;

/**
 * `undo`, of a policy or of a folder's defaults: 0 for `off`. null where it is broken, which was reported.
 * @param mayBeOff in a policy, which a reviewer reads
 */
export function readUndo(reader: DocumentReader, entry: Entry, mayBeOff: boolean): number | null {
  const what = `a length of time such as 90d${mayBeOff ? ', or off' : ''}`;
  const undoMs = readUnit(reader, entry, 'POLICY_DURATION', what, (text) => {
    if (!mayBeOff) return parseAge(text);
    if (text === 'off') return parsed(0);
    const age = parseAge(text);
    return age.kind === 'refused' ? { ...age, why: `${age.why}, or off` } : age;
  });
  if (undoMs === null || undoMs <= UNDO_MAX_MS) return undoMs;
  reader.report('POLICY_DURATION', entry, 'undo is at most 1095d.');
  return null;
}

const SHARE = ['POLICY_SHARE', 'a percentage such as 25%', parseShare] as const;
const SIZE = ['POLICY_SIZE', 'a size such as 200GB', parseSize] as const;

/**
 * `limits`, of a policy or of a folder's defaults.
 * @param keywords those that may be set here
 * @param fallback what a limit that is not named is
 * @returns null where one is broken, which was reported
 */
export function readLimits(
  reader: DocumentReader,
  entry: Entry | undefined,
  keywords: Readonly<Record<string, Keyword>>,
  fallback: Limits,
): Limits | null {
  if (entry === undefined) return fallback;
  const entries = reader.mapping(entry.value, entry, 'limits', keywords);
  if (entries === null) return null;
  const read = <T>(
    key: keyof typeof LIMITS_KEYWORDS,
    otherwise: T,
    how: (found: Entry) => T | null,
  ): T | null => {
    const found = entries.get(key);
    return found === undefined ? otherwise : how(found);
  };
  const before = reader.problems.length;
  const limits = {
    digests: read('digests', fallback.digests, (found) => reader.count(found, LIMIT_DIGESTS_MAX)),
    share: read('share', fallback.share, (found) => readUnit(reader, found, ...SHARE)),
    sizeBytes: read('size', fallback.sizeBytes, (found) => readUnit(reader, found, ...SIZE)),
    mayEmpty: read('mayEmpty', fallback.mayEmpty, (found) => reader.flag(found)),
    perDay: read('perDay', fallback.perDay, (found) => reader.count(found, LIMIT_PER_DAY_MAX)),
    repository: read('repository', scopeIn(fallback, 'repository'), (found) => readScope(reader, found)),
    project: read('project', scopeIn(fallback, 'project'), (found) => readScope(reader, found)),
    freeze: read('freeze', fallback.freeze, (found) => readFreezes(reader, found)),
  };
  const { repository, project, ...rest } = limits;
  const { digests, share, mayEmpty, freeze } = rest;
  // For size and perDay null is a value; that one is broken shows in what was reported.
  if (digests === null || share === null || mayEmpty === null || freeze === null) return null;
  if (reader.problems.length > before) return null;
  const scopes = [repository, project].filter((one) => one !== null);
  return { ...rest, digests, share, mayEmpty, freeze, ...(scopes.length === 0 ? {} : { scopes }) };
}

function scopeIn({ scopes = [] }: Limits, scope: LimitScope): ScopeLimit | null {
  return scopes.find((one) => one.scope === scope) ?? null;
}

/** A limit on what an image repository lies in. null: it is broken, and was reported. */
function readScope(reader: DocumentReader, entry: Entry): ScopeLimit | null {
  const entries = reader.mapping(entry.value, entry, entry.key, SCOPE_LIMIT_KEYWORDS);
  if (entries === null) return null;
  const [perDay, size, share] = [
    entries.get('perDay'),
    entries.get('sizePerDay'),
    entries.get('sharePerDay'),
  ];
  if (perDay === undefined && size === undefined && share === undefined) {
    const wanted = 'write perDay, sizePerDay, sharePerDay or several of them';
    reader.report('POLICY_MISSING_KEY', entry, `The limit of a ${entry.key} limits nothing: ${wanted}.`);
    return null;
  }
  const portion = share === undefined ? null : readUnit(reader, share, ...SHARE);
  return {
    scope: entry.key === 'project' ? 'project' : 'repository',
    digests: perDay === undefined ? null : reader.count(perDay, LIMIT_PER_DAY_MAX),
    sizeBytes: size === undefined ? null : readUnit(reader, size, ...SIZE),
    ...(portion === null ? {} : { share: portion }),
  };
}

function readFreezes(reader: DocumentReader, entry: Entry): Freeze[] | null {
  const found = texts(reader, entry, 'two days such as 2026-12-20/2027-01-06', (text) => {
    const freeze = parseFreeze(text);
    return freeze.kind === 'parsed'
      ? null
      : { code: 'POLICY_DATE', message: `${entry.key} can't be ${quoted(text)}: ${freeze.why}.` };
  });
  return (
    found?.flatMap((text) => {
      const freeze = parseFreeze(text);
      return freeze.kind === 'parsed' ? [freeze.value] : [];
    }) ?? null
  );
}
