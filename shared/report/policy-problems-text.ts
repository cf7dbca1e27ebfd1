import type { PolicyCheck, Shown } from '../core/policy-file/check.ts';
import { printable, type TextStyle, toned } from './text.ts';

/**
 * Renders a check of policies for people: each problem in the form that editors make a link of, with the line it is
 * in and a mark below the place, then what was checked.
 * @param folder the folder as it was named; stands before every file
 */
export function renderPolicyCheck(check: PolicyCheck, folder: string, style: TextStyle): string {
  const parts = [
    ...check.problems.map((one) =>
      paragraph(
        `${place(folder, one.file)}:${one.line}:${one.column}: ${toned('error', 'bad', style)}: ${printable(one.message)} [${one.code}]`,
        one,
        style,
      ),
    ),
    ...check.warnings.map((one) =>
      paragraph(
        `${place(folder, one.file)}:${one.line}: ${toned('warning', 'warning', style)}: ${printable(one.message)} [${one.code}]`,
        one,
        style,
      ),
    ),
    summary(check),
  ];
  return `${parts.join('\n\n')}\n`;
}

function place(folder: string, file: string): string {
  return printable(folder === '' ? file : `${folder.replace(/\/+$/, '')}/${file}`);
}

function paragraph(head: string, shown: Shown<{ readonly line: number }>, style: TextStyle): string {
  const { excerpt, line } = shown;
  if (excerpt === null) return head;
  const number = String(line);
  const before = printable(excerpt.text.slice(0, excerpt.caret));
  const margin = ' '.repeat(number.length);
  return [
    head,
    `  ${number} | ${before}${printable(excerpt.text.slice(excerpt.caret))}`.trimEnd(),
    `  ${margin} | ${' '.repeat(Array.from(before).length)}${toned('^', 'bad', style)}`,
  ].join('\n');
}

function summary({ policies, problems, warnings }: PolicyCheck): string {
  const names = policies.map(({ name, mode }) => `${name} (${mode})`).join(', ');
  return `${count(policies.length, 'policy is', 'policies are')} right${names === '' ? '' : `: ${names}`}. ${count(problems.length, 'error', 'errors')}, ${count(warnings.length, 'warning', 'warnings')}.`;
}

function count(many: number, one: string, more: string): string {
  return `${many} ${many === 1 ? one : more}`;
}
