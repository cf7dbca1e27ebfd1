import type { PolicyCheck } from '../core/policy-file/check.ts';

/**
 * Renders a check of policies as workflow commands, which GitHub shows beside the lines of a pull request
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 * @param folder the folder's path in the repository; '' for its root
 */
export function renderPolicyCheckGithub({ problems, warnings }: PolicyCheck, folder: string): string {
  const lines = [
    ...problems.map((one) => command('error', { ...place(folder, one), col: one.column }, one)),
    ...warnings.map((one) => command('warning', place(folder, one), one)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function place(folder: string, { file, line }: { readonly file: string; readonly line: number }) {
  return { file: folder === '' ? file : `${folder.replace(/\/+$/, '')}/${file}`, line };
}

function command(
  level: 'error' | 'warning',
  at: Readonly<Record<string, string | number>>,
  { code, message }: { readonly code: string; readonly message: string },
): string {
  const properties = Object.entries({ ...at, title: code }).map(
    ([name, value]) => `${name}=${property(String(value))}`,
  );
  return `::${level} ${properties.join(',')}::${text(message)}`;
}

/** A line break in a name or message would begin a command of its own. */
function text(value: string): string {
  return value.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(value: string): string {
  return text(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
