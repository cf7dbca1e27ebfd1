import { WardenError } from '../../core/error.ts';
import { hostKind } from '../../core/reference.ts';
import { GOOGLE_PACE, type PaceLimits } from '../http/pace.ts';
import { type ProxySettings, proxyIn } from '../http/proxy.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How registries are spoken to, as the environment says; the same for commands and functions. */
export interface RegistryEnvironment {
  readonly pace: PaceLimits;
  readonly proxy: ProxySettings;
  /** Hosts that speak plain HTTP. None of Google's: see `plainHttpHostsIn`. */
  readonly plainHttpHosts: readonly string[];
}

/**
 * Reads `GCR_WARDEN_REQUESTS_PER_MINUTE`, `GCR_WARDEN_DELETES_PER_MINUTE`, `GCR_WARDEN_PLAIN_HTTP`,
 * `HTTPS_PROXY` and `NO_PROXY`.
 * @throws WardenError SETTING_INVALID
 */
export function registryEnvironment(env: Environment): RegistryEnvironment {
  return {
    pace: {
      requestsPerMinute:
        rateIn(env, 'GCR_WARDEN_REQUESTS_PER_MINUTE', 60_000) ?? GOOGLE_PACE.requestsPerMinute,
      deletesPerMinute: rateIn(env, 'GCR_WARDEN_DELETES_PER_MINUTE', 18_000) ?? GOOGLE_PACE.deletesPerMinute,
    },
    proxy: proxyIn(env),
    plainHttpHosts: plainHttpHostsIn(env),
  };
}

function rateIn(env: Environment, name: string, most: number): number | null {
  const text = env[name]?.trim() ?? '';
  if (text === '') return null;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new WardenError(
    'SETTING_INVALID',
    `${name} is a whole number from 1 to ${most}. Correct or unset it.`,
  );
}

const HOST = /^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/;

function plainHttpHostsIn(env: Environment): readonly string[] {
  const hosts = (env['GCR_WARDEN_PLAIN_HTTP'] ?? '').split(',').map((host) => host.trim());
  return hosts.filter((host) => {
    if (host === '') return false;
    if (HOST.test(host) && hostKind(host) !== 'google') return true;
    throw new WardenError(
      'SETTING_INVALID',
      `GCR_WARDEN_PLAIN_HTTP names ${JSON.stringify(host.slice(0, 100))}, which is no HOST[:PORT] that may be spoken to without TLS; Google's hosts never are. Correct or unset it.`,
    );
  });
}
