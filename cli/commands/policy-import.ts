import { open, writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import type { SourceFile } from '../../shared/core/policy-import/draft.ts';
import { IMPORT_SOURCES, type ImportSource, importPolicies } from '../../shared/core/policy-import/import.ts';
import { SOURCE_BYTES_MAX } from '../../shared/core/policy-import/source-file.ts';
import { ManualCommand, paragraphs } from '../manual.ts';

interface ImportOptions {
  readonly from: ImportSource;
  readonly repositories: readonly string[];
  readonly out?: string;
}

/** `gcr-warden policy import`: turns the rules of another tool into a policy file. */
export function policyImportCommand(): ManualCommand {
  return new ManualCommand('import')
    .summary('Turn the rules of another tool into a policy file with the same meaning, in mode: plan')
    .description(
      paragraphs(
        "Turns the rules of another tool into a policy file with the same meaning, in `mode: plan`. What can't carry over deletes nothing and stands in a comment, or is an error. Needs no registry. What becomes of which rule: [policy-import.md](policy-import.md).",
        'After the options come the files of the other tool: several for `gcr-cleaner`, one for the others.',
      ),
    )
    .argument('<files...>', 'files of the other tool')
    .addOption(
      new Option('--from <tool>', '`artifact-registry`, `ecr` or `gcr-cleaner`')
        .choices(IMPORT_SOURCES)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--repositories <glob>',
        "where the rules hold, if the files don't say: `HOST/PROJECT/REPO` for `artifact-registry`, a glob for `ecr`; may stand several times",
      )
        .default([], 'none')
        .argParser((glob: string, before: readonly string[]) => [...before, glob]),
    )
    .option('--out <file>', 'write the policy file instead of printing it; never over another file')
    .example('policy import --from gcr-cleaner test/golden/import/gcr-cleaner-payload/payload.json')
    .action(async (names: readonly string[], { from, repositories, out }: ImportOptions) => {
      const files: SourceFile[] = [];
      for (const name of names) files.push(await readSource(name));
      const { yaml } = importPolicies({ from, files, repositories });
      if (out === undefined) process.stdout.write(yaml);
      else await writeNew(out, yaml);
    });
}

/** Reads no more than an import takes; the rest is only there to be noticed. */
async function readSource(file: string): Promise<SourceFile> {
  try {
    const handle = await open(file, 'r');
    try {
      const bytes = Buffer.alloc(SOURCE_BYTES_MAX + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length)) };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new WardenError('IMPORT_INVALID', `${file}: it can't be read: ${messageOf(cause)}.`, { cause });
  }
}

/** A file that is there may be a policy that somebody wrote by hand. */
async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    throw new WardenError('IMPORT_UNWRITABLE', `${file} can't be written: ${messageOf(cause)}.`, { cause });
  }
}
