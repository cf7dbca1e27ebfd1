import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { blocksOf, inputTable, outputTable } from './terraform-docs.ts';

// Writes the tables of inputs and outputs of the module's README anew from its variables and outputs.
const folder = new URL('../terraform/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
const readme = read('README.md');
const written = readme
  .replace(
    /(?<=^## Inputs\n\n)(?:\|.*\n)+/m,
    () => `${inputTable(blocksOf('variable', read('variables.tf')))}\n`,
  )
  .replace(
    /(?<=^## Outputs\n\n)(?:\|.*\n)+/m,
    () => `${outputTable(blocksOf('output', read('outputs.tf')))}\n`,
  );
writeFileSync(fileURLToPath(new URL('README.md', folder)), written);
