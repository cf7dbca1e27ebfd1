import type { Finding, RemedyStep } from '../finding.ts';
import { DAY_MS } from '../units.ts';
import type { ServiceAccount, ServiceAccountKey } from './access.ts';
import { type Answer, type AuditCase, type Check, findingOf } from './check.ts';
import { command } from './command.ts';
import { accountResource, projectResource } from './graph.ts';
import { handStep } from './remedy-step.ts';
import { terraformName, terraformRemoval, terraformResource } from './terraform.ts';
import { hasEnded } from './working-key.ts';

/** What a check says of one key; the rest of the answer is the same for all keys. */
export type KeyAnswer = Omit<Answer, 'resource' | 'subject'>;

/**
 * Asks a check about every key that somebody could have downloaded. Keys that Google rotates itself are not
 * asked about; what could not be read is UNKNOWN, and so is a kind of key that this version does not know.
 * @param judge null where the check has nothing to ask about the key
 */
export function answerForKeys(
  check: Check,
  audit: AuditCase,
  judge: (key: ServiceAccountKey, account: ServiceAccount) => KeyAnswer | null,
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
      .flatMap((key) => {
        const keyResource = `${resource}/keys/${key.id}`;
        if (key.keyType !== 'USER_MANAGED') {
          return unknownAt(
            keyResource,
            `Key ${key.id} of ${account.email} is of a kind not known here: ${key.keyType || 'none is said'}`,
          );
        }
        const answer = judge(key, account);
        return answer === null ? [] : findingOf(check, audit, { ...answer, resource: keyResource });
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

const UNTIL_QUIET = 'until a full cycle of releases and schedules has passed without complaints';

/** Ends keys that may still be used somewhere: disabled first, all of them, and deleted when nothing missed them. */
export function retireKeys(keys: readonly ServiceAccountKey[], project: string): readonly RemedyStep[] {
  const disabling = keys.map((key) => disableStep(key, project));
  return [
    ...disabling.map((step, index) =>
      index === disabling.length - 1 ? { ...step, wait: UNTIL_QUIET } : step,
    ),
    ...keys.map((key) => deleteStep(key, project)),
  ];
}

const NEW_PUBLIC_KEY = 'new-key-public.pem';

/**
 * Replaces a key by one that ends by itself, in the order that loses nobody's access: the new key first, and
 * a time in which the old one is only disabled and can be enabled again. One that opens nothing is only deleted.
 */
export function replaceKey(
  key: ServiceAccountKey,
  account: ServiceAccount,
  { replies: { project }, nowMs, settings }: AuditCase,
): readonly RemedyStep[] {
  if (key.disabled || account.disabled || hasEnded(key, nowMs)) return deleteKey(key, project);
  const days = Math.floor(settings.keyMaxAgeMs / DAY_MS);
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
      wait: UNTIL_QUIET,
    },
    deleteStep(key, project),
  ];
}
