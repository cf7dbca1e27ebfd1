import { Option } from 'commander';
import type { PullSecretPlace } from '../shared/adapters/usage/pull-secrets.ts';
import type { AuditPorts } from '../shared/app/audit.ts';
import type { PullSecretReading } from '../shared/core/audit/pull-secret.ts';
import { WardenError } from '../shared/core/error.ts';
import { usagePlace } from '../shared/core/usage/place.ts';

/** `--pull-secrets`: clusters that the audit may look into. May be given several times. */
export function pullSecretsOption(): Option {
  return new Option(
    '--pull-secrets <place>',
    'clusters whose pull secrets are read with your rights: `kubeconfig:PATH#CONTEXT` or `gke:PROJECT`; may be repeated, see [audit-reads.md](audit-reads.md#pull-secrets)',
  ).argParser(oneMore);
}

/** @throws WardenError OPTION_INVALID */
function oneMore(text: string, before: readonly PullSecretPlace[] = []): readonly PullSecretPlace[] {
  const place = usagePlace(text);
  if (place?.kind === 'kubeconfig' || place?.kind === 'gke') return [...before, place];
  throw new WardenError(
    'OPTION_INVALID',
    `--pull-secrets is kubeconfig:PATH, kubeconfig:PATH#CONTEXT or gke:PROJECT, and ${JSON.stringify(text)} is not.`,
  );
}

/**
 * What the audit asks for pull secrets; nothing where no place is named. They are read once, however many projects
 * are audited, and the code for it is loaded then.
 */
export function pullSecretsPort(
  places: readonly PullSecretPlace[] | undefined,
  endpoint: string | null,
): Pick<AuditPorts, 'pullSecrets'> {
  if (places === undefined) return {};
  let reading: Promise<PullSecretReading> | null = null;
  return {
    pullSecrets: () => {
      reading ??= import('../shared/adapters/usage/open-pull-secrets.ts').then(({ openPullSecrets }) =>
        openPullSecrets(places, endpoint),
      );
      return reading;
    },
  };
}
