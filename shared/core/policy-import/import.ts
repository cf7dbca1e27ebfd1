import { WardenError } from '../error.ts';
import { unknown } from '../fact.ts';
import type { Policy } from '../policy.ts';
import { parsePolicyFile } from '../policy-file/parse.ts';
import { importArtifactRegistry } from './artifact-registry.ts';
import type { ImportNote, SourceFile } from './draft.ts';
import { importEcr } from './ecr.ts';
import { importGcrCleaner } from './gcr-cleaner.ts';
import { NameGiver } from './name.ts';
import { comment, noteText, printPolicy } from './print.ts';
import { refuseRule, refuseSource } from './source-file.ts';

export const IMPORT_SOURCES = ['artifact-registry', 'ecr', 'gcr-cleaner'] as const;
export type ImportSource = (typeof IMPORT_SOURCES)[number];

/** Files of one import. */
const IMPORT_FILES_MAX = 50;

/** What several files, each right by itself, mean together. */
const FILES_NOTE: ImportNote = {
  kind: 'SEVERAL_RULES',
  rule: null,
  text: 'Where several of these files name one repository, what one keeps stays, also if another would delete it.',
};

/** What is imported. */
export interface ImportRequest {
  readonly from: ImportSource;
  readonly files: readonly SourceFile[];
  /** Where the rules are meant to hold. Empty for gcr-cleaner, whose files say it. */
  readonly repositories: readonly string[];
}

/** A policy file made from the rules of another tool. */
export interface Imported {
  readonly yaml: string;
  /** The same, as `policy check` reads it. */
  readonly policies: readonly Policy[];
  /** Everything that the comments of the file say of what carried over and what did not. */
  readonly notes: readonly ImportNote[];
}

/**
 * Turns the rules of another tool into a policy file with the same meaning. What can't carry over deletes
 * nothing and is a comment, or, where leaving it out would delete more, an error. The file passes
 * `policy check`: it was read by the same parser before it is returned.
 *
 * @throws WardenError IMPORT_INVALID, IMPORT_UNSUPPORTED, OPTION_INVALID
 */
export function importPolicies({ from, files, repositories }: ImportRequest): Imported {
  checkRequest(from, files, repositories);
  const names = new NameGiver();
  const parts: string[] = [];
  const notes: ImportNote[] = [];
  let before: readonly ImportNote[] = files.length > 1 ? [FILES_NOTE] : [];
  for (const source of files) {
    const found =
      from === 'artifact-registry'
        ? importArtifactRegistry(source, repositories)
        : from === 'ecr'
          ? importEcr(source, repositories)
          : importGcrCleaner(source);
    if (found.drafts.length === 0) {
      refuseRule(
        source.file,
        'all rules',
        `nothing of it can be carried over: ${found.notes
          .filter(({ rule }) => rule !== null)
          .map(({ rule, text }) => `${rule}: ${text}`)
          .join(' ')}`,
      );
    }
    const head = comment(
      `Made from ${source.file.replace(/^.*[/\\]/, '')} (${from}) by gcr-warden policy import. It says what would go and deletes nothing (mode: plan); limits are gcr-warden's own.`,
      '',
    );
    const shared = [...before, ...found.notes];
    before = [];
    notes.push(
      ...shared,
      ...found.drafts.flatMap((draft) => [...draft.keep, ...draft.delete].flatMap((rule) => rule.notes)),
    );
    for (const [index, draft] of found.drafts.entries()) {
      const body = printPolicy({ ...draft, name: names.give(draft.name, 'policy') });
      parts.push(
        index === 0
          ? `${[...head, ...shared.flatMap((note) => comment(noteText(note), ''))].join('\n')}\n${body}`
          : body,
      );
    }
  }
  const yaml = parts.join('---\n');
  const { policies, problems } = parsePolicyFile({
    file: 'the imported policy',
    text: yaml,
    gitRevision: unknown('just imported'),
  });
  const [problem] = problems;
  if (problem !== undefined) {
    const line = yaml.split('\n')[problem.line - 1]?.trim() ?? '';
    refuseRule(
      files.map(({ file }) => file).join(', '),
      line.slice(0, 200),
      problem.message.replace(/\.$/, ''),
    );
  }
  return { yaml, policies, notes };
}

function checkRequest(
  from: ImportSource,
  files: readonly SourceFile[],
  repositories: readonly string[],
): void {
  const refuse = (why: string): never => {
    throw new WardenError('OPTION_INVALID', why);
  };
  if (files.length === 0 || files.length > IMPORT_FILES_MAX)
    refuse(`An import takes 1 to ${IMPORT_FILES_MAX} files.`);
  for (const { file } of files) if (file === '') refuseSource('a file', '', 'it has no name');
  if (from === 'gcr-cleaner') {
    if (repositories.length > 0)
      refuse('--repositories is not for gcr-cleaner: its files name their repositories.');
    return;
  }
  if (repositories.length === 0)
    refuse(`--repositories is missing: the rules of ${from} do not say where they hold.`);
  if (files.length > 1) refuse(`${from} takes one file at a time: --repositories says where that one holds.`);
}
