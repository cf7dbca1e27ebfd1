import { DAY_MS, formatAge } from '../../units.ts';
import type { Check } from '../check.ts';
import { answerForKeys, harmlessNow, replaceKey } from '../key-answer.ts';

/** A key that is older than the settings allow. */
export const keyAge: Check = {
  id: 'key-age',
  title: 'Service-account key is too old',
  severity: 'high',
  decided:
    'A user-managed key whose age is more than 90 days (setting `keyMaxAgeMs`). For an uploaded key only the age that its certificate claims is known. Low where the key or its account is disabled.',
  run(audit) {
    const { nowMs, settings, replies } = audit;
    const maxDays = Math.floor(settings.keyMaxAgeMs / DAY_MS);
    return answerForKeys(keyAge, audit, (key, account) => {
      const isClaimed = key.origin !== 'GOOGLE_PROVIDED';
      const age = isClaimed ? 'claimed age' : 'age';
      const name = `Key ${key.id} of ${account.email}`;
      if (key.validAfterMs.kind === 'unknown') {
        return { status: 'UNKNOWN', evidence: `${name} has no readable date: ${key.validAfterMs.reason}` };
      }
      const ageMs = nowMs - key.validAfterMs.value;
      if (ageMs < -DAY_MS) {
        return {
          status: 'UNKNOWN',
          evidence: `${name} claims to begin in the future, so its age is not known`,
        };
      }
      const harmless = harmlessNow(key, account);
      const evidence = `${name}: ${age} ${formatAge(Math.max(0, ageMs))}, at most ${maxDays} d are allowed${harmless}`;
      if (ageMs <= settings.keyMaxAgeMs) return { status: 'PASS', evidence };
      return {
        status: 'FAIL',
        severity: harmless === '' ? 'high' : 'low',
        evidence,
        risk: 'The longer a downloaded key lives, the more copies of it there are, and each one works from anywhere.',
        remediation: replaceKey(key, replies.project, maxDays),
      };
    });
  },
};
