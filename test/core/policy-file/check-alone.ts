import { join } from 'node:path';
import { readPolicyFiles } from '../../../shared/adapters/policies/folder.ts';
import { checkPolicyFolder } from '../../../shared/core/policy-file/check.ts';

/** Checks folders in a folder, each by itself, and writes how long each took and what the process needed at most. */
const [root = '', ...names] = process.argv.slice(2);
const checks: Record<string, unknown> = {};
for (const name of names) {
  const folder = await readPolicyFiles(join(root, name));
  const startedMs = performance.now();
  const { policies, problems } = checkPolicyFolder(folder, Date.UTC(2026, 10, 21));
  checks[name] = {
    ms: performance.now() - startedMs,
    policies: policies.map((policy) => policy.name),
    problems: problems.map(({ file, line, column, code }) => ({ file, line, column, code })),
  };
}
process.stdout.write(JSON.stringify({ checks, memoryMiB: process.resourceUsage().maxRSS / 1024 }));
