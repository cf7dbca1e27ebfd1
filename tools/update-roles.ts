/**
 * Writes `shared/core/audit/role-table.ts`, our copy of what Google's predefined roles hold, from a dataset of
 * them: `npm run update-roles -- FILE`. The file is JSON, `{source, roles: {"roles/…": {permissions: […]}}}`,
 * as in `test/fixtures/google/predefined-roles.json`; or a folder of Google's own role replies
 * (`{name, includedPermissions}`, one a file), as github.com/iann0036/iam-dataset has them in `gcp/roles`, and
 * then `--source "NAME, DATE"` says where they are from.
 */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { DATASET_PERMISSIONS } from '../shared/core/audit/role-permissions.ts';

const DATASET = z.object({
  source: z.string().min(1),
  roles: z.record(z.string().regex(/^roles\/[\w.]+$/), z.object({ permissions: z.array(z.string()) })),
});

const ROLE = z.object({
  name: z.string().regex(/^roles\/[\w.]+$/),
  includedPermissions: z.array(z.string()).default([]),
});

/** The formatter's own limit, in `biome.json`. */
const LINE_MAX = 110;

type Dataset = z.infer<typeof DATASET>;

/**
 * The text of the table.
 * @throws Error where a permission that a check asks for is in no role: the dataset is then cut or too old
 */
function roleTable({ source, roles }: Dataset): string {
  const held = new Set(Object.values(roles).flatMap(({ permissions }) => permissions));
  const missing = DATASET_PERMISSIONS.filter((permission) => !held.has(permission));
  if (missing.length > 0) throw new Error(`The dataset has no role with ${missing.join(', ')}.`);
  const rows = Object.entries(roles)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([role, { permissions }]) => {
      const asked = new Set(permissions);
      const names = `'${DATASET_PERMISSIONS.filter((each) => asked.has(each)).join(' ')}',`;
      // As the formatter would write it, so that what is written is what is kept.
      const row = `  '${role}': ${names}`;
      return row.length <= LINE_MAX ? row : `  '${role}':\n    ${names}`;
    });
  return `/*
 * What Google's predefined roles hold of the permissions that a check asks for. Written by
 * \`npm run update-roles\`; do not edit. A role that is not here is read from IAM.
 */

/** Where the table is from, and of which day. */
export const ROLE_TABLE_SOURCE = '${source.replaceAll(/['\\\n]/g, ' ')}';

/** Permissions by role, parted by blanks. */
export const ROLE_TABLE: Readonly<Record<string, string>> = {
${rows.join('\n')}
};
`;
}

async function readDataset(from: string, source: string | undefined): Promise<Dataset> {
  if (!(await stat(from)).isDirectory()) return DATASET.parse(JSON.parse(await readFile(from, 'utf8')));
  if (source === undefined) throw new Error('Say with --source where the folder is from, and of which day.');
  const roles: Dataset['roles'] = {};
  for (const file of await readdir(from)) {
    if (!file.endsWith('.json')) continue;
    const role = ROLE.parse(JSON.parse(await readFile(join(from, file), 'utf8')));
    // A role of another service holds nothing that is asked for; left out, it is read from IAM.
    if (role.includedPermissions.some((each) => (DATASET_PERMISSIONS as readonly string[]).includes(each))) {
      roles[role.name] = { permissions: role.includedPermissions };
    }
  }
  return { source, roles };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      source: { type: 'string' },
      out: { type: 'string', default: join(import.meta.dirname, '../shared/core/audit/role-table.ts') },
    },
  });
  const [from] = positionals;
  if (from === undefined) throw new Error('Name the dataset: npm run update-roles -- FILE');
  await writeFile(values.out, roleTable(await readDataset(from, values.source)));
}
