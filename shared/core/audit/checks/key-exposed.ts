import type { ServiceAccountKey } from '../access.ts';
import type { Check } from '../check.ts';
import { accountsWith, keyWith, repliesWith } from '../example.ts';
import { answerForKeys, endKeyNow } from '../key-answer.ts';
import { google } from '../reference.ts';

/** What is known of a project whose only key is like this. */
const only = (different: Parameters<typeof keyWith>[0]) =>
  repliesWith({ accounts: accountsWith(keyWith(different)) });

const EXPOSED = /(?:_EXPOSED|_COMPROMISE_DETECTED)$/;
const HARMLESS = /(?:_USER_INITIATED|_UNSPECIFIED)$/;

const VALUE_CHARACTERS_MAX = 200;

/** Google's words about a key, why it is disabled and what it is flagged with, each with what is said beside it. */
function wordsAbout(key: ServiceAccountKey): readonly { readonly word: string; readonly shown: string }[] {
  const flags = key.flags.map(({ name, value }) => ({
    word: name,
    shown: value === '' ? name : `${name} (${value.slice(0, VALUE_CHARACTERS_MAX)})`,
  }));
  return key.disableReason === null
    ? flags
    : [{ word: key.disableReason, shown: key.disableReason }, ...flags];
}

/** A key that Google found in public or in use by somebody else. */
export const keyExposed: Check = {
  id: 'key-exposed',
  title: 'Service-account key is exposed or compromised',
  severity: 'critical',
  rationale:
    'Google looks for keys in public repositories and for use that is not yours, and flags what it finds. It disables such a key only where the organisation lets it.',
  decided:
    'Google says so: `disableReason` or `extendedStatus` ends in `EXPOSED` or `COMPROMISE_DETECTED`. What Google says beside the flag is shown. A word not known here is UNKNOWN.',
  references: [
    google(
      'Handle compromised Google Cloud credentials',
      'https://cloud.google.com/docs/security/compromised-credentials',
    ),
  ],
  examples: [
    {
      title: 'A key that Google disabled because it was public',
      replies: () => only({ disabled: true, disableReason: 'SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED' }),
      answers: ['FAIL critical'],
    },
    {
      title: 'A flagged key that still works',
      replies: () =>
        only({
          flags: [
            {
              name: 'SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_EXPOSED',
              value: 'https://github.com/acme/site',
            },
          ],
        }),
      answers: ['FAIL critical'],
    },
    {
      title: 'A key that its owner disabled',
      replies: () =>
        only({ disabled: true, disableReason: 'SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED' }),
      answers: ['PASS'],
    },
    {
      title: 'A word that is not known here',
      replies: () => only({ disabled: true, disableReason: 'SERVICE_ACCOUNT_KEY_DISABLE_REASON_NEWS' }),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    return answerForKeys(keyExposed, audit, (key, account) => {
      const name = `Key ${key.id} of ${account.email}`;
      const words = wordsAbout(key);
      const exposed = words.filter(({ word }) => EXPOSED.test(word)).map(({ shown }) => shown);
      if (exposed.length > 0) {
        return {
          status: 'FAIL',
          evidence: `${name} is flagged ${exposed.join(', ')} and is ${key.disabled ? 'disabled' : 'still enabled'}`,
          risk: 'Somebody else has this key, and has had all that its account may do.',
          remediation: () => endKeyNow(key, audit.replies.project),
        };
      }
      const strange = words.filter(({ word }) => !HARMLESS.test(word)).map(({ shown }) => shown);
      if (strange.length > 0) {
        return {
          status: 'UNKNOWN',
          evidence: `${name} is flagged with words not known here: ${strange.join(', ')}`,
        };
      }
      return { status: 'PASS', evidence: `${name} is not flagged` };
    });
  },
};
