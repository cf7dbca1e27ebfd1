import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { WardenError } from '../../core/error.ts';
import { type KubeconfigContext, type KubeconfigText, parseKubeconfig } from '../../core/usage/kubeconfig.ts';
import type { Clock, UsageReader } from '../../ports.ts';
import { readCluster } from './cluster.ts';
import type { ClusterAccess, ClusterLimits } from './cluster-session.ts';
import { askPlugin } from './credential-plugin.ts';
import { usageFrom } from './source.ts';

export interface KubeconfigOptions {
  readonly path: string;
  /** null for the current one. */
  readonly context: string | null;
  readonly clock: Clock;
  readonly rollbackDepth: number;
  readonly limits?: Partial<ClusterLimits>;
}

/** Certificates and tokens have some thousand bytes; a kubeconfig of a hundred clusters has some hundred thousand. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Reads what runs in the cluster of one context of a kubeconfig. The file is read again at every scan. */
export function readKubeconfigCluster(options: KubeconfigOptions): UsageReader {
  const { path, context, clock, rollbackDepth, limits } = options;
  const source = `cluster ${context ?? 'of the current context'} of ${path}`;
  return usageFrom(source, async () => {
    const asOfMs = clock();
    const { access } = await kubeconfigAccess(path, context);
    const uses = await readCluster(access, rollbackDepth, limits);
    return { kind: 'complete', source, asOfMs, uses };
  });
}

/**
 * How the cluster of one context is reached, and the context's name.
 * @param context null for the current one
 * @throws WardenError KUBECONFIG_INVALID, and what reading the file throws
 */
export async function kubeconfigAccess(
  path: string,
  context: string | null,
): Promise<{ readonly access: ClusterAccess; readonly context: string }> {
  const found = parseKubeconfig(await readText(path), path, context);
  return { access: await accessOf(path, found), context: found.context };
}

async function accessOf(path: string, found: KubeconfigContext): Promise<ClusterAccess> {
  const content = (part: KubeconfigText | null): Promise<string | null> => contentOf(part, path);
  const ca = await content(found.ca);
  const { server, plugin, serverName } = found;
  return {
    name: `cluster ${found.context}`,
    server,
    ca,
    serverName,
    async credential() {
      const [token, certificate, key] = await Promise.all([
        content(found.token),
        content(found.certificate),
        content(found.key),
      ]);
      // As client-go: what stands in the file goes before the plugin.
      if (token !== null || certificate !== null || plugin === null)
        return { token: token?.trim() ?? null, certificate, key };
      return askPlugin({ plugin, kubeconfig: path, server, ca });
    },
  };
}

async function contentOf(part: KubeconfigText | null, kubeconfig: string): Promise<string | null> {
  if (part === null) return null;
  switch (part.kind) {
    case 'plain':
      return part.text;
    case 'base64':
      return Buffer.from(part.text, 'base64').toString('utf8');
    case 'file':
      return readText(resolve(dirname(kubeconfig), part.path));
  }
}

async function readText(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > FILE_BYTES_MAX) {
      throw new WardenError(
        'KUBECONFIG_INVALID',
        `${path} can't be used: it is larger than ${FILE_BYTES_MAX} bytes.`,
      );
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
