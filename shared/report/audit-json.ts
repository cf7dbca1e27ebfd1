import type { AuditReport } from '../core/audit/report.ts';

/** Characters that JSON may hold as they are and that a terminal obeys, or that hide or turn text. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The whole report as JSON, ended by a line break; equal reports are equal texts. */
export function renderAuditJson(report: AuditReport): string {
  const json = JSON.stringify(report, null, 2);
  return `${json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}
