import { writeFileSync } from 'node:fs';
import { CHECKS } from '../shared/core/audit/index.ts';
import { renderAuditChecks } from '../shared/report/audit-checks-markdown.ts';

// Writes docs/audit-checks.md anew, after a check was added or changed. A test holds the file to the checks.
writeFileSync(new URL('../docs/audit-checks.md', import.meta.url), renderAuditChecks(CHECKS));
