import type { Node } from 'yaml';
import type { Limits, Schedule } from '../policy.ts';
import { isTimeZone, parseCron } from '../schedule.ts';
import { parseShare } from '../units.ts';
import type { DocumentReader, Entry } from './document.ts';
import { API_VERSION, type Keyword, SCHEDULE_KEYWORDS } from './keyword.ts';
import { LIMIT_DIGESTS_MAX } from './limits.ts';
import { remembering } from './remember.ts';
import { readUnit } from './rule.ts';
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
  const [digests, share, mayEmpty] = [entries.get('digests'), entries.get('share'), entries.get('mayEmpty')];
  const limits = {
    digests: digests === undefined ? fallback.digests : reader.count(digests, LIMIT_DIGESTS_MAX),
    share:
      share === undefined
        ? fallback.share
        : readUnit(reader, share, 'POLICY_SHARE', 'a percentage such as 25%', parseShare),
    mayEmpty: mayEmpty === undefined ? fallback.mayEmpty : reader.flag(mayEmpty),
  };
  if (limits.digests === null || limits.share === null || limits.mayEmpty === null) return null;
  return { digests: limits.digests, share: limits.share, mayEmpty: limits.mayEmpty };
}
