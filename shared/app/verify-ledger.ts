import { sha256 } from '../core/hash.ts';
import { FACTS_KEPT_MS, factOf } from '../core/history.ts';
import { isLedgerFindingCode, type LedgerFinding, type LedgerFindingCode } from '../core/ledger-finding.ts';
import { type LedgerRecord, NOUNS, recordLine } from '../core/ledger-record.ts';
import { isManifestOf } from '../core/manifest-digest.ts';
import { DAY_MS, HOUR_MS } from '../core/units.ts';
import type { Archived, ArchiveLedger, RecordSorter } from '../ports.ts';

/** Clocks of different machines differ by seconds; what is further ahead is wrong. */
const AHEAD_MS = HOUR_MS;

/** After so long an interrupted run should have had a successor. */
const LEFT_MS = 2 * DAY_MS;

/** Runs are listed for so long; the journal has no end. */
const RUNS_LISTED_MS = 390 * DAY_MS;

/** What is younger than this is remembered still, however clocks differ. */
const REMEMBERED_MS = FACTS_KEPT_MS - 10 * DAY_MS;

/** What was looked at. */
export interface VerifiedLedger {
  readonly records: number;
  readonly findings: number;
}

/**
 * Goes through everything that a ledger holds and tells what contradicts itself, as it finds it. Changes nothing.
 * What is written meanwhile may be seen half: look again before believing a finding of the last minutes.
 */
export async function verifyLedger(
  ledger: ArchiveLedger,
  sorter: RecordSorter,
  nowMs: number,
  tell: (finding: LedgerFinding) => void,
): Promise<VerifiedLedger> {
  let findings = 0;
  const found = (code: LedgerFindingCode, place: string, detail: string): void => {
    findings += 1;
    tell({ code, place, detail });
  };
  let records = 0;
  // Events before facts: one that is packed in between is there twice, and not missing.
  for (const noun of ['event', ...NOUNS.filter((one) => one !== 'event')] as const) {
    for await (const one of ledger.archived(noun)) {
      if (one.kind === 'problem') {
        found(isLedgerFindingCode(one.code) ? one.code : 'LEDGER_UNREADABLE', one.place, one.detail);
        continue;
      }
      note(sorter, one);
      // A packed event is kept for its fact alone, which is looked for when all facts are known.
      if (noun === 'event' ? one.isPacked === true : isLookedAtAgain(one.record)) sorter.add(one.record);
      records += 1;
      for (const { code, place, detail } of judge(one.record, nowMs)) found(code, place, detail);
    }
  }
  for (const record of sorter.sorted('event')) {
    if (record.noun !== 'event' || nowMs - record.event.publishedAtMs > REMEMBERED_MS) continue;
    const { event } = record;
    const fact = recordLine({ noun: 'fact', repository: event.repository, fact: factOf(event) });
    if (sorter.remembers(sha256(fact))) continue;
    found(
      'EVENT_NOT_PACKED',
      `event ${event.messageId} of ${event.repository}`,
      'It is marked as packed, and no pack holds its fact: the history lacks it.',
    );
  }
  for (const record of sorter.sorted('step')) {
    if (record.noun !== 'step') continue;
    const { intent, settlement } = record;
    const place = `step ${intent.index} of run ${intent.runId} over ${intent.repository}`;
    const isListed = nowMs - intent.atMs < RUNS_LISTED_MS;
    if (isListed && !sorter.remembers(runText(intent.repository, intent.runId))) {
      found('JOURNAL_WITHOUT_RUN', place, 'Its run is not in the ledger.');
    }
    if (settlement === null && nowMs - intent.atMs > LEFT_MS) {
      found('INTENT_OPEN', place, `It was announced at ${timeOf(intent.atMs)} and has no outcome.`);
    }
    const { step } = intent;
    const isKnown = sorter.remembers(digestText(intent.repository, step.digest));
    if (step.kind === 'untag' && !isKnown && nowMs - intent.atMs < REMEMBERED_MS) {
      found('UNTAGGED_UNSEEN', place, `Tag ${step.tag} pointed at ${step.digest}, of which nothing is told.`);
    }
  }
  return { records, findings };
}

