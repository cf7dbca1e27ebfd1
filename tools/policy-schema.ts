/**
 * Writes `policies/schema.json` and `policies/defaults-schema.json`, the JSON Schemas of the policy language, from
 * the table that the parser reads by: `node tools/policy-schema.ts`. A test fails where a file is older than the
 * table.
 */
import { writeFile } from 'node:fs/promises';
import type { JsonSchema } from '../shared/core/policy-file/keyword.ts';
import { defaultsSchema, policySchema } from '../shared/core/policy-file/schema.ts';

const schemas: Readonly<Record<string, JsonSchema>> = {
  'schema.json': policySchema(),
  'defaults-schema.json': defaultsSchema(),
};
for (const [file, schema] of Object.entries(schemas)) {
  await writeFile(new URL(`../policies/${file}`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
}
