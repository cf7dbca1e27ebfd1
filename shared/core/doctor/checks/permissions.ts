import { quantity } from '../../quantity.ts';
import { type Answer, command, fine, missing, type Remedy, terraform, unclear } from '../answer.ts';
import type { Check } from '../check.ts';
import type { PermissionSeen } from '../observation.ts';
import { placeText } from '../permission.ts';

/** Whether whoever runs this may read the registries, and deploy where nothing is deployed. */
export const callerPermissions: Check = {
  id: 'caller-permissions',
  title: 'Your own permissions',
  answers: ({ permissions }) => summed(permissions.filter(({ question }) => question.account === null)),
};

/** Whether the account of each function may do what the function does. */
export const accountPermissions: Check = {
  id: 'account-permissions',
  title: 'Permissions of the functions',
  answers: ({ permissions, unasked }) => [
    ...summed(permissions.filter(({ question }) => question.account !== null)),
    ...(unasked > 0
      ? [unclear(`${quantity(unasked, 'question')} about permissions were too many to ask.`)]
      : []),
  ],
};

function summed(seen: readonly PermissionSeen[]): readonly Answer[] {
  const answers = seen.map(answerOf);
  const bad = answers.filter(({ kind }) => kind !== 'fine');
  const asked = seen.reduce((sum, { question }) => sum + question.permissions.length, 0);
  if (seen.length === 0 || bad.length > 0) return bad;
  return [fine(`All ${quantity(asked, 'permission')} that were asked about are granted.`)];
}

function answerOf({ question, granted }: PermissionSeen): Answer {
  const { account, place, purpose } = question;
  const who = account ?? 'You';
  if (granted.kind === 'unknown') {
    return unclear(
      `What ${account ?? 'you'} may do on ${placeText(place)} could not be asked: ${granted.reason}`,
      ...actAs(account),
    );
  }
  const held = new Set(granted.value);
  const lacking = question.permissions.filter((permission) => !held.has(permission));
  if (lacking.length === 0) return fine(`${who}: ${purpose}`);
  const lack = account === null ? 'lack' : 'lacks';
  return missing(
    `${who} ${lack} on ${placeText(place)}: ${lacking.join(', ')} (${purpose}).`,
    ...grant(question),
  );
}

function grant({ account, place, grantedBy }: PermissionSeen['question']): readonly Remedy[] {
  if (account !== null) {
    return [grantedBy.includes(' = ') ? terraform(grantedBy) : terraform(`${grantedBy}: terraform apply`)];
  }
  const role = grantedBy.startsWith('roles/') && !grantedBy.includes(',') ? grantedBy : 'ROLE';
  if (place.kind === 'repository') {
    return [
      command(
        `gcloud artifacts repositories add-iam-policy-binding ${place.repository} --location ${place.location} --project ${place.project} --member user:YOU --role ${role}`,
      ),
    ];
  }
  if (place.kind === 'project') {
    return [
      command(`gcloud projects add-iam-policy-binding ${place.project} --member user:YOU --role ${role}`),
    ];
  }
  return [];
}

/** What lets the caller ask as an account. */
function actAs(account: string | null): readonly Remedy[] {
  if (account === null) return [];
  return [
    command(
      `gcloud iam service-accounts add-iam-policy-binding ${account} --member user:YOU --role roles/iam.serviceAccountTokenCreator`,
    ),
  ];
}
