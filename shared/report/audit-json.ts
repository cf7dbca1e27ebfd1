import type { AuditReport } from '../core/audit/report.ts';

/** Characters that JSON may hold as they are and that a terminal obeys, or that hide or turn text. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The whole report as JSON, ended by a line break; equal reports are equal texts. `docs/schemas` has its schema. */
export function renderAuditJson(report: AuditReport): string {
  return jsonText(report);
}

/** One view of it as JSON, with what names the audit. */
export function renderViewJson({ project, atMs, notSeen }: AuditReport, view: object): string {
  return jsonText({ version: 1, project, atMs, ...view, notSeen });
}

/** Any value as JSON that is safe to show on a terminal and reads back as it was. */
export function jsonText(value: unknown): string {
  const json = JSON.stringify(value, null, 2);
  return `${json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}
