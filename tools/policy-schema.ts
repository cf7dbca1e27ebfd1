/**
 * Writes `policies/schema.json`, `defaults-schema.json` and `test-schema.json` beside it, the JSON Schemas of the
 * policy language, its TypeScript types and the page `docs/policy-reference.md`, from the tables that the parsers read by: `node tools/policy-schema.ts`.
 * A test fails where a file is older than its table.
 */
import { writeFile } from 'node:fs/promises';
import { documentTypes } from '../shared/core/policy-file/document-type.ts';
import type { JsonSchema } from '../shared/core/policy-file/keyword.ts';
import { defaultsSchema, policySchema } from '../shared/core/policy-file/schema.ts';
import { policyTestSchema } from '../shared/core/policy-test/schema.ts';
import { renderPolicyReference } from '../shared/report/policy-reference-markdown.ts';

const schemas: Readonly<Record<string, JsonSchema>> = {
  'schema.json': policySchema(),
  'defaults-schema.json': defaultsSchema(),
  'test-schema.json': policyTestSchema(),
};
for (const [file, schema] of Object.entries(schemas)) {
  await writeFile(new URL(`../policies/${file}`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`);
}
await writeFile(
  new URL('../shared/core/policy-file/policy-document.ts', import.meta.url),
  documentTypes(policySchema()),
);
await writeFile(new URL('../docs/policy-reference.md', import.meta.url), renderPolicyReference());
