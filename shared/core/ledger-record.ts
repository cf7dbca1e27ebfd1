import type { Blockage } from './blockage.ts';
import type { ReferenceDays } from './day-ranges.ts';
import { WardenError } from './error.ts';
import type { Finding } from './finding.ts';
import type { FollowedFinding } from './finding-history.ts';
import { canonicalJson } from './hash.ts';
import type { HistoryFact } from './history.ts';
import { type Hold, subjectName } from './hold.ts';
import { deedName, type ImageDeed } from './image-deed.ts';
import type { ImageEvent } from './image-event.ts';
import type { Intent, JournalEntry, Run, Settlement, StoredManifest } from './journal.ts';
import type { PlanningSince } from './planning-since.ts';
import type { PolicyEntry } from './policy-roster.ts';
import type { PushMark } from './push-mark.ts';
import type { QuarantineMark } from './quarantine-mark.ts';
import type { RepositorySample } from './repository-sample.ts';
import type { Restoration } from './restoration.ts';
import type { StopOrder } from './stop-order.ts';
import type { StoredSize } from './stored-size.ts';

/** One thing that a ledger holds, in a form that is the same for every ledger; a line of an export. */
export type LedgerRecord =
  | { readonly noun: 'event'; readonly event: ImageEvent }
  | { readonly noun: 'fact'; readonly repository: string; readonly fact: HistoryFact }
  | { readonly noun: 'run'; readonly run: Run }
  | ({ readonly noun: 'step' } & JournalEntry)
  | {
      readonly noun: 'decisions';
      readonly repository: string;
      /** Of several, which together are the decisions of one plan. */
      readonly part: number;
      readonly parts: number;
      readonly head: Readonly<Record<string, unknown>>;
      readonly items: readonly unknown[];
    }
  /** Until when it is kept; left out where that has no end. */
  | { readonly noun: 'manifest'; readonly manifest: StoredManifest; readonly untilMs?: number }
  | { readonly noun: 'restoration'; readonly restoration: Restoration }
  | {
      readonly noun: 'lease';
      readonly repository: string;
      readonly holder: string;
      readonly fencingToken: number;
      readonly untilMs: number;
    }
  | { readonly noun: 'tick'; readonly policy: string; readonly lastMs: number }
  | ({ readonly noun: 'push' } & PushMark)
  | ({ readonly noun: 'planning' } & PlanningSince)
  | { readonly noun: 'policy'; readonly policy: PolicyEntry }
  | { readonly noun: 'hold'; readonly hold: Hold }
  | { readonly noun: 'stop order'; readonly order: StopOrder }
  | { readonly noun: 'reservation'; readonly policy: string; readonly day: string; readonly reserved: number }
  | { readonly noun: 'blockages'; readonly repository: string; readonly blockages: readonly Blockage[] }
  | { readonly noun: 'quarantine'; readonly repository: string; readonly marks: readonly QuarantineMark[] }
  | { readonly noun: 'sample'; readonly repository: string; readonly sample: RepositorySample }
  /** `of` is a repository, or what says since when they are recorded. */
  | ({ readonly noun: 'pulls' | 'uses'; readonly of: string } & ReferenceDays)
  | { readonly noun: 'deed'; readonly repository: string; readonly deed: ImageDeed }
  | {
      readonly noun: 'findings';
      readonly project: string;
      readonly atMs: number;
      readonly findings: readonly Finding[];
      readonly followed: readonly FollowedFinding[];
      readonly access: unknown;
      /** Left out by earlier versions. */
      readonly stored?: readonly StoredSize[];
    };

export type Noun = LedgerRecord['noun'];

/** All of them, in the order of an export. */
export const NOUNS = [
  'fact',
  'event',
  'run',
  'step',
  'decisions',
  'manifest',
  'restoration',
  'lease',
  'tick',
  'push',
  'planning',
  'policy',
  'hold',
  'stop order',
  'reservation',
  'blockages',
  'quarantine',
  'sample',
  'pulls',
  'uses',
  'deed',
  'findings',
] as const satisfies readonly Noun[];

/** What `NOUNS` lacks: nothing. A noun that is added above and not to the list does not compile. */
const COMPLETE: Exclude<Noun, (typeof NOUNS)[number]> extends never ? true : never = true;

/** Decisions of one line. */
export const DECISIONS_A_LINE = 4_000;

/** Digits of a time or a number that sorts as a text; up to the year 9999. */
const DIGITS = 15;

function sortable(value: number): string {
  return String(Math.max(0, Math.trunc(value))).padStart(DIGITS, '0');
}

