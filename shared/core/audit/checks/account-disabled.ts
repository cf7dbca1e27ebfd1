import { known, unknown } from '../../fact.ts';
import { answerForAccounts } from '../account-answer.ts';
import { accountBindings, unreadPolicies } from '../account-binding.ts';
import { unbindAccount } from '../account-removal.ts';
import type { Check } from '../check.ts';
import { accountsWith, bind, keyWith, repliesWith } from '../example.ts';
import { deleteKey } from '../key-answer.ts';
import { google } from '../reference.ts';

const CI = 'serviceAccount:ci@acme.iam.gserviceaccount.com';

/** A project with one disabled account, its keys and these bindings. */
const disabled = (keys: readonly ReturnType<typeof keyWith>[], ...bindings: ReturnType<typeof bind>[]) => {
  const accounts = accountsWith(...keys);
  return repliesWith({
    accounts:
      accounts.kind === 'unknown'
        ? accounts
        : known(accounts.value.map((each) => ({ ...each, account: { ...each.account, disabled: true } }))),
    projectPolicy: known({ bindings }),
  });
};

/** An account that is switched off and has kept what it may do. */
export const accountDisabled: Check = {
  id: 'account-disabled',
  title: 'A disabled service account still has roles or keys',
  severity: 'low',
  rationale:
    'Disabling stops an account for now. Its roles and keys wait for whoever enables it, long after everybody has forgotten what they were.',
  decided:
    'A disabled account that a binding in the project, above it, on a registry or on an account names, or that has user-managed keys, enabled or not. UNKNOWN where nothing is seen and something could not be read. Through which groups it has more is not asked.',
  references: [
    google(
      'Disable and enable service accounts',
      'https://cloud.google.com/iam/docs/service-accounts-disable-enable',
    ),
  ],
  examples: [
    {
      title: 'A disabled account with a role',
      replies: () => disabled([], bind('roles/artifactregistry.writer', CI)),
      answers: ['FAIL low'],
    },
    { title: 'A disabled account with a key', replies: () => disabled([keyWith()]), answers: ['FAIL low'] },
    { title: 'A disabled account with nothing', replies: () => disabled([]), answers: ['PASS'] },
    {
      title: 'A disabled account in a project whose policy could not be read',
      replies: () => ({ ...disabled([]), projectPolicy: unknown('403') }),
      answers: ['UNKNOWN'],
    },
    {
      title: 'An enabled account',
      replies: () => repliesWith({ accounts: accountsWith(keyWith()) }),
      answers: [],
    },
  ],
  run(audit) {
    const { graph, replies } = audit;
    const bindings = accountBindings(graph);
    const unread = unreadPolicies(graph);
    return answerForAccounts(accountDisabled, audit, ({ account, keys }) => {
      if (!account.disabled) return null;
      const roles = bindings.get(account.email) ?? [];
      const own = keys.kind === 'known' ? keys.value.filter(({ keyType }) => keyType === 'USER_MANAGED') : [];
      if (roles.length + own.length === 0) {
        if (keys.kind === 'unknown') {
          return {
            status: 'UNKNOWN',
            evidence: `The keys of ${account.email} could not be listed: ${keys.reason}`,
          };
        }
        const [first] = unread;
        return first === undefined
          ? { status: 'PASS', evidence: `${account.email} is disabled and has no role and no key` }
          : {
              status: 'UNKNOWN',
              evidence: `${account.email} is disabled; whether it still has roles could not be read: ${first}${unread.length === 1 ? '' : ` and ${unread.length - 1} more`}`,
            };
      }
      const told = roles.slice(0, 3).map(({ node, binding }) => `${binding.role} on ${node.label}`);
      const more = roles.length > told.length ? ` and ${roles.length - told.length} more` : '';
      const what = [
        ...(roles.length > 0 ? [`${told.join(', ')}${more}`] : []),
        ...(own.length > 0 ? [`${own.length} ${own.length === 1 ? 'key' : 'keys'}`] : []),
      ];
      return {
        status: 'FAIL',
        evidence: `${account.email} is disabled and still has ${what.join(', and ')}`,
        risk: 'One call enables it with all that it ever had.',
        remediation: () => [
          ...unbindAccount(account, audit),
          ...[...own]
            .sort((a, b) => (a.id < b.id ? -1 : 1))
            .flatMap((key) => deleteKey(key, replies.project)),
        ],
      };
    });
  },
};
