import type { PolicyCheck } from '../core/policy-file/check.ts';

/** Renders a check of policies as JSON: the policies as they were understood, problems and warnings. */
export function renderPolicyCheckJson({ policies, problems, warnings }: PolicyCheck): string {
  const content = { version: 1, kind: 'gcr-warden/policy-check', policies, problems, warnings };
  return `${JSON.stringify(content, null, 2)}\n`;
}
