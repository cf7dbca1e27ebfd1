import type { Run } from '../core/journal.ts';
import type { RepositoryPlan } from '../core/plan.ts';
import { quantity } from '../core/quantity.ts';
import { graceOf, type QuarantineMark } from '../core/quarantine-mark.ts';
import { formatAge } from '../core/units.ts';
import { printable, type TextStyle, table } from './text.ts';
import { formatTimeAndAge } from './time-text.ts';

/** What a run put into quarantine and what left it, each in a few words. */
export function quarantinedTexts(counts: Run['quarantined']): string[] {
  if (counts === undefined) return [];
  const { entered, ended, goesFromMs } = counts;
  const texts: string[] = [];
  if (goesFromMs !== null) {
    const from = new Date(goesFromMs).toISOString();
    texts.push(`${quantity(entered, 'artifact')} went into quarantine, to go from ${from} on`);
  }
  if (ended > 0) texts.push(`${quantity(ended, 'artifact')} left the quarantine`);
  return texts;
}

/** How many artifacts of a plan wait, and what it changes; null where none has to do with quarantine. */
export function quarantineSummary({ decisions, quarantine }: RepositoryPlan): string | null {
  const waiting = decisions.filter(({ quarantine: state }) => state?.kind === 'waiting').length;
  const entering = quarantine?.enter.length ?? 0;
  const ending = quarantine?.end.length ?? 0;
  if (waiting + entering + ending === 0) return null;
  const leaving = ending === 0 ? '' : `, ${ending} would leave it`;
  return `In quarantine: ${quantity(waiting, 'artifact')} wait, ${entering} would go into it${leaving}.`;
}

/** One mark: since when, how long, by which rules, and how it ended where it has. */
export function markSentence(mark: QuarantineMark): string {
  const { sinceMs, rules, end } = mark;
  const by = rules.map(({ policy, rule }) => `rule ${rule} of policy ${policy}`).join(', ');
  const since = `in quarantine since ${new Date(sinceMs).toISOString()} for ${formatAge(graceOf(mark))} by ${by}`;
  if (end === null) return since;
  return `${since}; ended on ${new Date(end.atMs).toISOString()}, ${end.why}: ${end.detail}`;
}

/** What is in quarantine in a repository. */
export interface QuarantineList {
  readonly repository: string;
  readonly marks: readonly QuarantineMark[];
}

/** Renders what is in quarantine, the first to go first. */
export function renderQuarantine(lists: readonly QuarantineList[], style: TextStyle): string {
  const rows = lists
    .flatMap(({ repository, marks }) => marks.map((mark) => ({ repository, mark })))
    .sort((a, b) => goesFromMs(a.mark) - goesFromMs(b.mark))
    .map(({ repository, mark }) => [
      `${repository}@${mark.root}`,
      mark.tags.length === 0 ? '-' : mark.tags.join(', '),
      formatTimeAndAge(mark.sinceMs, style.clock),
      formatTimeAndAge(goesFromMs(mark), style.clock),
      mark.rules.map(({ policy, rule }) => `${policy}/${rule}`).join(', '),
    ]);
  if (rows.length === 0) return 'Nothing is in quarantine.\n';
  const columns = ['IMAGE', 'TAGS', 'SINCE', 'GOES FROM', 'RULE'].map((title) => ({ title }));
  return `${table(
    columns,
    rows.map((row) => row.map(printable)),
    style,
  )}\n`;
}

function goesFromMs(mark: QuarantineMark): number {
  return mark.sinceMs + graceOf(mark);
}
