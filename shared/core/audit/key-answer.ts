import type { Finding, RemedyStep } from '../finding.ts';
import type { ServiceAccount, ServiceAccountKey } from './access.ts';
import { type Answer, type AuditCase, type Check, findingOf } from './check.ts';
import { command } from './command.ts';
import { projectResource } from './graph.ts';
import { handStep } from './remedy-step.ts';
import { terraformName, terraformRemoval, terraformResource } from './terraform.ts';

/** What a check says of one key; the rest of the answer is the same for all keys. */
export type KeyAnswer = Omit<Answer, 'resource' | 'subject'>;

/** Google's full resource name of a service account. */
export function accountResource(project: string, email: string): string {
  return `//iam.googleapis.com/projects/${project}/serviceAccounts/${email}`;
}

/**
 * Asks a check about every key that somebody could have downloaded. Keys that Google rotates itself are not
 * asked about; what could not be read is UNKNOWN, and so is a kind of key that this version does not know.
 */
export function answerForKeys(
  check: Check,
  audit: AuditCase,
  judge: (key: ServiceAccountKey, account: ServiceAccount) => KeyAnswer,
): readonly Finding[] {
  const { accounts, project } = audit.replies;
  const unknownAt = (resource: string, evidence: string): Finding =>
    findingOf(check, audit, { status: 'UNKNOWN', resource, evidence });
  if (accounts.kind === 'unknown') {
    return [
      unknownAt(projectResource(project), `The service accounts could not be listed: ${accounts.reason}`),
    ];
  }
  return accounts.value.flatMap(({ account, keys }) => {
    const resource = accountResource(project, account.email);
    if (keys.kind === 'unknown') {
      return [unknownAt(resource, `The keys of ${account.email} could not be listed: ${keys.reason}`)];
    }
    return keys.value
      .filter((key) => key.keyType !== 'SYSTEM_MANAGED')
      .map((key) => {
        const keyResource = `${resource}/keys/${key.id}`;
        if (key.keyType !== 'USER_MANAGED') {
          return unknownAt(
            keyResource,
            `Key ${key.id} of ${account.email} is of a kind not known here: ${key.keyType || 'none is said'}`,
          );
        }
        return findingOf(check, audit, { ...judge(key, account), resource: keyResource });
      });
  });
}

/** The end of a sentence that says what makes a key harmless for now, or nothing. */
export function harmlessNow(key: ServiceAccountKey, account: ServiceAccount): string {
  if (key.disabled) return ', the key is disabled';
  return account.disabled ? ', its account is disabled' : '';
}

type KeyVerb = 'disable' | 'delete' | 'upload';

function keyCommand(verb: KeyVerb, what: string, account: string, project: string): string {
  return command(
    'gcloud',
    'iam',
    'service-accounts',
    'keys',
    verb,
    what,
    `--iam-account=${account}`,
    `--project=${project}`,
  );
}

function keyBlock(key: ServiceAccountKey, project: string, publicKey: string | null): string {
  return terraformResource(
    'google_service_account_key',
    terraformName(key.account.split('@')[0] ?? '', [key.account, publicKey ?? key.id]),
    {
      service_account_id: `projects/${project}/serviceAccounts/${key.account}`,
      ...(publicKey === null ? {} : { public_key_data: { expression: `filebase64("${publicKey}")` } }),
    },
  );
}

function deleteStep(key: ServiceAccountKey, project: string): RemedyStep {
  return {
    say: `Delete key ${key.id}. That is for good.`,
    gcloud: [keyCommand('delete', key.id, key.account, project)],
    terraform: terraformRemoval(keyBlock(key, project, null)),
  };
}

function disableStep(key: ServiceAccountKey, project: string): RemedyStep {
  return {
    say: `Disable key ${key.id}. It can be enabled again; Terraform has no word for it.`,
    gcloud: [keyCommand('disable', key.id, key.account, project)],
    terraform: null,
  };
}

/** Deletes a key that nothing can be using. */
export function deleteKey(key: ServiceAccountKey, project: string): readonly RemedyStep[] {
  return [deleteStep(key, project)];
}

/** Ends a key at once, whoever uses it. */
export function endKeyNow(key: ServiceAccountKey, project: string): readonly RemedyStep[] {
  return key.disabled ? deleteKey(key, project) : [disableStep(key, project), deleteStep(key, project)];
}

const NEW_PUBLIC_KEY = 'new-key-public.pem';

/**
 * Replaces a key by one that ends by itself, in the order that loses nobody's access: the new key first, and
 * a time in which the old one is only disabled and can be enabled again.
 */
export function replaceKey(key: ServiceAccountKey, project: string, days: number): readonly RemedyStep[] {
  if (key.disabled) return deleteKey(key, project);
  return [
    {
      say: `Best without any key: workload identity. Where a key is needed, make one that ends by itself after ${days} days.`,
      gcloud: [
        `openssl req -x509 -newkey rsa:2048 -nodes -days ${days} -subj /CN=unused -keyout new-key.pem -out ${NEW_PUBLIC_KEY}`,
        keyCommand('upload', NEW_PUBLIC_KEY, key.account, project),
      ],
      terraform: keyBlock(key, project, NEW_PUBLIC_KEY),
    },
    handStep('Move everything that uses the old key to the new one.'),
    {
      ...disableStep(key, project),
      wait: 'until a full cycle of releases and schedules has passed without complaints',
    },
    deleteStep(key, project),
  ];
}
