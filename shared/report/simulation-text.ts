import type { SimulationReport } from '../app/simulate-policies.ts';
import { shortDigest } from '../core/digest.ts';
import { quantity } from '../core/quantity.ts';
import { reasonSentence } from '../core/sentence.ts';
import type {
  LaterUse,
  SimulatedDeletion,
  SimulatedNight,
  SimulatedQuarantine,
  Simulation,
} from '../core/simulation.ts';
import { formatAge, formatSize } from '../core/units.ts';
import { changedTags, problemLine } from './policy-diff-text.ts';
import { printable, type TextStyle, table, toned } from './text.ts';
import { formatTime, type Zone } from './time-text.ts';

/** Deletions shown of one repository, the latest; JSON has all. */
const DELETIONS_SHOWN = 100;

/** Renders a replay: what would have gone when, and what of it was wanted later. */
export function renderSimulations(report: SimulationReport, style: TextStyle): string {
  const parts = report.problems.map((problem) => toned(problemLine(problem), 'bad', style));
  if (report.catalog.kind === 'incomplete') {
    parts.push(
      toned(`Not all repositories were seen: ${printable(report.catalog.reason)}`, 'warning', style),
    );
  }
  for (const { repository, simulation } of report.repositories) {
    parts.push(
      simulation.kind === 'known'
        ? renderSimulation(simulation.value, style)
        : `${toned(printable(repository), 'strong', style)}\n${toned(`Not replayed: ${printable(simulation.reason)}`, 'bad', style)}`,
    );
  }
  if (report.repositories.length === 0) parts.push('There is no repository.');
  return `${parts.join('\n\n')}\n`;
}

function renderSimulation(simulation: Simulation, style: TextStyle): string {
  const lines = [toned(printable(simulation.repository), 'strong', style)];
  const nights = nightRows(simulation.nights, style.clock);
  if (nights.length > 0) {
    lines.push(
      table(
        [
          { title: 'NIGHT' },
          { title: 'THERE', align: 'right' },
          { title: 'GOES', align: 'right' },
          { title: 'FREED, UP TO' },
        ],
        nights,
        style,
      ),
    );
  }
  if (simulation.quarantined.length > 0) {
    lines.push(
      '',
      toned('Would have been announced, and would have stayed for a time', 'strong', style),
      quarantineTable(simulation.quarantined, style),
    );
  }
  const wanted = simulation.deletions.filter(({ usedLater }) => usedLater.length > 0);
  for (const [title, deletions] of [
    ['Would have gone, and was wanted later', wanted],
    ['Would have gone', simulation.deletions.filter(({ usedLater }) => usedLater.length === 0)],
  ] as const) {
    if (deletions.length > 0) lines.push('', toned(title, 'strong', style), deletionTable(deletions, style));
  }
  lines.push('', toned(summarySentence(simulation), wanted.length > 0 ? 'bad' : 'strong', style));
  for (const note of simulationNotes(simulation, style.clock))
    lines.push(toned(printable(note), 'warning', style));
  return lines.join('\n');
}

/** Nights on which something would have gone; those in a row that a limit stopped are one. */
function nightRows(nights: readonly SimulatedNight[], zone: Zone): string[][] {
  const rows: string[][] = [];
  let stopped: SimulatedNight[] = [];
  const close = (): void => {
    const [first] = stopped;
    const last = stopped.at(-1);
    if (first !== undefined && last?.refusal != null) {
      const span = stopped.length === 1 ? '' : ` and ${stopped.length - 1} more`;
      rows.push([`${formatTime(first.atMs, zone)}${span}`, `${last.manifests}`, '0', last.refusal.message]);
    }
    stopped = [];
  };
  for (const night of nights) {
    if (night.refusal !== null) {
      stopped.push(night);
      continue;
    }
    close();
    if (night.deleted === 0) continue;
    rows.push([formatTime(night.atMs, zone), `${night.manifests}`, `${night.deleted}`, freedSize(night)]);
  }
  close();
  return rows;
}

function deletionTable(deletions: readonly SimulatedDeletion[], style: TextStyle): string {
  const shown = deletions.slice(-DELETIONS_SHOWN);
  const rest = deletions.length - shown.length;
  const text = table(
    [{ title: 'WENT' }, { title: 'TAGS' }, { title: 'DIGEST' }, { title: 'WITH' }, { title: 'WHY' }],
    shown.map((deletion) => [
      formatTime(deletion.atMs, style.clock),
      changedTags(deletion.decision),
      shortDigest(deletion.root),
      deletion.manifests.length > 1 ? `+${deletion.manifests.length - 1}` : '',
      [
        ...deletion.usedLater.map((use) => laterSentence(use, deletion.atMs, style.clock)),
        reasonSentence(deletion.decision),
      ].join('; '),
    ]),
    style,
  );
  return rest > 0 ? `${text}\nand ${rest} earlier ones; --json has all` : text;
}

function quarantineTable(all: readonly SimulatedQuarantine[], style: TextStyle): string {
  const shown = all.slice(-DELETIONS_SHOWN);
  const rest = all.length - shown.length;
  const titles = ['ANNOUNCED', 'GOES FROM', 'TAGS', 'DIGEST', 'RULE', 'THEN'];
  const text = table(
    titles.map((title) => ({ title })),
    shown.map((one) => [
      formatTime(one.announcedAtMs, style.clock),
      formatTime(one.goesFromMs, style.clock),
      one.tags.length === 0 ? '-' : one.tags.join(', '),
      shortDigest(one.root),
      one.rules.map(({ policy, rule }) => `${policy}/${rule}`).join(', '),
      quarantineEndText(one, style.clock),
    ]),
    style,
  );
  return rest > 0 ? `${text}\nand ${rest} earlier ones; --json has all` : text;
}

