import type { AuditReport } from '../core/audit/report.ts';

/** Characters that JSON may hold as they are and that a terminal obeys, or that hide or turn text. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The whole report as JSON, ended by a line break; equal reports are equal texts. `docs/schemas` has its schema. */
export function renderAuditJson(report: AuditReport): string {
  return [...auditJsonPieces(report)].join('');
}

/** The same, piece by piece: lists may be longer than one text of them is wanted. */
export function auditJsonPieces(report: AuditReport): Iterable<string> {
  return jsonPieces(report);
}

/** One view of it as JSON, with what names the audit, piece by piece. */
export function viewJsonPieces({ project, atMs, notSeen }: AuditReport, view: object): Iterable<string> {
  return jsonPieces({ version: 1, project, atMs, ...view, notSeen });
}

/** An object as `jsonText` has it, its lists entry by entry. */
function* jsonPieces(object: object): Generator<string> {
  const inner = (value: unknown, indent: string): string =>
    safe(JSON.stringify(value, null, 2)).replaceAll('\n', `\n${indent}`);
  let before = '{';
  for (const [key, value] of Object.entries(object)) {
    yield `${before}\n  ${JSON.stringify(key)}: `;
    before = ',';
    if (!isIterable(value)) {
      yield inner(value, '  ');
      continue;
    }
    let opening = '[';
    for (const entry of value) {
      yield `${opening}\n    ${inner(entry, '    ')}`;
      opening = ',';
    }
    yield opening === '[' ? '[]' : '\n  ]';
  }
  yield '\n}\n';
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

/** Any value as JSON that is safe to show on a terminal and reads back as it was. */
export function jsonText(value: unknown): string {
  return `${safe(JSON.stringify(value, null, 2))}\n`;
}

function safe(json: string): string {
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
