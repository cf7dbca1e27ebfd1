import { join } from 'node:path';
import { readPolicyFiles } from '../../../shared/adapters/policies/folder.ts';
import { checkPolicyFolder } from '../../../shared/core/policy-file/check.ts';

/** Checks folders in a folder, each by itself, and writes what each took of the processor and what the process needed at most. */
const [root = '', ...names] = process.argv.slice(2);
const checks: Record<string, unknown> = {};
for (const name of names) {
  const folder = await readPolicyFiles(join(root, name));
  // Not by the clock: what else the machine does is no property of a file.
  const before = process.threadCpuUsage();
  const { policies, problems } = checkPolicyFolder(folder, Date.UTC(2026, 10, 21));
  const { user, system } = process.threadCpuUsage(before);
  checks[name] = {
    cpuMs: (user + system) / 1000,
    policies: policies.map((policy) => policy.name),
    problems: problems.map(({ file, line, column, code }) => ({ file, line, column, code })),
  };
}
process.stdout.write(JSON.stringify({ checks, memoryMiB: process.resourceUsage().maxRSS / 1024 }));
