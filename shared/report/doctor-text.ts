import type { Answer, Remedy, Status } from '../core/doctor/answer.ts';
import type { CheckReport, DoctorReport } from '../core/doctor/report.ts';
import { quantity } from '../core/quantity.ts';
import { printable, type TextStyle, type Tone, toned } from './text.ts';

const TONES: Readonly<Record<Status, Tone>> = {
  fine: 'good',
  missing: 'bad',
  unknown: 'warning',
  'not used': 'faint',
};

/** Wide enough for `not used`. */
const STATUS_WIDTH = 8;

/** Renders one page: a line for each check, and under it what is missing with what mends it. */
export function renderDoctor(report: DoctorReport, style: TextStyle): string {
  const lines = report.checks.flatMap((check) => checkLines(check, style));
  return `${[...lines, '', summary(report)].join('\n')}\n`;
}

function checkLines({ status, title, answers }: CheckReport, style: TextStyle): string[] {
  const label = toned(status.padEnd(STATUS_WIDTH), TONES[status], style);
  const open = answers.filter(({ kind }) => kind === 'missing' || kind === 'unknown');
  const [first] = answers;
  if (open.length === 0) {
    const more = answers.length - 1;
    const text =
      first === undefined ? '' : `: ${printable(first.text)}${more > 0 ? ` And ${more} more.` : ''}`;
    return [`${label}  ${title}${text}`];
  }
  return [`${label}  ${title}`, ...open.flatMap((answer) => answerLines(answer, style))];
}

const INDENT = ' '.repeat(STATUS_WIDTH + 2);

function answerLines(answer: Answer, style: TextStyle): string[] {
  const text = `${INDENT}${toned(answer.kind, TONES[answer.kind], style)}: ${printable(answer.text)}`;
  const mend = answer.kind === 'missing' || answer.kind === 'unknown' ? answer.mend : [];
  return [text, ...mend.map((remedy) => `${INDENT}  ${remedyText(remedy)}`)];
}

function remedyText({ kind, text }: Remedy): string {
  return kind === 'command' ? `$ ${printable(text)}` : `Terraform: ${printable(text)}`;
}

function summary({ checks, project, region }: DoctorReport): string {
  const count = (status: Status): number => checks.filter((check) => check.status === status).length;
  const where = `${printable(project)}, ${printable(region)}`;
  const [missing, unknown] = [count('missing'), count('unknown')];
  if (missing + unknown === 0) return `Nothing is missing in ${where}.`;
  const parts = [
    ...(missing > 0 ? [`${quantity(missing, 'check')} found something missing`] : []),
    ...(unknown > 0 ? [`${quantity(unknown, 'check')} could not see everything`] : []),
  ];
  return `In ${where}: ${parts.join(', ')}.`;
}