/** The name of a record among those of its noun: they are sorted by it, and one name is one record. */
export function recordName(record: LedgerRecord): string {
  switch (record.noun) {
    case 'fact': {
      const { repository, fact } = record;
      return nameOf(repository, sortable(fact.atMs), canonicalJson(fact));
    }
    case 'event':
      return nameOf(record.event.repository, record.event.messageId);
    case 'run':
      return nameOf(record.run.repository, record.run.id);
    case 'step': {
      const { repository, runId, index } = record.intent;
      return nameOf(repository, runId, sortable(index));
    }
    case 'decisions':
      return nameOf(record.repository, sortable(record.part));
    case 'manifest':
      return nameOf(record.manifest.repository, record.manifest.digest);
    case 'restoration':
      return nameOf(record.restoration.repository, record.restoration.id);
    case 'lease':
    case 'blockages':
    case 'quarantine':
      return record.repository;
    case 'tick':
    case 'planning':
      return record.policy;
    case 'push':
      return nameOf(record.repository, sortable(record.fromMs), sortable(record.untilMs));
    case 'policy':
      return record.policy.name;
    case 'hold':
      return nameOf(record.hold.repository, subjectName(record.hold.on));
    case 'stop order':
      return '';
    case 'reservation':
      return nameOf(record.policy, record.day);
    case 'sample':
      return nameOf(record.repository, sortable(record.sample.atMs));
    case 'pulls':
    case 'uses':
      return nameOf(record.of, record.reference);
    case 'deed':
      return nameOf(record.repository, sortable(record.deed.atMs), deedName(record.deed));
    case 'findings':
      return record.project;
  }
}

/** No name has this character, but for forged ones: those sort elsewhere, and nothing else comes of it. */
function nameOf(...parts: readonly string[]): string {
  return parts.join('\u0000');
}

/**
 * Of two records with one name: a step that was written twice has its first intent, and the first outcome; a manifest
 * is kept for as long as one of the two says, and without an end where one has none.
 */
export function mergeRecords(a: LedgerRecord, b: LedgerRecord): LedgerRecord {
  if (a.noun === 'manifest' && b.noun === 'manifest') {
    const { manifest, untilMs } = a;
    if (untilMs === undefined || b.untilMs === undefined) return { noun: 'manifest', manifest };
    return { noun: 'manifest', manifest, untilMs: Math.max(untilMs, b.untilMs) };
  }
  if (a.noun !== 'step' || b.noun !== 'step') return a;
  const intent: Intent = b.intent.atMs < a.intent.atMs ? b.intent : a.intent;
  return { noun: 'step', intent, settlement: earlier(a.settlement, b.settlement) };
}

function earlier(a: Settlement | null, b: Settlement | null): Settlement | null {
  if (a === null || b === null) return a ?? b;
  return b.atMs < a.atMs ? b : a;
}

/** The first line of an export, and the form of all that follow. */
const HEAD = { kind: 'gcr-warden/ledger', version: 1 } as const;

/** The lines of an export before and after its records. The last one shows that none is missing. */
export const FIRST_LINE = canonicalJson(HEAD);

export function lastLine(records: number): string {
  return canonicalJson({ kind: 'gcr-warden/ledger-end', records });
}

export function recordLine(record: LedgerRecord): string {
  return canonicalJson(record);
}

/** A line of an export, as it was read. */
export type ExportLine =
  | { readonly kind: 'first' }
  | { readonly kind: 'record'; readonly record: LedgerRecord }
  | { readonly kind: 'last'; readonly records: number };

/** A line longer than this is none of ours. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;

const KNOWN: ReadonlySet<unknown> = new Set(COMPLETE ? NOUNS : []);

/**
 * Reads a line. What a record holds is believed as far as its noun: an export is as good as the ledger that it is
 * read into.
 * @throws WardenError LEDGER_EXPORT_INVALID, LEDGER_VERSION
 */
export function parseLine(text: string, number: number): ExportLine {
  const refuse = (why: string): never => {
    throw new WardenError('LEDGER_EXPORT_INVALID', `Line ${number} is no line of a ledger's export: ${why}.`);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse('it is not JSON');
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed))
    return refuse('it is no object');
  const fields = parsed as Readonly<Record<string, unknown>>;
  if (fields['kind'] === HEAD.kind) {
    if (fields['version'] === HEAD.version) return { kind: 'first' };
    throw new WardenError(
      'LEDGER_VERSION',
      `The export has version ${String(fields['version'])}, and this gcr-warden reads ${HEAD.version}. Upgrade gcr-warden.`,
    );
  }
  if (fields['kind'] === 'gcr-warden/ledger-end') {
    const { records } = fields;
    return typeof records === 'number' ? { kind: 'last', records } : refuse('it counts no records');
  }
  if (!KNOWN.has(fields['noun'])) return refuse(`${JSON.stringify(fields['noun'])} is no noun of the ledger`);
  const record = parsed as LedgerRecord;
  try {
    recordName(record);
  } catch {
    return refuse(`it names no ${record.noun}`);
  }
  return { kind: 'record', record };
}
