import { known } from '../../fact.ts';
import { NEVER_EXPIRES_MS } from '../access.ts';
import type { Check } from '../check.ts';
import { accountsWith, keyWith, repliesWith } from '../example.ts';
import { answerForKeys, deleteKey } from '../key-answer.ts';
import { google } from '../reference.ts';

/** What is known of a project whose only key is like this. */
const only = (different: Parameters<typeof keyWith>[0]) =>
  repliesWith({ accounts: accountsWith(keyWith(different)) });

/** A key that somebody disabled and never deleted. */
export const keyDisabled: Check = {
  id: 'key-disabled',
  title: 'Service-account key is disabled and not deleted',
  severity: 'low',
  rationale:
    'Disabling is the step before deleting, to see whether anything misses the key. One that stays disabled can be enabled again by whoever may manage keys, and counts against the ten that an account can have.',
  decided:
    'A user-managed key that is disabled, for whatever reason. IAM does not tell since when, so one that was disabled today fails too: low, and to be deleted when nothing has missed it.',
  references: [
    google(
      'Disable and enable service account keys',
      'https://cloud.google.com/iam/docs/keys-disable-enable',
    ),
  ],
  examples: [
    {
      title: 'A disabled key',
      replies: () =>
        only({ disabled: true, disableReason: 'SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED' }),
      answers: ['FAIL low'],
    },
    {
      title: 'A disabled key without an end',
      replies: () => only({ disabled: true, validBeforeMs: known(NEVER_EXPIRES_MS) }),
      answers: ['FAIL low'],
    },
    { title: 'An enabled key', replies: () => only({}), answers: ['PASS'] },
    {
      title: 'A disabled key that Google manages',
      replies: () => only({ disabled: true, keyType: 'SYSTEM_MANAGED' }),
      answers: [],
    },
  ],
  run(audit) {
    return answerForKeys(keyDisabled, audit, (key, account) => {
      const name = `Key ${key.id} of ${account.email}`;
      if (!key.disabled) return { status: 'PASS', evidence: `${name} is enabled` };
      return {
        status: 'FAIL',
        evidence: `${name} is disabled${key.disableReason === null ? '' : ` (${key.disableReason})`} and still there`,
        risk: 'Enabling it again takes one call and no new key, and all its copies work again.',
        remediation: () => deleteKey(key, audit.replies.project),
      };
    });
  },
};