/** What became of something that was announced. */
export function quarantineEndText({ end }: SimulatedQuarantine, zone: Zone): string {
  if (end === null) return 'waits';
  const time = formatTime(end.atMs, zone);
  return end.why === 'went' ? `went ${time}` : `stayed ${time}, ${end.why}: ${end.detail}`;
}

/** What happened to something after it would have gone. */
export function laterSentence({ kind, by, atMs, digest }: LaterUse, deletedAtMs: number, zone: Zone): string {
  const later = `${formatAge(atMs - deletedAtMs)} later (${formatTime(atMs, zone)})`;
  switch (kind) {
    case 'tagged':
      return `tagged ${by} ${later}`;
    case 'pulled':
      return `pulled ${later}`;
    case 'running':
      return `used by ${by}, by its digest or by a tag that it bore, ${later}`;
    case 'needed':
      return `${shortDigest(digest)} was pointed at by ${by} ${later}`;
  }
}

/** How much would have gone, in how many nights, and how much of it was wanted later. */
export function summarySentence({
  nights,
  deletions,
  quarantined,
  recordedFromMs,
  policies,
}: Simulation): string {
  if (recordedFromMs === null) return 'Nothing is recorded of it, so there is nothing to replay.';
  if (policies.length === 0) return 'No policy selects it: nothing would have gone.';
  const sum = {
    manifests: 0,
    freedBytes: 0,
    unknownSizes: 0,
    stopped: nights.filter(({ refusal }) => refusal !== null).length,
  };
  for (const deletion of deletions) {
    sum.manifests += deletion.manifests.length;
    sum.freedBytes += deletion.freedBytes;
    sum.unknownSizes += deletion.unknownSizes;
  }
  const wanted = deletions.filter(({ usedLater }) => usedLater.length > 0).length;
  const stopped =
    sum.stopped === 0
      ? ''
      : ` ${quantity(sum.stopped, 'night')} would have been stopped before the first delete.`;
  const bound = sum.freedBytes === 0 ? '' : 'up to ';
  const freed = sum.manifests === 0 ? '' : `, ${bound}${freedSize(sum)}`;
  return `In ${quantity(nights.length, 'night')} ${quantity(deletions.length, 'artifact')} (${quantity(sum.manifests, 'manifest')}${freed}) would have gone; ${wanted} of ${deletions.length} known to have been wanted later.${quarantineSentence(quarantined)}${stopped}`;
}

/** How many would have been announced, and what became of them; '' where none would have been. */
function quarantineSentence(quarantined: readonly SimulatedQuarantine[]): string {
  if (quarantined.length === 0) return '';
  const waiting = quarantined.filter(({ end }) => end === null).length;
  const gone = quarantined.filter(({ end }) => end?.why === 'went').length;
  const stayed = quarantined.length - waiting - gone;
  return ` ${quantity(quarantined.length, 'quarantine')} would have begun: ${gone} ended as their time was over, ${stayed} before it, and ${waiting} would not be over yet.`;
}

/** The known sizes, which are an upper bound as layers are shared, and how many are missing in them. */
export function freedSize(sum: { readonly freedBytes: number; readonly unknownSizes: number }): string {
  if (sum.unknownSizes === 0) return formatSize(sum.freedBytes);
  return sum.freedBytes === 0
    ? `${sum.unknownSizes} of unknown size`
    : `${formatSize(sum.freedBytes)} and ${sum.unknownSizes} of unknown size`;
}

/** What the replay could not know, each as a sentence. */
export function simulationNotes(simulation: Simulation, zone: Zone): string[] {
  const { nights, gaps, recordedFromMs, sinceMs, unscheduled, assumedPlain, unrecorded } = simulation;
  if (nights.length === 0) return [];
  const notes: string[] = [];
  if (recordedFromMs !== null && recordedFromMs > sinceMs) {
    notes.push(`The record begins ${formatTime(recordedFromMs, zone)}; nights before it were not replayed.`);
  }
  if (gaps.pulled !== null) notes.push(`Whether it was pulled later is not known: ${gaps.pulled}.`);
  if (gaps.running !== null) notes.push(`Whether it ran later is not known for sure: ${gaps.running}.`);
  if (unrecorded === 'unused') {
    notes.push('Rules were told that nothing ran and that nothing was pulled where that is not recorded.');
  }
  const undecided = nights.at(-1)?.undecided;
  if (undecided !== undefined && undecided.reason !== null) {
    notes.push(
      `Kept on the last night only because something is not known: ${quantity(undecided.artifacts, 'artifact')}, for example as ${undecided.reason}. With --assume-unused rules are told that nothing was in use.`,
    );
  }
  if (assumedPlain > 0) {
    notes.push(
      `Gone by now and not kept: ${quantity(assumedPlain, 'manifest')}, replayed as images of unknown size that point at nothing.`,
    );
  }
  if (unscheduled.length > 0) {
    notes.push(`Without a schedule, and replayed every day at 03:00 UTC: ${unscheduled.join(', ')}.`);
  }
  return notes;
}
