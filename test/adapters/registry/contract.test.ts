import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dialect, startLocalRegistry } from '../../../local/registry/index.ts';
import { createRegistryDeleter, createRegistryReader } from '../../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../../shared/adapters/registry/credentials.ts';
import { type OpenRegistry, registryContract } from '../../contracts/registry.ts';
import { startDockerRegistry } from '../../support/docker-registry.ts';
import { startGgcrRegistry } from '../../support/ggcr-registry.ts';
import { describeWithPeers } from '../../support/peer.ts';
import { patientTransport } from './test-server.ts';

const PUSHER = { username: 'me', password: 'pass:word' } as const;

function client(host: string) {
  const transport = patientTransport();
  const credentials = fixedCredentials({ [host]: { kind: 'basic', ...PUSHER } });
  const options = { transport, credentials, clock: Date.now };
  return { transport, reader: createRegistryReader(options), deleter: createRegistryDeleter(options) };
}

function local(dialect: Partial<Dialect>): () => Promise<OpenRegistry> {
  return async () => {
    const directory = await mkdtemp(join(tmpdir(), 'contract-'));
    const running = await startLocalRegistry({ directory, dialect, credentials: [PUSHER] });
    const { transport, ...clients } = client(running.address);
    return {
      host: running.address,
      ...clients,
      pusher: PUSHER,
      async close() {
        await transport.close();
        await running.close();
        await rm(directory, { recursive: true });
      },
    };
  };
}

/** A program that everybody may push to. */
function peer(start: () => Promise<{ readonly host: string; close(): Promise<void> }>) {
  return async (): Promise<OpenRegistry> => {
    const running = await start();
    const { transport, ...clients } = client(running.host);
    return {
      host: running.host,
      ...clients,
      pusher: null,
      async close() {
        await transport.close();
        await running.close();
      },
    };
  };
}

registryContract('the local registry, as Artifact Registry answers', 'google', local({}));
registryContract(
  'the local registry, as gcr.io answered',
  'google',
  local({ challenge: 'gcr', paging: 'next', pageCap: 2 }),
);
registryContract(
  'the local registry, as gcr.io answers today',
  'google',
  local({ challenge: 'gcr-unquoted', paging: 'link', pageCap: 1 }),
);
registryContract('the local registry as a plain one', 'plain', local({ guard: 'plain', pageCap: 2 }));

describeWithPeers(['docker-registry'], 'plain distribution', () => {
  registryContract("Debian's docker-registry", 'plain', peer(startDockerRegistry));
});

describeWithPeers(['ggcr-registry'], 'go-containerregistry', () => {
  registryContract('its registry', 'keeps tags', peer(startGgcrRegistry));
});
