import { open, writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { messageOf, WardenError } from '../../shared/core/error.ts';
import type { SourceFile } from '../../shared/core/policy-import/draft.ts';
import { IMPORT_SOURCES, type ImportSource, importPolicies } from '../../shared/core/policy-import/import.ts';
import { SOURCE_BYTES_MAX } from '../../shared/core/policy-import/source-file.ts';

interface ImportOptions {
  readonly from: ImportSource;
  readonly repositories: readonly string[];
  readonly out?: string;
}

/** `gcr-warden policy import`: turns the rules of another tool into a policy file. */
export function policyImportCommand(): Command {
  return new Command('import')
    .description('Turn the rules of another tool into a policy file with the same meaning, in mode: plan')
    .argument('<files...>', 'files of the other tool')
    .addOption(
      new Option('--from <tool>', 'whose rules they are').choices(IMPORT_SOURCES).makeOptionMandatory(),
    )
    .addOption(
      new Option(
        '--repositories <glob>',
        'where the rules hold, if the files do not say: HOST/PROJECT/REPO for artifact-registry, a glob for ecr; may stand several times',
      )
        .default([], 'none')
        .argParser((glob: string, before: readonly string[]) => [...before, glob]),
    )
    .option('--out <file>', 'write the policy file instead of printing it; never over another file')
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
