import { known } from '../../fact.ts';
import { DAY_MS } from '../../units.ts';
import type { ServiceAccountKey } from '../access.ts';
import { answerForKeyHolders } from '../account-answer.ts';
import type { Check } from '../check.ts';
import { accountsWith, keyWith, NOW_MS, repliesWith } from '../example.ts';
import { retireKeys } from '../key-answer.ts';
import { google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { namesOfKeys, workingKeys } from '../working-key.ts';

/** More than one key of an account works at the same time. */
export const keySeveral: Check = {
  id: 'key-several',
  title: 'Service account has more than one working key',
  severity: 'low',
  rationale:
    'Two keys are right for the days of a rotation. After that the second one is a copy that somebody forgot, and nobody can say which of them is used where.',
  decided:
    'An account with more than one user-managed key that is enabled and has not ended. The remedy keeps the youngest one that is not flagged by Google. UNKNOWN where one key is seen and there may be more.',
  references: [google('Key rotation', 'https://cloud.google.com/iam/docs/key-rotation')],
  examples: [
    {
      title: 'Two working keys',
      replies: () => repliesWith({ accounts: accountsWith(keyWith(), keyWith({ id: 'c3d4' })) }),
      answers: ['FAIL low'],
    },
    {
      title: 'One key',
      replies: () => repliesWith({ accounts: accountsWith(keyWith()) }),
      answers: ['PASS'],
    },
    {
      title: 'A working key beside a disabled one and one that has ended',
      replies: () =>
        repliesWith({
          accounts: accountsWith(
            keyWith(),
            keyWith({ id: 'c3d4', disabled: true }),
            keyWith({ id: 'e5f6', validBeforeMs: known(NOW_MS - DAY_MS) }),
          ),
        }),
      answers: ['PASS'],
    },
    {
      title: 'A working key beside one of a kind not known here',
      replies: () =>
        repliesWith({ accounts: accountsWith(keyWith(), keyWith({ id: 'c3d4', keyType: 'NEWS' })) }),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    return answerForKeyHolders(keySeveral, audit, (reply, keys) => {
      const { email } = reply.account;
      const { doubt } = workingKeys(reply, audit.nowMs);
      if (keys.length === 1) {
        return doubt === null
          ? { status: 'PASS', evidence: `${email} has one working key, ${keys[0]?.id}` }
          : { status: 'UNKNOWN', evidence: doubt };
      }
      const kept = [...keys].sort(compareForKeeping)[0];
      const others = keys.filter((key) => key !== kept);
      return {
        status: 'FAIL',
        evidence: `${email} has ${keys.length} working keys: ${keys.map(({ id }) => id).join(', ')}`,
        risk: 'Each further key is a further secret to lose, and one that nobody looks for in its place.',
        remediation: () => [
          handStep(
            `Find out who uses which; the view of keys has their last use. Move the users of ${namesOfKeys(others)} to key ${kept?.id}.`,
          ),
          ...retireKeys(others, audit.replies.project),
        ],
      };
    });
  },
};

/** The one to keep first: not flagged, made by Google, the youngest. */
function compareForKeeping(a: ServiceAccountKey, b: ServiceAccountKey): number {
  const rank = (key: ServiceAccountKey): number =>
    (key.flags.length > 0 ? 2 : 0) + (key.origin === 'GOOGLE_PROVIDED' ? 0 : 1);
  const bornMs = ({ validAfterMs }: ServiceAccountKey): number =>
    validAfterMs.kind === 'known' ? validAfterMs.value : Number.NEGATIVE_INFINITY;
  return rank(a) - rank(b) || Math.sign(bornMs(b) - bornMs(a)) || (a.id < b.id ? -1 : 1);
}
