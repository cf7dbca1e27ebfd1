/**
 * Writes `policies/schema.json`, the JSON Schema of the policy language, from the table that the parser reads by:
 * `node tools/policy-schema.ts`. A test fails where the file is older than the table.
 */
import { writeFile } from 'node:fs/promises';
import { policySchema } from '../shared/core/policy-file/schema.ts';

await writeFile(
  new URL('../policies/schema.json', import.meta.url),
  `${JSON.stringify(policySchema(), null, 2)}\n`,
);