/** Keeps what others are held against. */
function note(sorter: RecordSorter, { record }: Extract<Archived, { kind: 'record' }>): void {
  if (record.noun === 'fact') {
    sorter.remember(sha256(recordLine(record)));
    if (record.fact.digest !== null) sorter.remember(digestText(record.repository, record.fact.digest));
  } else if (record.noun === 'event' && record.event.digest !== null) {
    sorter.remember(digestText(record.event.repository, record.event.digest));
  } else if (record.noun === 'run') {
    sorter.remember(runText(record.run.repository, record.run.id));
  }
}

function isLookedAtAgain(record: LedgerRecord): boolean {
  return record.noun === 'step';
}

function runText(repository: string, id: string): string {
  return `run\u0000${repository}\u0000${id}`;
}

function digestText(repository: string, digest: string): string {
  return `digest\u0000${repository}\u0000${digest}`;
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** What is wrong with a record by itself. */
function judge(record: LedgerRecord, nowMs: number): readonly LedgerFinding[] {
  switch (record.noun) {
    case 'event': {
      const { event } = record;
      const place = `event ${event.messageId} of ${event.repository}`;
      return [
        ...ahead(event.publishedAtMs, place, nowMs),
        ...bareTag(event.action, event.digest, event.tag, place),
      ];
    }
    case 'fact': {
      const { fact, repository } = record;
      const place = `a fact of ${repository} at ${timeOf(fact.atMs)}`;
      return [...ahead(fact.atMs, place, nowMs), ...bareTag(fact.action, fact.digest, fact.tag, place)];
    }
    case 'run': {
      const { run } = record;
      const place = `run ${run.id} over ${run.repository}`;
      const isLeft = run.mode === 'apply' && run.finishedAtMs === null && nowMs - run.startedAtMs > LEFT_MS;
      const unfinished: readonly LedgerFinding[] = isLeft
        ? [
            {
              code: 'RUN_UNFINISHED',
              place,
              detail: `It began at ${timeOf(run.startedAtMs)} and never ended.`,
            },
          ]
        : [];
      return [...ahead(run.startedAtMs, place, nowMs), ...unfinished];
    }
    case 'step': {
      const { intent, settlement } = record;
      const place = `step ${intent.index} of run ${intent.runId} over ${intent.repository}`;
      const isWithout =
        settlement?.outcome.kind === 'deleted' &&
        intent.putBack === undefined &&
        (intent.step.allowedBy.length === 0 || intent.reason === '');
      const without: readonly LedgerFinding[] = isWithout
        ? [
            {
              code: 'DELETION_WITHOUT_EVIDENCE',
              place,
              detail: `${intent.step.digest} was deleted, and neither rule nor reason stands beside it.`,
            },
          ]
        : [];
      return [...ahead(intent.atMs, place, nowMs), ...without];
    }
    case 'manifest': {
      const { repository, digest, content } = record.manifest;
      return isManifestOf(content, digest)
        ? []
        : [
            {
              code: 'MANIFEST_CHANGED',
              place: `${repository}@${digest}`,
              detail: 'The manifest that is kept for undo is not the one with this digest.',
            },
          ];
    }
    case 'lease':
      return record.untilMs <= nowMs + AHEAD_MS
        ? []
        : [
            {
              code: 'LEASE_IN_FUTURE',
              place: `the lease of ${record.repository}`,
              detail: `${record.holder} holds it until ${timeOf(record.untilMs)}.`,
            },
          ];
    default:
      return [];
  }
}

function ahead(atMs: number, place: string, nowMs: number): readonly LedgerFinding[] {
  return atMs <= nowMs + AHEAD_MS
    ? []
    : [{ code: 'TIME_IN_FUTURE', place, detail: `Its time is ${timeOf(atMs)}.` }];
}

function bareTag(
  action: 'INSERT' | 'DELETE',
  digest: string | null,
  tag: string | null,
  place: string,
): readonly LedgerFinding[] {
  return action === 'INSERT' && digest === null && tag !== null
    ? [{ code: 'TAG_WITHOUT_DIGEST', place, detail: `Tag ${tag} was put on a digest that is not named.` }]
    : [];
}
