import packageJson from '../package.json' with { type: 'json' };
import { adcCredentials } from '../shared/adapters/registry/adc.ts';
import { firstOf } from '../shared/adapters/registry/credentials.ts';
import { dockerConfigCredentials } from '../shared/adapters/registry/docker-config.ts';
import { registryEnvironment } from '../shared/adapters/registry/environment.ts';
import {
  type OpenRegistry,
  type OpenRegistryOptions,
  openRegistry,
} from '../shared/adapters/registry/open.ts';
import { terminalLogger } from './terminal.ts';

/**
 * Opens registries with the caller's own credentials: the docker config first, then Application Default
 * Credentials. `hosts` are those that the caller named; nothing is sent to any other.
 * @throws WardenError SETTING_INVALID
 */
export function openCallersRegistry(
  options: Pick<OpenRegistryOptions, 'concurrency' | 'manifestCache' | 'hosts' | 'onPage'>,
): OpenRegistry {
  const credentials = firstOf([dockerConfigCredentials({ env: process.env }), adcCredentials()]);
  return openRegistry({
    ...options,
    ...registryEnvironment(process.env),
    credentials,
    clock: Date.now,
    logger: terminalLogger,
    userAgent: `gcr-warden/${packageJson.version}`,
  });
}
