import type { Condition } from '../policy.ts';
import { API_VERSION } from '../policy-file/keyword.ts';
import type { ImportNote, PolicyDraft, RuleDraft } from './draft.ts';
import { ageText } from './source-file.ts';

const COLUMNS = 100;

/** Every text in double quotes: JSON's strings are YAML's, and `1.10`, `no` and `*` stay what they are. */
function text(value: string): string {
  return JSON.stringify(value);
}

function list(values: readonly string[]): string {
  const [first] = values;
  return values.length === 1 && first !== undefined ? text(first) : `[${values.map(text).join(', ')}]`;
}

function conditionText(condition: Condition): string {
  switch (condition.kind) {
    case 'all':
    case 'inUse':
    case 'orphaned':
      return `${condition.kind}: true`;
    case 'state':
      return `state: ${condition.state}`;
    case 'tags': {
      const kind = condition.patterns[0]?.kind ?? 'exact';
      return `tags: { ${kind}: ${list(condition.patterns.map((pattern) => pattern.text))}, match: ${condition.match} }`;
    }
    case 'digests':
      return `digests: ${list(condition.digests)}`;
    case 'mediaTypes':
      return `mediaTypes: ${list(condition.mediaTypes)}`;
    case 'largerThan':
      return `largerThan: ${condition.sizeBytes}B`;
    default:
      return `${condition.kind}: ${ageText(condition.ageMs)}`;
  }
}

/** `newest` alone says "of all", where `all: true` beside it would be a contradiction. */
function ruleText({ name, conditions, newest }: RuleDraft): string {
  const parts = conditions
    .filter(({ kind }) => kind !== 'all' || newest === null)
    .map((condition) => conditionText(condition));
  if (newest !== null) parts.push(`newest: ${newest.count}`);
  return `- ${name}: { ${parts.join(', ')} }`;
}

/**
 * A text as a comment may hold it. What can't be seen, or reverses what is seen, is written as its number: a
 * name from a file must not be able to end a comment or to hide what is in one.
 */
function visible(value: string): string {
  return value.replaceAll(/[^\u0020-\u007e]/gu, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`);
}

/** A name or description of a source as a comment shows it: not endless. */
export function shown(value: string): string {
  return value.length > 200 ? `${value.slice(0, 200)}...` : value;
}

/** Comment lines, cut between words. */
export function comment(sentence: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of visible(sentence).split(' ')) {
    if (line.length + 1 + word.length > COLUMNS && line !== `${indent}#`) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** A note as a comment says it. */
export function noteText({ kind, rule, text: sentences }: ImportNote): string {
  return `${kind}: ${rule === null ? '' : `${rule}: `}${sentences}`;
}

function section(key: 'keep' | 'delete', rules: readonly RuleDraft[]): string[] {
  if (rules.length === 0) return [];
  return [
    `${key}:`,
    ...rules.flatMap((rule) => [
      ...comment(rule.from, '  '),
      ...rule.notes.flatMap((note) => comment(noteText({ ...note, rule: null }), '  ')),
      `  ${ruleText(rule)}`,
    ]),
  ];
}

/** Prints one policy as a YAML document, without `---`. */
export function printPolicy(policy: PolicyDraft): string {
  return `${[
    `apiVersion: ${API_VERSION}`,
    `policy: ${policy.name}`,
    'repositories:',
    ...policy.repositories.map((glob) => `  - ${text(glob)}`),
    'mode: plan',
    ...section('keep', policy.keep),
    ...section('delete', policy.delete),
  ].join('\n')}\n`;
}
