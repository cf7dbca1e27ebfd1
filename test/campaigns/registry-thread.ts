import { parentPort, workerData } from 'node:worker_threads';
import { startLocalRegistry } from '../../local/registry/index.ts';

const { directory, guard } = workerData as { readonly directory: string; readonly guard: 'google' | 'plain' };
const registry = await startLocalRegistry({ directory, dialect: { guard } });
parentPort?.postMessage(registry.host);
