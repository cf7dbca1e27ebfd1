import { known } from '../../fact.ts';
import type { Ability } from '../ability.ts';
import { answerForKeyHolders } from '../account-answer.ts';
import { adminRights } from '../account-right.ts';
import type { Check } from '../check.ts';
import { accountsWith, bind, keyWith, repliesWith } from '../example.ts';
import { retireKeys } from '../key-answer.ts';
import { cis, google } from '../reference.ts';
import { handStep } from '../remedy-step.ts';
import { namesOfKeys } from '../working-key.ts';

const CI = 'serviceAccount:ci@acme.iam.gserviceaccount.com';

/** A project whose only account has one key and these bindings. */
const project = (...bindings: ReturnType<typeof bind>[]) =>
  repliesWith({ accounts: accountsWith(keyWith()), projectPolicy: known({ bindings }) });

/** More rights than this are counted in the evidence and not told one by one. */
const RIGHTS_SHOWN = 3;

/** A downloaded key of an account that administers. */
export const keyOfAdmin: Check = {
  id: 'key-of-admin',
  title: 'An administrator account has a downloaded key',
  severity: 'critical',
  rationale:
    'Whoever has the key of such an account needs no further hole: it can give itself every other right, make keys of other accounts, or act as them.',
  decided:
    'An account with a working user-managed key that can administer, make keys or act as others: on the project or above it, on a registry, or on another account; judged by permission (basic Owner and Editor, `storage.admin`, custom roles alike), with inherited grants and groups. Critical on the project or above it, high on single resources. UNKNOWN where no such right is seen and something could not be read.',
  references: [
    cis('4.0.0', '1.5'),
    cis('5.0.0', '1.6'),
    google(
      'Avoid service account keys',
      'https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys#alternatives',
    ),
  ],
  examples: [
    {
      title: 'A key of an account with basic Editor',
      replies: () => project(bind('roles/editor', CI)),
      answers: ['FAIL critical'],
    },
    {
      title: 'A key of an account with `storage.admin` on the project',
      replies: () => project(bind('roles/storage.admin', CI)),
      answers: ['FAIL critical'],
    },
    {
      title: 'A key of an account that is in a group with basic Owner',
      replies: () => ({
        ...project(bind('roles/owner', 'group:ops@example.com')),
        groups: {
          'ops@example.com': known({ members: [CI], others: [] }),
        },
      }),
      answers: ['FAIL critical'],
    },
    {
      title: 'A key of an account that only pushes',
      replies: () => project(bind('roles/artifactregistry.writer', CI)),
      answers: ['PASS'],
    },
    {
      title: 'An administrator without a key',
      replies: () => ({ ...project(bind('roles/owner', CI)), accounts: accountsWith() }),
      answers: [],
    },
    {
      title: 'A role that could not be read',
      replies: () => project(bind('projects/acme/roles/unread', CI)),
      answers: ['UNKNOWN'],
    },
  ],
  run(audit) {
    const { byAccount, unseen } = adminRights(audit.graph, audit.nowMs);
    return answerForKeyHolders(keyOfAdmin, audit, ({ account }, keys) => {
      const { email } = account;
      const rights = byAccount.get(email) ?? [];
      if (rights.length === 0) {
        if (unseen.length === 0) {
          return { status: 'PASS', evidence: `${email} has ${namesOfKeys(keys)} and administers nothing` };
        }
        const more = unseen.length === 1 ? '' : `, and ${unseen.length - 1} more`;
        return {
          status: 'UNKNOWN',
          evidence: `What ${email} may do could not all be seen: ${unseen[0]}${more}`,
        };
      }
      const told = rights
        .slice(0, RIGHTS_SHOWN)
        .map(({ ability, on, path }) => `${rightText(ability, on)} by ${path.join(' > ')}`);
      const more = rights.length > told.length ? ` and ${rights.length - told.length} more` : '';
      const isWide = rights.some(({ on }) => /^(?:project|folder|organization|every) /.test(on));
      return {
        status: 'FAIL',
        severity: isWide ? 'critical' : 'high',
        evidence: `${email} has ${namesOfKeys(keys)}, and can ${told.join('; ')}${more}`,
        risk: 'One leaked file is enough to take over all that the account administers.',
        remediation: () => [
          handStep(
            'Let what uses the keys act as the account without one (workload identity federation, an attached account, impersonation), or give it an account with the narrow role that it needs.',
          ),
          ...retireKeys(keys, audit.replies.project),
        ],
      };
    });
  },
};

/** `administer every bucket of project acme`, `act as account ci@acme…`, `make keys of the accounts of project acme`. */
function rightText(ability: Ability, on: string): string {
  if (ability === 'administer') return `administer ${on}`;
  const whom = /^(?:account|every) /.test(on) ? on : `the accounts of ${on}`;
  return ability === 'act as' ? `act as ${whom}` : `make keys of ${whom}`;
}
