import { DAY_MS, formatAge } from '../../units.ts';
import { NEVER_EXPIRES_MS } from '../access.ts';
import type { Check } from '../check.ts';
import { answerForKeys, harmlessNow, replaceKey } from '../key-answer.ts';

/** A key without an end, which is what the console and gcloud make. */
export const keyNeverExpires: Check = {
  id: 'key-never-expires',
  title: 'Service-account key never expires',
  severity: 'medium',
  decided: 'A user-managed key that is valid until 9999-12-31. Low where the key or its account is disabled.',
  run(audit) {
    const { nowMs, replies, settings } = audit;
    return answerForKeys(keyNeverExpires, audit, (key, account) => {
      const name = `Key ${key.id} of ${account.email}`;
      if (key.validBeforeMs.kind === 'unknown') {
        return { status: 'UNKNOWN', evidence: `${name} has no readable end: ${key.validBeforeMs.reason}` };
      }
      const leftMs = key.validBeforeMs.value - nowMs;
      if (key.validBeforeMs.value < NEVER_EXPIRES_MS) {
        const end = leftMs > 0 ? `ends in ${formatAge(leftMs)}` : `ended ${formatAge(-leftMs)} ago`;
        return { status: 'PASS', evidence: `${name} ${end}` };
      }
      const harmless = harmlessNow(key, account);
      return {
        status: 'FAIL',
        severity: harmless === '' ? 'medium' : 'low',
        evidence: `${name} is valid until 9999-12-31${harmless}`,
        risk: 'A copy that is forgotten in an image, a laptop or a pull secret works for good.',
        remediation: replaceKey(key, replies.project, Math.floor(settings.keyMaxAgeMs / DAY_MS)),
      };
    });
  },
};
