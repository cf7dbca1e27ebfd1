import { shortDigest } from '../core/digest.ts';
import type { DecisionChange, PolicyDiff, RepositoryDiff } from '../core/policy-diff.ts';
import { quantity } from '../core/quantity.ts';
import { decisionSentence } from '../core/sentence.ts';
import { changeCounts, changedTags, deletionsLine, hasChanged, problemLine } from './policy-diff-text.ts';
import { printable } from './text.ts';
import { formatUtc } from './time-text.ts';

/** GitHub takes 65,536 characters in a comment, GitLab more; this leaves room for what a job adds. */
export const COMMENT_CHARACTERS_MAX = 60_000;

/** One reason; the rest of it is in the other formats. */
const TEXT_CHARACTERS_MAX = 600;

/** What is kept free for the last line. */
const LAST_LINE_CHARACTERS = 200;

/**
 * Renders what changes hands as a comment for a pull request. Everything from outside stands in code spans,
 * where neither names of people nor links nor HTML mean anything; what is too long is counted.
 */
export function renderPolicyDiffMarkdown(
  diff: PolicyDiff,
  charactersMax: number = COMMENT_CHARACTERS_MAX,
): string {
  const comment = new Comment(charactersMax - LAST_LINE_CHARACTERS);
  const left = { changes: 0, problems: 0 };
  comment.add('## Retention policies: what changes hands', '');
  comment.add(`${codeSpan(diff.target)} at ${formatUtc(diff.atMs)}: **${changeCounts(diff)}**.`, '');
  if (diff.catalog.kind === 'incomplete') {
    comment.add(`**Not all repositories were seen:** ${codeSpan(diff.catalog.reason)}`, '');
  }
  for (const [version, problems] of Object.entries(diff.problems)) {
    if (problems.length === 0) continue;
    comment.add(`**Problems in the policies ${version} the change**`, '');
    for (const problem of problems) {
      if (!comment.add(`- ${codeSpan(problemLine(problem))}`)) left.problems += 1;
    }
    comment.add('');
  }
  for (const repository of diff.repositories.filter(hasChanged)) {
    const isOpened = comment.add(...headingOf(repository));
    for (const change of repository.changes) {
      if (!isOpened || !comment.add(...linesOf(change))) left.changes += 1;
    }
    comment.add('');
  }
  const rest = [
    ...(left.problems === 0 ? [] : [quantity(left.problems, 'more problem')]),
    ...(left.changes === 0 ? [] : [quantity(left.changes, 'more change')]),
  ];
  if (rest.length === 0) return comment.text();
  return `${comment.text()}\n**${rest.join(' and ')} not shown here;** \`--format json\` has all.\n`;
}

/** Lines up to a length. A group of lines is taken whole or not at all. */
class Comment {
  readonly #lines: string[] = [];
  #charactersLeft: number;

  constructor(charactersMax: number) {
    this.#charactersLeft = charactersMax;
  }

  add(...lines: readonly string[]): boolean {
    const length = lines.reduce((sum, line) => sum + line.length + 1, 0);
    // Once something was left out, nothing shorter slips in after it.
    if (length > this.#charactersLeft) this.#charactersLeft = 0;
    if (this.#charactersLeft === 0) return false;
    this.#charactersLeft -= length;
    this.#lines.push(...lines);
    return true;
  }

  text(): string {
    return `${this.#lines.join('\n').trimEnd()}\n`;
  }
}

function headingOf({ repository, before, after }: RepositoryDiff): string[] {
  return [
    `### ${codeSpan(repository)}`,
    '',
    `- before: ${codeSpan(deletionsLine(before))}`,
    `- after: ${codeSpan(deletionsLine(after))}`,
    '',
  ];
}

function linesOf({ kind, root, before, after }: DecisionChange): string[] {
  const members =
    before.members.length === 0 ? '' : ` and ${quantity(before.members.length, 'manifest')} with it`;
  return [
    `- **${kind}** ${codeSpan(changedTags(before))} ${codeSpan(shortDigest(root))}${members}`,
    `  - before: ${codeSpan(decisionSentence(before))}`,
    `  - after: ${codeSpan(decisionSentence(after))}`,
  ];
}

/**
 * A code span around any text: its fence is longer than every row of backticks in it, and line breaks and
 * characters that can't be seen are made visible (CommonMark 0.31, 6.1).
 */
export function codeSpan(text: string): string {
  const visible = printable(text);
  const shown =
    visible.length > TEXT_CHARACTERS_MAX ? `${visible.slice(0, TEXT_CHARACTERS_MAX).trimEnd()}…` : visible;
  const rows = shown.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(0, ...rows.map((row) => row.length)) + 1);
  return fence.length > 1 || shown.startsWith(' ') || shown === ''
    ? `${fence} ${shown} ${fence}`
    : `${fence}${shown}${fence}`;
}
