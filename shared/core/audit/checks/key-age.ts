import { known } from '../../fact.ts';
import { DAY_MS, formatAge } from '../../units.ts';
import type { Check } from '../check.ts';
import { accountsWith, keyWith, NOW_MS, repliesWith } from '../example.ts';
import { answerForKeys, harmlessNow, replaceKey } from '../key-answer.ts';
import { cis, google } from '../reference.ts';

/** What is known of a project whose only key has this age. */
const aged = (days: number, different: Parameters<typeof keyWith>[0] = {}) =>
  repliesWith({
    accounts: accountsWith(keyWith({ validAfterMs: known(NOW_MS - days * DAY_MS), ...different })),
  });

/** A key that is older than the settings allow. */
export const keyAge: Check = {
  id: 'key-age',
  title: 'Service-account key is too old',
  severity: 'high',
  rationale:
    'A key is a password that somebody downloaded. The longer it lives, the more copies of it there are, in laptops, pipelines and pull secrets, and nobody can say where.',
  decided:
    'A user-managed key whose age is more than 90 days (setting `keyMaxAgeMs`). For an uploaded key only the age that its certificate claims is known. Low where the key or its account is disabled.',
  references: [
    cis('4.0.0', '1.7'),
    cis('5.0.0', '1.8'),
    google('Key rotation', 'https://cloud.google.com/iam/docs/key-rotation'),
  ],
  examples: [
    { title: 'A key of 91 days', replies: () => aged(91), answers: ['FAIL high'] },
    { title: 'A key of exactly 90 days', replies: () => aged(90), answers: ['PASS'] },
    {
      title: 'A key of 400 days that is disabled',
      replies: () => aged(400, { disabled: true }),
      answers: ['FAIL low'],
    },
    {
      title: 'A key that Google rotates',
      replies: () => aged(400, { keyType: 'SYSTEM_MANAGED' }),
      answers: [],
    },
    {
      title: 'An uploaded key that claims to begin in the future',
      replies: () => aged(-30, { origin: 'USER_PROVIDED' }),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    const { nowMs, settings } = audit;
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
      const datesMs = { [isClaimed ? 'claims to begin' : 'created']: key.validAfterMs.value };
      if (ageMs <= settings.keyMaxAgeMs) return { status: 'PASS', evidence, datesMs };
      return {
        status: 'FAIL',
        severity: harmless === '' ? 'high' : 'low',
        evidence,
        datesMs,
        risk: 'The longer a downloaded key lives, the more copies of it there are, and each one works from anywhere.',
        remediation: () => replaceKey(key, account, audit),
      };
    });
  },
};
