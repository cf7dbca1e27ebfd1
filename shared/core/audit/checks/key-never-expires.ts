import { known } from '../../fact.ts';
import { formatAge } from '../../units.ts';
import { NEVER_EXPIRES_MS } from '../access.ts';
import type { Check } from '../check.ts';
import { accountsWith, keyWith, NEVER, NOW_MS, repliesWith } from '../example.ts';
import { answerForKeys, harmlessNow, replaceKey } from '../key-answer.ts';
import { google } from '../reference.ts';

/** What is known of a project whose only key is like this. */
const only = (different: Parameters<typeof keyWith>[0]) =>
  repliesWith({ accounts: accountsWith(keyWith(different)) });

/** A key without an end, which is what the console and gcloud make. */
export const keyNeverExpires: Check = {
  id: 'key-never-expires',
  title: 'Service-account key never expires',
  severity: 'medium',
  rationale:
    'The console and gcloud make keys that are valid until 9999-12-31. One that is forgotten opens the same doors in ten years.',
  decided: 'A user-managed key that is valid until 9999-12-31. Low where the key or its account is disabled.',
  references: [
    google(
      'Service account key expiry',
      'https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys#key-expiry',
    ),
  ],
  examples: [
    {
      title: 'A key until 9999-12-31',
      replies: () => only({ validBeforeMs: NEVER }),
      answers: ['FAIL medium'],
    },
    {
      title: 'The same, disabled',
      replies: () => only({ validBeforeMs: NEVER, disabled: true }),
      answers: ['FAIL low'],
    },
    { title: 'A key that ends in 50 days', replies: () => only({}), answers: ['PASS'] },
    {
      title: 'A key that has ended',
      replies: () => only({ validBeforeMs: known(NOW_MS - 1) }),
      answers: ['PASS'],
    },
  ],
  run(audit) {
    const { nowMs } = audit;
    return answerForKeys(keyNeverExpires, audit, (key, account) => {
      const name = `Key ${key.id} of ${account.email}`;
      if (key.validBeforeMs.kind === 'unknown') {
        return { status: 'UNKNOWN', evidence: `${name} has no readable end: ${key.validBeforeMs.reason}` };
      }
      const leftMs = key.validBeforeMs.value - nowMs;
      if (key.validBeforeMs.value < NEVER_EXPIRES_MS) {
        const end = leftMs > 0 ? `ends in ${formatAge(leftMs)}` : `ended ${formatAge(-leftMs)} ago`;
        return { status: 'PASS', evidence: `${name} ${end}`, datesMs: { expires: key.validBeforeMs.value } };
      }
      const harmless = harmlessNow(key, account);
      return {
        status: 'FAIL',
        severity: harmless === '' ? 'medium' : 'low',
        evidence: `${name} is valid until 9999-12-31${harmless}`,
        risk: 'A copy that is forgotten in an image, a laptop or a pull secret works for good.',
        remediation: () => replaceKey(key, account, audit),
      };
    });
  },
};
